# SPDX-License-Identifier: Apache-2.0
"""A parallel gripper's shape."""

from __future__ import annotations

import numpy as np

from vla_ros.sim.grasping.gripper_shape import GripperShape

PALM = ([-0.03, -0.1, -0.125], [0.03, 0.1, -0.06])


FINGER = ([-0.009, 0.0, -0.06], [0.009, 0.012, 0.009])


GRIPPER = GripperShape(
    lower=np.array([PALM[0], FINGER[0], [-0.009, -0.012, -0.06]]),
    upper=np.array([PALM[1], FINGER[1], [0.009, 0.0, 0.009]]),
    side=np.array([0.0, 1.0, -1.0]),
    opening_max=0.08,
)
