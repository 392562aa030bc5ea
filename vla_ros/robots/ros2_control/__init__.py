# SPDX-License-Identifier: Apache-2.0
"""ros2_control for any robot: controllers and hardware follow from its description (docs/ros2_control.md)."""
