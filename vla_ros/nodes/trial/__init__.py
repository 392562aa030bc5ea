# SPDX-License-Identifier: Apache-2.0
"""What `vla trial` sees of a running graph."""
