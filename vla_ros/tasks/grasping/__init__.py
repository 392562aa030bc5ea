# SPDX-License-Identifier: Apache-2.0
"""Grasping: lift the object that the instruction names."""
