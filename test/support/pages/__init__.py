# SPDX-License-Identifier: Apache-2.0
"""The operator's page, who stands before it, and the wire between."""
