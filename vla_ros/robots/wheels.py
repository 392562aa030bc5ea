# SPDX-License-Identifier: Apache-2.0
"""The wheels of a base: how fast each turns for a twist of the base, and which twist they make.

A wheel of radius r [m] touches the floor at p = (x, y) [m] of the base frame and turns about a = (ax, ay), its axis.
Where its contact does not slip along the direction in which it rolls, (ay, -ax), it turns at

    omega = (ay (vx - yaw y) - ax (vy + yaw x)) / r

and an omni wheel slips freely across that direction (Siegwart and Nourbakhsh, "Introduction to Autonomous Mobile
Robots", section 3.2). ros2_control's controllers put the same in fewer numbers and ask for more: omni wheels evenly
around the base frame, their axes pointing away from it; differential wheels that turn about the base frame's y axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, pi
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.structure import Structure

if TYPE_CHECKING:
    from vla_ros.robots.groups import BaseConfig

BASE = "base"  # the name of the group
OFF_M, OFF_RAD = 1e-3, 1e-2  # by which a wheel may be off its place, and an axis off its direction
_WHERE = "base: wheels"
_ELSE = "leave 'wheels' out and name the vendor's controller under ros2_control: controllers"


@dataclass(frozen=True, eq=False)
class WheelGroup:
    """Wheels in their controller's order: anti-clockwise from x on; of a differential base those on the left first."""

    joints: tuple[str, ...]
    positions: np.ndarray  # (N, 2) [m] in the base frame
    axes: np.ndarray  # (N, 2) unit vectors in the base frame
    radius: float  # [m]
    name: str = BASE

    @property
    def matrix(self) -> np.ndarray:
        """Return what takes a twist (3,) [m/s, m/s, rad/s] to the speeds of the wheels (N,) [rad/s]: (N, 3)."""
        (x, y), (ax, ay) = self.positions.T, self.axes.T
        return np.column_stack([ay, -ax, -ay * y - ax * x]) / self.radius

    def speeds(self, twist: np.ndarray) -> np.ndarray:
        """Return how fast the wheels turn (N,) [rad/s] where the base moves at twist (3,) in its own frame."""
        return self.matrix @ twist

    def twist(self, speeds: np.ndarray) -> np.ndarray:
        """Return the twist (3,) [m/s, m/s, rad/s] that wheels at speeds (N,) [rad/s] make, in the least squares."""
        return np.linalg.pinv(self.matrix) @ speeds

    @property
    def sides(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the joints left and right of the base's x axis."""
        left = tuple(joint for joint, (_, y) in zip(self.joints, self.positions, strict=True) if y > 0.0)
        return left, tuple(joint for joint in self.joints if joint not in left)

    @property
    def distance(self) -> float:
        """Return how far the wheels are from the base frame [m]."""
        return float(np.linalg.norm(self.positions, axis=1).mean())

    @property
    def offset(self) -> float:
        """Return the angle of the first wheel from the x axis [rad]."""
        return atan2(self.positions[0, 1], self.positions[0, 0]) % (2.0 * pi)

    @property
    def separation(self) -> float:
        """Return how far the wheels of the two sides are apart [m]."""
        return float(2.0 * np.abs(self.positions[:, 1]).mean())


def wheel_group(base: BaseConfig, urdf: str) -> WheelGroup:
    """Return the wheels of a base as the URDF places them.

    Raises ConfigError for those that no controller can drive.
    """
    if base.wheels is None:
        raise ConfigError(f"{_WHERE}: the robot's file names none")
    joints = base.wheels.joints
    structure, tree, root = Structure(urdf), LinkTree(urdf), ElementTree.fromstring(urdf)
    structure.check_wheels(joints)
    elements = {element.get("name", ""): element for element in root.findall("joint")}
    T_base_root = np.linalg.inv(tree.place(base.frame, {}))
    places = {joint: T_base_root @ tree.place(_child(elements[joint]), {}) for joint in joints}
    axes = {joint: places[joint][:3, :3] @ _axis(elements[joint]) for joint in joints}
    for joint, axis in axes.items():
        if abs(axis[2]) > OFF_RAD:
            raise ConfigError(f"{_WHERE}: the axis of joint '{joint}' is not level")
    angles = {joint: (atan2(place[1, 3], place[0, 3]) + 1e-6) % (2.0 * pi) for joint, place in places.items()}
    order = sorted(joints, key=angles.__getitem__)
    if base.kind == "differential":
        order = sorted(joints, key=lambda joint: (places[joint][1, 3] < 0.0, joints.index(joint)))
    flat = np.array([axes[joint][:2] / np.linalg.norm(axes[joint][:2]) for joint in order])
    positions = np.array([places[joint][:2, 3] for joint in order])
    wheels = WheelGroup(tuple(order), positions, flat, base.wheels.radius)
    check = _check_differential if base.kind == "differential" else _check_omni
    check(wheels)
    _check_speed(wheels, base.speed, elements)
    return wheels


def _check_omni(wheels: WheelGroup) -> None:
    count = len(wheels.joints)
    if count < 3:
        raise ConfigError(f"{_WHERE}: a holonomic base takes three or more omni wheels, got {count}")
    for k, joint in enumerate(wheels.joints):
        angle = wheels.offset + 2.0 * pi * k / count
        outward = np.array([np.cos(angle), np.sin(angle)])
        off = float(np.linalg.norm(wheels.positions[k] - wheels.distance * outward))
        if off > OFF_M:
            raise ConfigError(
                f"{_WHERE}: joint '{joint}' is {1e3 * off:.0f} mm off: omni_wheel_drive_controller drives wheels "
                f"evenly around the base frame, each as far from it: {_ELSE}"
            )
        if float(np.linalg.norm(wheels.axes[k] - outward)) > OFF_RAD:
            raise ConfigError(
                f"{_WHERE}: the axis of joint '{joint}' must point away from the base frame, as "
                f"omni_wheel_drive_controller takes it: turn the axis round, or {_ELSE}"
            )


def _check_differential(wheels: WheelGroup) -> None:
    left, right = wheels.sides
    if not left or len(left) != len(right):
        raise ConfigError(f"{_WHERE}: a differential base takes as many on the left as on the right, got "
                          f"{len(left)} and {len(right)}")  # fmt: skip
    for joint, position, axis in zip(wheels.joints, wheels.positions, wheels.axes, strict=True):
        if abs(abs(float(position[1])) - 0.5 * wheels.separation) > OFF_M:
            raise ConfigError(f"{_WHERE}: joint '{joint}' is not as far from the x axis as the others: {_ELSE}")
        if float(np.linalg.norm(axis - (0.0, 1.0))) > OFF_RAD:
            raise ConfigError(f"{_WHERE}: the axis of joint '{joint}' must be y, so that it rolls forward: {_ELSE}")
    if abs(float(wheels.positions[:, 0].mean())) > OFF_M:
        raise ConfigError(f"{_WHERE}: the base turns about the middle of its wheels, which is not the base frame's: "
                          f"diff_drive_controller takes them to be one: {_ELSE}")  # fmt: skip


def _check_speed(wheels: WheelGroup, speed: Sequence[float], elements: dict[str, ElementTree.Element]) -> None:
    """Raise ConfigError where a wheel would have to turn faster than the URDF lets it for the base's speed."""
    fastest = np.abs(wheels.matrix) @ np.array(speed)
    for joint, needed in zip(wheels.joints, fastest, strict=True):
        limit = elements[joint].find("limit")
        most = float("inf") if limit is None else float(limit.get("velocity", "inf"))
        if needed > most:
            raise ConfigError(
                f"{_WHERE}: joint '{joint}' turns at most at {most:g} rad/s in the URDF, the base's 'speed' takes "
                f"{needed:.1f}: lower 'speed', or raise the limit"
            )


def _child(joint: ElementTree.Element) -> str:
    child = joint.find("child")
    return "" if child is None else child.get("link", "")


def _axis(joint: ElementTree.Element) -> np.ndarray:
    axis = joint.find("axis")
    values = np.array([float(value) for value in ("1 0 0" if axis is None else axis.get("xyz", "1 0 0")).split()])
    return values / np.linalg.norm(values)
