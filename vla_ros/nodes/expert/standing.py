# SPDX-License-Identifier: Apache-2.0
"""Does the robot stand as it stood?"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.observation import RobotState

TOLERANCE = 5e-3  # [rad], [m]: more than an arm that holds sways, less than a motion is from


def stands_as(before: RobotState, now: RobotState) -> bool:
    """Say whether every arm, joint group and the base are where they were; grippers may close meanwhile."""
    places = [(arm.q, now.arms[name].q) for name, arm in before.arms.items()]
    places += [(group.q, now.joint_groups[name].q) for name, group in before.joint_groups.items()]
    if before.base is not None and now.base is not None:
        places.append((before.base.T_odom_base, now.base.T_odom_base))
    return all(np.abs(one - other).max(initial=0.0) <= TOLERANCE for one, other in places)
