# SPDX-License-Identifier: Apache-2.0
"""Two policies compared by a person who does not know which of them is driving."""
