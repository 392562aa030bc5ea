# SPDX-License-Identifier: Apache-2.0
"""Candidates of picks in a simulated scene and what becomes of each: the data engine of GAM (section II-B)."""
