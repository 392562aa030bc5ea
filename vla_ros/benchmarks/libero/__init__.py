# SPDX-License-Identifier: Apache-2.0
"""LIBERO and LIBERO-PRO, asked to pick: docs/benchmarks.md."""
