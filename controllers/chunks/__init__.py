# SPDX-License-Identifier: Apache-2.0
"""Action chunks, and the one motion that they are spliced into."""
