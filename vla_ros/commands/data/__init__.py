# SPDX-License-Identifier: Apache-2.0
"""Bags, datasets, recordings: words of the data loop."""
