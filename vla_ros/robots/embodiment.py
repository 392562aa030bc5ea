# SPDX-License-Identifier: Apache-2.0
"""What a robot is made of: arms, grippers, frames and limits, from config/robots and its URDF."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_names, load_config, share_directory
from vla_ros.robots.urdf import expand_xacro, joint_limits, link_names

COMMAND_MODES = ("effort", "position", "pose")
TOOL_QUANTITIES = ("width", "depth", "suction")


@dataclass(frozen=True)
class ArmConfig:
    """One arm as config/robots/<robot>.yaml gives it; limits are the URDF's."""

    name: str
    joints: tuple[str, ...]
    tool_frame: str
    home: tuple[float, ...]  # [rad]
    effort_rate: tuple[float, ...]  # [N·m/s]
    acceleration: tuple[float, ...]  # [rad/s²] most that planned motion asks for
    jerk: tuple[float, ...]  # [rad/s³] most that planned motion asks for
    armature: tuple[float, ...]  # [kg·m²] motor inertia the simulator adds to each joint
    command_modes: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.joints:
            raise ConfigError(f"arm '{self.name}' has no joints")
        for key in ("home", "effort_rate", "acceleration", "jerk", "armature"):
            if len(getattr(self, key)) != len(self.joints):
                raise ConfigError(
                    f"arm '{self.name}': {key} has {len(getattr(self, key))} values for {len(self.joints)} joints"
                )
        for key in ("effort_rate", "acceleration", "jerk"):
            if min(getattr(self, key)) <= 0.0:
                raise ConfigError(f"arm '{self.name}': {key} must be > 0, got {list(getattr(self, key))}")
        if min(self.armature) < 0.0:
            raise ConfigError(f"arm '{self.name}': armature must be >= 0, got {list(self.armature)}")
        if not self.command_modes:
            raise ConfigError(f"arm '{self.name}': command_modes is empty, give one of {', '.join(COMMAND_MODES)}")
        for mode in self.command_modes:
            if mode not in COMMAND_MODES:
                raise ConfigError(f"arm '{self.name}': {unknown_name('command mode', mode, COMMAND_MODES)}")


@dataclass(frozen=True)
class GripperConfig:
    """One gripper as config/robots/<robot>.yaml gives it; limits are the URDF's."""

    name: str
    arm: str
    joints: tuple[str, ...]  # the first is commanded, the others mimic it


@dataclass(frozen=True)
class ToolConfig:
    """A tool beside the gripper, commanded by one channel of chunks, `<name>/<quantity>`."""

    name: str
    quantity: str  # of TOOL_QUANTITIES
    most: float = 1.0  # [m] as far as it goes; a suction cup is on or off

    def __post_init__(self) -> None:
        if self.quantity not in TOOL_QUANTITIES:
            raise ConfigError(f"tool '{self.name}': {unknown_name('quantity', self.quantity, TOOL_QUANTITIES)}")
        if not 0.0 < self.most <= 1.0:
            raise ConfigError(f"tool '{self.name}': 'most' must be above 0 and at most 1, got {self.most:g}")


@dataclass(frozen=True)
class BaseConfig:
    """A moving base: x forward, y to the left [m/s], yaw [rad/s], and how much of each a second."""

    speed: tuple[float, float, float]
    acceleration: tuple[float, float, float]
    frame: str = "base_link"


@dataclass(frozen=True)
class RobotConfig:
    """The content of config/robots/<robot>.yaml."""

    name: str
    urdf: str
    base_frame: str
    arms: tuple[ArmConfig, ...]
    grippers: tuple[GripperConfig, ...]
    cameras: tuple[str, ...]
    tools: tuple[ToolConfig, ...] = ()
    base: BaseConfig | None = None
    mounted_cameras: tuple[str, ...] = ()  # on the robot, only where they are asked for


@dataclass(frozen=True, eq=False)
class ArmGroup:
    """One arm with its limits; every array is (N,) in the order of `joints`."""

    name: str
    joints: tuple[str, ...]
    tool_frame: str
    home: np.ndarray  # [rad]
    lower: np.ndarray  # [rad]
    upper: np.ndarray  # [rad]
    velocity: np.ndarray  # [rad/s]
    effort: np.ndarray  # [N·m]
    effort_rate: np.ndarray  # [N·m/s]
    acceleration: np.ndarray  # [rad/s²]
    jerk: np.ndarray  # [rad/s³]
    armature: np.ndarray  # [kg·m²]
    command_modes: tuple[str, ...]  # what may drive it, the usual first

    def command_mode(self, wanted: str) -> str:
        """Return what is to drive the arm, the usual for "". Raises ConfigError for what it does not take."""
        if wanted and wanted not in self.command_modes:
            raise ConfigError(f"arm '{self.name}': {unknown_name('command', wanted, self.command_modes)}")
        return wanted or self.command_modes[0]


@dataclass(frozen=True)
class GripperGroup:
    """One parallel gripper; widths are the total opening."""

    name: str
    arm: str
    joints: tuple[str, ...]
    width_min: float  # [m]
    width_max: float  # [m]
    speed: float  # [m/s] of the width
    force: float  # [N] between the fingers


Group = TypeVar("Group", ArmGroup, GripperGroup)


