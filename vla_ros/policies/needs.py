# SPDX-License-Identifier: Apache-2.0
"""What a policy needs to see and to know: declared by its specification, provided by a node, or by a roll-out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.cameras import CameraConfig
from vla_ros.robots.embodiment import Embodiment

STATE_PERIOD_S = 0.1  # [s] between the states of a history, and between observations of a policy without cameras
HISTORY_MAX_S = 1.0  # [s] how long states and pictures are kept
EXPOSURES_MAX = 10  # earlier ones of a camera
STRETCH, CROP = FITS = ("stretch", "crop")
BASE = "base"  # the group that is a robot's moving base


@dataclass(frozen=True)
class CameraNeed:
    """One camera, by its name or its role on the robot; the observation holds its view under this name.

    Raises ConfigError for a size or a history that cannot be had.
    """

    name: str
    depth: bool = False  # aligned to colour [m]
    calibration: bool = False  # intrinsics and the pose in the robot's base
    width: int = 0  # [px] that pictures are scaled to, with `height`; 0: as the camera sends them
    height: int = 0  # [px]
    fit: str = STRETCH  # how they come to that size: scaled alone, or cut at the middle to its shape before (crop)
    history: int = 0  # earlier exposures, those of 0.1 s, 0.2 s, … before
    learned: tuple[int, int] | None = None  # width, height [px] of the pictures that it learned from, where known

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigError("a camera that is needed has no name: give the name or the role of one")
        if min(self.width, self.height) < 0 or (self.width == 0) != (self.height == 0):
            raise ConfigError(f"camera '{self.name}': size {self.width}x{self.height}: give both in pixels, or neither")
        if self.fit not in FITS:
            raise ConfigError(f"camera '{self.name}': {unknown_name('fit', self.fit, FITS)}")
        if self.fit == CROP and not self.width:
            raise ConfigError(f"camera '{self.name}': fit is crop, to the shape of a size: give width and height")
        if not 0 <= self.history <= EXPOSURES_MAX:
            raise ConfigError(
                f"camera '{self.name}': history must be 0 to {EXPOSURES_MAX} exposures, got {self.history}"
            )

    @property
    def requirement(self) -> str:
        """Say what of the camera is needed."""
        depth, calibration = self.depth * ["depth"], self.calibration * ["calibration"]
        return " + ".join(["colour", *depth, *calibration])


@dataclass(frozen=True)
class Needs:
    """Everything that a policy is to be given, and no more.

    Raises ConfigError for a camera that is needed twice, and for a history that nobody keeps.
    """

    cameras: tuple[CameraNeed, ...] = ()  # the first one's exposures stamp the chunks
    groups: tuple[str, ...] | None = None  # arms, end effectors, joint groups, "base"; None: all that the robot has
    history_s: float = 0.0  # [s] how far back older states reach, one each 0.1 s
    instruction: bool = True  # without one the policy waits; False: it is given none and does not wait

    def __post_init__(self) -> None:
        names = [camera.name for camera in self.cameras]
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"camera '{name}' is needed twice: name each camera once")
        if not (math.isfinite(self.history_s) and 0.0 <= self.history_s <= HISTORY_MAX_S):
            raise ConfigError(f"history_s must be 0 to {HISTORY_MAX_S:g} s, got {self.history_s}")

    @property
    def older_states(self) -> int:
        """Return how many older states reach back `history_s`."""
        return math.ceil(self.history_s / STATE_PERIOD_S - 1e-9)

    def has(self, group: str) -> bool:
        """Say whether the state of a group is needed."""
        return self.groups is None or group in self.groups

    def cameras_of(self, robot: Embodiment) -> dict[str, CameraConfig]:
        """Return which of the robot's cameras is meant by each name that is needed, as check_needs has accepted them.

        Raises ConfigError for one that the robot does not have.
        """
        return {need.name: _meant(need.name, robot) for need in self.cameras}


def everything(robot: Embodiment) -> Needs:
    """Return the needs of a policy that declares none: all that the robot's cameras and groups give."""
    cameras = (robot.camera(name) for name in robot.cameras)
    return Needs(tuple(CameraNeed(one.name, one.depth, one.calibrated) for one in cameras), history_s=0.5)


def check_needs(needs: Needs, robot: Embodiment, who: str, any_camera: bool = False) -> None:
    """Raise ConfigError with the first thing that `who` needs and the robot cannot give, and what it has."""
    for need in needs.cameras:
        camera = _meant(need.name, robot, f"{who} needs camera '{need.name}' ({need.requirement})")
        if (need.depth and not camera.depth) or (need.calibration and not camera.calibrated):
            lacking = "depth" if need.depth and not camera.depth else "calibration"
            raise ConfigError(
                f"{who} needs {lacking} of camera '{need.name}', which robot '{robot.name}' has not: it has "
                f"{_cameras_text(robot)}"
            )
        if not any_camera and camera.name not in robot.cameras:
            wanted = ",".join(dict.fromkeys((*robot.cameras, camera.name)))
            raise ConfigError(
                f"{who} needs camera '{camera.name}', and robot '{robot.name}' is watched by "
                f"{', '.join(robot.cameras) or 'none'}: add cameras:={wanted}"
            )
    has = group_names(robot)
    for group in needs.groups or ():
        if group not in has:
            raise ConfigError(f"{who} needs the state of group '{group}': robot '{robot.name}' has {', '.join(has)}")


def group_names(robot: Embodiment) -> tuple[str, ...]:
    """Name every group that a robot has a state of."""
    driven = [group.name for group in robot.driven_groups]
    return (*driven, *(one.name for one in robot.end_effectors), *((BASE,) if robot.base is not None else ()))


def state_channels(robot: Embodiment) -> dict[str, tuple[str, ...]]:
    """Return the channels of each group's state, as `RobotState.values` names them."""
    channels = {arm.name: (*pose_channels(arm.name), *_joint_channels(arm.joints)) for arm in robot.arms}
    channels |= {gripper.name: (f"{gripper.name}/width",) for gripper in robot.grippers}
    channels |= {one.name: one.seals for one in robot.suction_tools}
    channels |= {group.name: _joint_channels(group.joints) for group in robot.joint_groups}
    return channels | ({} if robot.base is None else {BASE: BASE_AXES})


def groups_of(channels: Iterable[str], robot: Embodiment) -> tuple[str, ...]:
    """Name the groups that have one of these channels."""
    named = set(channels)
    return tuple(name for name, own in state_channels(robot).items() if named.intersection(own))


def _joint_channels(joints: tuple[str, ...]) -> tuple[str, ...]:
    return (*(f"{joint}/position" for joint in joints), *(f"{joint}/velocity" for joint in joints))


def _meant(name: str, robot: Embodiment, what: str = "") -> CameraConfig:
    """Return the camera of this name, else the one camera of this role."""
    what = what or f"a policy needs camera '{name}'"
    for camera in robot.described_cameras:
        if camera.name == name:
            return camera
    found = [camera for camera in robot.described_cameras if camera.role == name]
    if len(found) > 1:
        names = ", ".join(camera.name for camera in found)
        raise ConfigError(f"{what}: robot '{robot.name}' has {len(found)} cameras of that role ({names}): name one")
    if not found:
        raise ConfigError(f"{what}: robot '{robot.name}' has {_cameras_text(robot)}")
    return found[0]


def _cameras_text(robot: Embodiment) -> str:
    def text(camera: CameraConfig) -> str:
        role = "" if camera.role == camera.name else f"{camera.role}: "
        return f"{camera.name} ({role}{camera.gives})"

    return ", ".join(map(text, robot.described_cameras)) or "no camera"
