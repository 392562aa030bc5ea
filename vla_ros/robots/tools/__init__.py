# SPDX-License-Identifier: Apache-2.0
"""End-of-arm tools as descriptions: cups and fingers as cylinders with a kind and a stroke."""
