# SPDX-License-Identifier: Apache-2.0
"""Referring expressions: which objects of a simulated scene an instruction means, by the scene's truth."""
