# SPDX-License-Identifier: Apache-2.0
"""Datasets and collections of known content, who makes them, and what goes wrong meanwhile."""
