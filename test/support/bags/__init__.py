# SPDX-License-Identifier: Apache-2.0
"""Bags of known content, and who records them."""
