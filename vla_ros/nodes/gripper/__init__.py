# SPDX-License-Identifier: Apache-2.0
"""Grippers whose driver takes goals: one goal at a time, states back to ros2_control."""
