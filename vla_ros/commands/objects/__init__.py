# SPDX-License-Identifier: Apache-2.0
"""Objects of one's own: listed, checked, drawn."""
