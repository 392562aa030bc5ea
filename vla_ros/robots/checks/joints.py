# SPDX-License-Identifier: Apache-2.0
"""Limits of joints: whether home is well inside them, whether speeds are a robot's, and whether it can hold itself.

Ranges that are empty, speeds and efforts of 0 and a home outside are refused when the robot is read.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pinocchio as pin

from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING, Finding, complaints_or
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import ArmGroup, JointGroup
from vla_ros.robots.link_tree import LinkTree

LIMITS, LOAD = "joint limits", "own weight"
HOME_MARGIN = 0.1  # [rad] the default zone in which control pushes joints away from their limits
TURN_MAX, SPEED_MAX = 4.0 * np.pi + 1e-3, 30.0  # [rad], [rad/s] more than two turns and 5 turns a second: degrees?
SLIDE_MAX, SLIDE_SPEED_MAX = 5.0, 5.0  # [m], [m/s]: millimetres?
SAMPLES = 300


def check_limits(robot: Embodiment, urdf: str) -> list[Finding]:
    """Check every joint that is driven, and look for those that nobody drives."""
    found, margins = [], {}
    for group in robot.driven_groups:
        slides = group.slides if isinstance(group, JointGroup) else _slides(urdf, group)
        for index, joint in enumerate(group.joints):
            found += _absurd(group, index, slides[index])
            margin = float(min(group.home[index] - group.lower[index], group.upper[index] - group.home[index]))
            margins[joint] = margin
            if not slides[index] and margin < HOME_MARGIN:  # a lift may rest on its stop
                found.append(
                    Finding(
                        LIMITS,
                        WARNING,
                        f"joint '{joint}': home {group.home[index]:.3f} rad is {margin:.3f} rad from its limit, where "
                        f"control pushes it away: keep {HOME_MARGIN:g}",
                    )
                )
    driven = {joint for group in robot.jointed_groups for joint in group.joints}
    driven |= set(robot.pistons)
    for joint in LinkTree(urdf).joints:
        if joint not in driven:
            said = f"joint '{joint}' is in no group: control takes it for fixed at 0, the simulator lets it swing"
            found.append(Finding(LIMITS, WARNING, f"{said}: put it into a joint group, or make it fixed"))
    if not margins:
        return complaints_or(found, LIMITS, "no joints are driven")
    nearest = min(margins, key=lambda joint: margins[joint])
    said = f"{len(margins)} joints; home is at least {margins[nearest]:.2f} inside their limits ({nearest})"
    return complaints_or(found, LIMITS, said, joints=len(margins), home_margin=margins)


def _slides(urdf: str, group: ArmGroup) -> tuple[bool, ...]:
    model = pin.buildModelFromXML(urdf)
    return tuple(model.joints[model.getJointId(joint)].shortname().startswith("JointModelP") for joint in group.joints)


def _absurd(group: ArmGroup | JointGroup, index: int, slides: bool) -> list[Finding]:
    where = f"joint '{group.joints[index]}'"
    most, speed_most, unit, remedy = (
        (SLIDE_MAX, SLIDE_SPEED_MAX, "m", "give metres") if slides else (TURN_MAX, SPEED_MAX, "rad", "give radians")
    )
    span, speed = float(group.upper[index] - group.lower[index]), float(group.velocity[index])
    found = []
    if span > most:
        found.append(f"{where}: its range is {span:.3g} {unit}, usual are at most {most:.3g}: {remedy}")
    if speed > speed_most:
        found.append(f"{where}: its speed limit is {speed:.3g} {unit}/s, usual are at most {speed_most:g}: {remedy}")
    return [Finding(LIMITS, WARNING, said) for said in found]


def check_own_weight(robot: Embodiment, urdf: str, home: Mapping[str, float]) -> list[Finding]:
    """Say how much of its joints' efforts a robot needs to hold itself, at home and at random."""
    model = pin.buildModelFromXML(urdf)
    data, q = model.createData(), pin.neutral(model)
    groups = robot.driven_groups
    joints = [joint for group in groups for joint in group.joints]
    if not joints:
        return []
    ids = [model.getJointId(joint) for joint in joints]
    columns, rows = [model.joints[i].idx_q for i in ids], [model.joints[i].idx_v for i in ids]
    for joint, value in home.items():
        q[model.joints[model.getJointId(joint)].idx_q] = value
    lower, upper, effort = (np.concatenate([getattr(g, name) for g in groups]) for name in ("lower", "upper", "effort"))
    at_home = np.abs(pin.computeGeneralizedGravity(model, data, q)[rows]) / effort
    random, most = np.random.default_rng(0), np.zeros(len(joints))
    for _ in range(SAMPLES):
        q[columns] = random.uniform(lower, upper)
        most = np.maximum(most, np.abs(pin.computeGeneralizedGravity(model, data, q)[rows]) / effort)
    home_worst, worst = int(at_home.argmax()), int(most.argmax())
    figures = {"home": float(at_home[home_worst]), "worst": float(most[worst]), "samples": SAMPLES}
    if at_home[home_worst] > 1.0:
        j = home_worst
        said = f"joint '{joints[j]}' needs {at_home[j] * effort[j]:.4g} of {effort[j]:g} N·m (or N) to hold the robot"
        remedy = "raise its effort limit, or check the masses it carries"
        return [Finding(LOAD, PROBLEM, f"{said} at home: {remedy}", figures)]
    j = worst
    said = f"joint '{joints[j]}' needs up to {most[j] * effort[j]:.4g} of {effort[j]:g} N·m (or N) to hold the robot"
    if most[j] > 1.0:
        return [Finding(LOAD, WARNING, f"{said}: it sinks there; check effort limits and masses", figures)]
    said = f"held with {100 * at_home[home_worst]:.0f} % of an effort limit at home ({joints[home_worst]})"
    return [Finding(LOAD, OK, f"{said}, {100 * most[j]:.0f} % at worst ({joints[j]})", figures)]
