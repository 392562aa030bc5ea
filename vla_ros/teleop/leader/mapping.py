# SPDX-License-Identifier: Apache-2.0
"""From what a leader's devices say to joints and grippers of the robot that follows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import PARALLEL
from vla_ros.teleop.leader.config import LeaderConfig, LeaderDevice, LeaderGripper, LeaderJoint


class LeaderError(VlaError):
    """What a leader says cannot be used; the text says why."""


@dataclass(frozen=True, eq=False)
class LeaderPose:
    """Where a leader wants one arm of the follower."""

    q: np.ndarray  # (N,) [rad] in the order of the arm's joints; may be beyond their limits
    closed: Mapping[str, float]  # by gripper: 0 open … 1 closed


@dataclass(frozen=True)
class _LedJoint:
    """A joint of the follower, and where its angle comes from."""

    follower: str
    name: str  # in the leader's message
    index: int
    factor: float
    offset: float  # [rad]

    @classmethod
    def of(cls, follower: str, said: LeaderJoint) -> _LedJoint:
        return cls(follower, said.name or follower, said.index, said.sign * said.scale, said.offset)


@dataclass(frozen=True)
class _Handle:
    """A gripper of the follower, and the handle that leads it."""

    gripper: str
    name: str
    index: int
    closed: float
    wide: float

    def shut(self, value: float) -> float:
        """Return how far the gripper is to be closed, 0 to 1, for where the handle is."""
        return 1.0 - min(1.0, max(0.0, (value - self.closed) / (self.wide - self.closed)))


@dataclass(frozen=True)
class _ArmMap:
    """One arm of the follower: what leads its joints and its grippers."""

    arm: str
    joints: tuple[_LedJoint, ...]
    handles: tuple[_Handle, ...]
    named: bool  # by the configuration: it must be there


class LeaderMapping:
    """Which device leads which arms of a robot. Raises ConfigError for names that the robot does not have."""

    def __init__(self, config: LeaderConfig, robot: Embodiment) -> None:
        self.topics = tuple(device.topic for device in config.devices)
        if len(set(self.topics)) < len(self.topics):
            raise ConfigError(f"leader: two devices have one topic: {', '.join(self.topics)}")
        self._arms = [_arm_maps(device, robot) for device in config.devices]
        led = [one for maps in self._arms for one in maps]
        if len(config.devices) > 1 and not all(one.named for one in led):
            raise ConfigError("leader: with several devices each must name the joints that it leads")
        names = [one.arm for one in led]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ConfigError(f"leader: arm '{twice[0]}' has two leaders")
        self.arms = tuple(names)

    def arms_of(self, device: int) -> tuple[str, ...]:
        """Name the arms that a device may lead."""
        return tuple(one.arm for one in self._arms[device])

    def read(self, device: int, names: Sequence[str], positions: Sequence[float]) -> dict[str, LeaderPose]:
        """Return where a message of a device wants each arm that it leads.

        An arm of which it says nothing at all is left out, unless the configuration names its joints.
        Raises LeaderError for a joint that is missing, or an angle that is not finite.
        """
        places = {name: place for place, name in enumerate(names)} if len(names) == len(positions) else {}
        found: dict[str, LeaderPose] = {}
        for one in self._arms[device]:
            there = [_place(joint.name, joint.index, places, len(positions)) for joint in one.joints]
            if not one.named and all(place is None for place in there):
                continue
            q = [_angle(joint, place, positions) for joint, place in zip(one.joints, there, strict=True)]
            closed = {}
            for handle in one.handles:
                place = _place(handle.name, handle.index, places, len(positions))
                if place is not None:
                    closed[handle.gripper] = handle.shut(_finite(positions[place], handle.gripper))
            found[one.arm] = LeaderPose(np.array(q), closed)
        if not found:
            heard = ", ".join(names)[:200] or "none that is named"
            raise LeaderError(f"the leader says nothing of this robot's joints, but of {heard}")
        return found


def _arm_maps(device: LeaderDevice, robot: Embodiment) -> tuple[_ArmMap, ...]:
    """Return the arms that a device may lead: those that it names, or all."""
    _check_names(device, robot)
    told = {joint: LeaderJoint(index=place) for place, joint in enumerate(device.order)}
    for joint, said in device.joints.items():
        in_order = told.get(joint)
        own_source = bool(said.name) or said.index >= 0
        told[joint] = said if in_order is None or own_source else dataclasses.replace(said, index=in_order.index)
    named = {arm.name for arm in robot.arms if not told.keys().isdisjoint(arm.joints)}
    maps = []
    for arm in robot.arms:
        if named and arm.name not in named:
            continue
        joints = tuple(_LedJoint.of(joint, told.get(joint, LeaderJoint())) for joint in arm.joints)
        handles = []
        for tool in robot.tools_of(arm.name):
            if tool.kind == PARALLEL:
                handle = device.grippers.get(tool.name, LeaderGripper())
                wide = tool.width_max / len(tool.joints) if handle.open is None else handle.open
                source = handle.name or ("" if handle.index >= 0 else tool.joints[0])
                handles.append(_Handle(tool.name, source, handle.index, handle.closed, wide))
        maps.append(_ArmMap(arm.name, joints, tuple(handles), arm.name in named))
    return tuple(maps)


def _check_names(device: LeaderDevice, robot: Embodiment) -> None:
    joints = [joint for arm in robot.arms for joint in arm.joints]
    for joint in (*device.order, *device.joints):
        if joint not in joints:
            raise ConfigError(f"leader: {unknown_name('joint', joint, joints)}; it is the follower's that is named")
    if len(set(device.order)) < len(device.order):
        raise ConfigError("leader: 'order' names a joint twice")
    grippers = [gripper.name for gripper in robot.grippers]
    for gripper in device.grippers:
        if gripper not in grippers:
            raise ConfigError(f"leader: {unknown_name('gripper', gripper, grippers)}")


def _place(name: str, index: int, places: Mapping[str, int], count: int) -> int | None:
    """Return where in a message a value is; None where it is not there."""
    if index >= 0:
        return index if index < count else None
    return places.get(name)


def _angle(joint: _LedJoint, place: int | None, positions: Sequence[float]) -> float:
    if place is None:
        source = f"number {joint.index}" if joint.index >= 0 else f"'{joint.name}'"
        raise LeaderError(f"the leader says nothing of its joint {source}, which leads {joint.follower}")
    return joint.factor * _finite(positions[place], joint.follower) + joint.offset


def _finite(value: float, what: str) -> float:
    if not math.isfinite(value):
        raise LeaderError(f"the leader says {value} for {what}")
    return float(value)
