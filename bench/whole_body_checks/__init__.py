# SPDX-License-Identifier: Apache-2.0
"""Whole-body control under random targets, along paths, and beside other solvers."""
