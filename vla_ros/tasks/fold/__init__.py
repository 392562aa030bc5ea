# SPDX-License-Identifier: Apache-2.0
"""Fold: a garment that lies flat on the table is folded in half by two hands."""