@dataclass(frozen=True, eq=False)
class Embodiment:
    """A robot: groups, limits, frames, command modes and the cameras that watch it."""

    name: str
    urdf: str  # xacro, relative to the share directory
    base_frame: str
    arms: tuple[ArmGroup, ...]
    grippers: tuple[GripperGroup, ...]
    cameras: tuple[str, ...]
    tools: tuple[ToolConfig, ...] = ()
    base: BaseConfig | None = None  # None: it stands still
    mounted_cameras: tuple[str, ...] = ()  # on the robot, only where they are asked for

    @property
    def known_cameras(self) -> tuple[str, ...]:
        """Name every camera that it can have."""
        return tuple(dict.fromkeys((*self.cameras, *self.mounted_cameras)))

    @property
    def tool_channels(self) -> tuple[str, ...]:
        """Name the channels of the tools beside the grippers."""
        return tuple(f"{tool.name}/{tool.quantity}" for tool in self.tools)

    def arm(self, name: str) -> ArmGroup:
        """Return an arm by name. Raises ConfigError for an unknown one."""
        return _named("arm", name, self.arms)

    def gripper(self, name: str) -> GripperGroup:
        """Return a gripper by name. Raises ConfigError for an unknown one."""
        return _named("gripper", name, self.grippers)


def expand_urdf(embodiment: Embodiment, **xacro_args: str) -> str:
    """Return the URDF text of a robot, with xacro arguments such as hardware='…'."""
    return expand_xacro(embodiment.urdf, **xacro_args)


def robot_names() -> tuple[str, ...]:
    """List the robots that config/robots describes."""
    return config_names("robots")


def with_cameras(embodiment: Embodiment, names: Sequence[str]) -> Embodiment:
    """Return the robot with these cameras instead of the usual ones. Raises ConfigError for one it cannot have."""
    for name in names:
        if name not in embodiment.known_cameras:
            raise ConfigError(unknown_name("camera", name, embodiment.known_cameras))
    return dataclasses.replace(embodiment, cameras=tuple(dict.fromkeys(names)))


def with_named_cameras(embodiment: Embodiment, text: str) -> Embodiment:
    """Return the robot with the cameras of a text such as "front,wrist"; "": those it usually has."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    return with_cameras(embodiment, names) if names else embodiment


@lru_cache(maxsize=8)
def load_embodiment(name: str) -> Embodiment:
    """Read a robot by its name. Raises ConfigError that names the nearest known robot or the bad key."""
    if name not in robot_names():
        raise ConfigError(unknown_name("robot", name, robot_names()))
    path = share_directory() / "config" / "robots" / f"{name}.yaml"
    config = load_config(path, RobotConfig)
    try:
        return embodiment_from(config)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def embodiment_from(config: RobotConfig) -> Embodiment:
    """Join a robot's configuration with the limits in its URDF, and check both."""
    urdf = expand_xacro(config.urdf)
    links = link_names(urdf)
    for frame in (config.base_frame, *(arm.tool_frame for arm in config.arms)):
        if frame not in links:
            raise ConfigError(unknown_name("frame", frame, links))
    arms = tuple(_arm_group(arm, urdf) for arm in config.arms)
    for gripper in config.grippers:
        _named("arm", gripper.arm, arms)
    grippers = tuple(_gripper_group(gripper, urdf) for gripper in config.grippers)
    return Embodiment(
        config.name,
        config.urdf,
        config.base_frame,
        arms,
        grippers,
        config.cameras,
        config.tools,
        config.base,
        config.mounted_cameras,
    )


def _arm_group(config: ArmConfig, urdf: str) -> ArmGroup:
    limits = [joint_limits(urdf, joint) for joint in config.joints]
    for joint, q, limit in zip(config.joints, config.home, limits, strict=True):
        if not limit.lower <= q <= limit.upper:
            raise ConfigError(f"home of '{joint}' is {q} rad, outside its limits {limit.lower} to {limit.upper}")
    return ArmGroup(
        name=config.name,
        joints=config.joints,
        tool_frame=config.tool_frame,
        home=_frozen(config.home),
        lower=_frozen([limit.lower for limit in limits]),
        upper=_frozen([limit.upper for limit in limits]),
        velocity=_frozen([limit.velocity for limit in limits]),
        effort=_frozen([limit.effort for limit in limits]),
        effort_rate=_frozen(config.effort_rate),
        acceleration=_frozen(config.acceleration),
        jerk=_frozen(config.jerk),
        armature=_frozen(config.armature),
        command_modes=config.command_modes,
    )


def _gripper_group(config: GripperConfig, urdf: str) -> GripperGroup:
    limits = [joint_limits(urdf, joint) for joint in config.joints]
    return GripperGroup(
        name=config.name,
        arm=config.arm,
        joints=config.joints,
        width_min=sum(limit.lower for limit in limits),
        width_max=sum(limit.upper for limit in limits),
        speed=sum(limit.velocity for limit in limits),
        force=min(limit.effort for limit in limits),
    )


def _named(kind: str, name: str, groups: Sequence[Group]) -> Group:
    for group in groups:
        if group.name == name:
            return group
    raise ConfigError(unknown_name(kind, name, (group.name for group in groups)))


def _frozen(values: Sequence[float]) -> np.ndarray:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
