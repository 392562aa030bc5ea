# SPDX-License-Identifier: Apache-2.0
"""LeRobot's process; it runs in LeRobot's environment, with lerobot, PyTorch and NumPy and nothing of ours.

Of this project it may import `frames.py` and `answering.py` of `vla_ros/runtime/` alone.
"""
