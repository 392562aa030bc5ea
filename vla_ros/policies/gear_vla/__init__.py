# SPDX-License-Identifier: Apache-2.0
"""GEAR-VLA: actions learned from coarse to fine, with the geometry of the scene, and shared between robots."""
