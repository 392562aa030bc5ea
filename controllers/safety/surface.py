# SPDX-License-Identifier: Apache-2.0
"""The surface that a robot works on, such as a table: a plane at a height above its base, wherever the base drives.

Forearms and elbows keep off it as links keep off each other. Hands work on it: they may touch it.
"""

from __future__ import annotations

from collections.abc import Sequence

import coal
import numpy as np
import pinocchio as pin

NAME = "the table"
SIDE, THICKNESS = 6.0, 1.0  # [m] around the base: further than an arm reaches
FIXED = 0  # pinocchio's joint, and its frame, of what does not move


def add_surface(geometry: pin.GeometryModel, height: float) -> int:
    """Put what is below `height` [m], base frame, among a robot's shapes; return its index."""
    T = pin.SE3(np.eye(3), np.array([0.0, 0.0, height - 0.5 * THICKNESS]))
    return int(geometry.addGeometryObject(pin.GeometryObject(NAME, FIXED, FIXED, T, coal.Box(SIDE, SIDE, THICKNESS))))


def limbs_and_hands(
    model: pin.Model, geometry: pin.GeometryModel, groups: Sequence[Sequence[str]], tool_frames: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Return which shapes are limbs, beyond the first joint of an arm, and which are hands, with their fingers.

    An arm is the group of `groups` (joints) that ends where a tool of `tool_frames` begins. What its first joint alone
    moves is the shoulder, which stands where the robot is mounted.
    """
    limbs: list[int] = []
    hands: list[int] = []
    wrists = {model.frames[model.getFrameId(frame)].parentJoint for frame in tool_frames}
    arms = [joints for group in groups if wrists & (joints := {model.getJointId(name) for name in group})]
    for index, item in enumerate(geometry.geometryObjects):
        carriers = {int(joint) for joint in model.supports[item.parentJoint]}
        if carriers & wrists:
            hands.append(index)
        elif any(len(carriers & joints) > 1 for joints in arms):
            limbs.append(index)
    return limbs, hands
