# SPDX-License-Identifier: Apache-2.0
"""The real-time library: action chunks in, arm commands out. NumPy and pinocchio only; no ROS, no torch."""
