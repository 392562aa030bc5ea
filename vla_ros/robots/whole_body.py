# SPDX-License-Identifier: Apache-2.0
"""A robot as whole-body control takes it: every group of its description, grippers and base included."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.whole_body.description import Body, BodyGroup, Box, MovingBase
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup, EndEffectorGroup, JointGroup
from vla_ros.robots.urdf import joint_limits

FINGER_S = 0.1  # [s] in which a finger is as fast as it may be: its driver's affair, and soon


def whole_body(
    embodiment: Embodiment, obstacles: Sequence[Box] = (), fingers: bool = True, surface: float | None = None
) -> Body:
    """Return the robot among `obstacles`: arms, joint groups, one variable a gripper (half its opening), the base.

    Without `fingers` nothing moves those of grippers: they are taken to be wide open. `surface` [m] is the height of
    what it works on above its base; none: there is none.
    """
    urdf = expand_urdf(embodiment)
    groups: dict[str, BodyGroup] = {arm.name: _arm(arm) for arm in embodiment.arms}
    groups |= {group.name: _joints(group) for group in embodiment.joint_groups}
    grippers = {gripper.name: _gripper(gripper, urdf) for gripper in embodiment.grippers}
    locked: dict[str, float] = {}
    if fingers:
        groups |= grippers
    else:
        for one in grippers.values():
            locked |= dict.fromkeys((*one.joints, *one.mimics), float(one.upper[0]))
    base = embodiment.base
    moving = None if base is None else MovingBase(base.speed, base.acceleration, base.support)
    return Body(urdf, groups, moving, tuple(obstacles), surface, locked)


def _arm(arm: ArmGroup) -> BodyGroup:
    servo = arm.servo
    return BodyGroup(
        arm.joints, arm.lower, arm.upper, arm.velocity, arm.acceleration, arm.home, arm.tool_frame,
        stiffness=None if servo is None else np.array(servo.stiffness, dtype=float),
        damping=None if servo is None else np.array(servo.damping, dtype=float),
        deceleration=arm.deceleration, velocity_offset=arm.velocity_offset,
    )  # fmt: skip


def _joints(group: JointGroup) -> BodyGroup:
    return BodyGroup(
        group.joints, group.lower, group.upper, group.velocity, group.acceleration, group.home,
        deceleration=group.deceleration, velocity_offset=group.velocity_offset,
    )  # fmt: skip


def _gripper(gripper: EndEffectorGroup, urdf: str) -> BodyGroup:
    first, *others = gripper.joints
    limit = joint_limits(urdf, first)
    lower, upper, speed = np.array([limit.lower]), np.array([limit.upper]), np.array([limit.velocity])
    mimics = dict.fromkeys(others, first)
    return BodyGroup((first,), lower, upper, speed, speed / FINGER_S, upper, mimics=mimics)
