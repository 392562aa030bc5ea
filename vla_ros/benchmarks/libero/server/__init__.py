# SPDX-License-Identifier: Apache-2.0
"""The process that holds LIBERO's world; it runs in .venv.libero, with MuJoCo, LIBERO and NumPy and nothing of ours.

Of this project it may import `frames.py` and `answering.py` of `vla_ros/runtime/` alone.
"""
