# SPDX-License-Identifier: Apache-2.0
"""Faults, one cell each: what is done to a running graph, what the arm does, who says why."""
