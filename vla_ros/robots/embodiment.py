# SPDX-License-Identifier: Apache-2.0
"""A robot: its groups, frames and cameras, from config/robots (or a file of the user's) and its URDF."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_names, config_path, load_config, share_directory
from vla_ros.robots.cameras import CameraConfig
from vla_ros.robots.groups import (
    DEPTH,
    PARALLEL,
    SUCTION,
    ArmConfig,
    ArmGroup,
    BaseConfig,
    EndEffectorConfig,
    EndEffectorGroup,
    JointGroup,
    JointGroupConfig,
    arm_group,
    end_effector_group,
    joint_group,
)
from vla_ros.robots.joint_topics import JointTopicsConfig, joint_drivers
from vla_ros.robots.ros2_control.config import Ros2ControlConfig
from vla_ros.robots.ros2_control.gripper import check_gripper_actions
from vla_ros.robots.sdk import SdkConfig, check_sdks
from vla_ros.robots.structure import Structure, check_name, check_robot_name
from vla_ros.robots.tools.mounting import Mount, mounted_urdf, mounts, split_robot, with_tools
from vla_ros.robots.urdf import expand_xacro, link_names, with_fixed
from vla_ros.robots.wheels import BASE, WheelGroup, wheel_group
from vla_ros.robots.workplace import Workplace


@dataclass(frozen=True)
class RobotConfig:
    """The content of config/robots/<robot>.yaml."""

    name: str
    urdf: str  # beside this file, else in the share directory
    base_frame: str
    arms: tuple[ArmConfig, ...]
    end_effectors: tuple[EndEffectorConfig, ...] = ()
    joint_groups: tuple[JointGroupConfig, ...] = ()
    base: BaseConfig | None = None
    cameras: tuple[CameraConfig, ...] = ()
    workplace: Workplace | None = None
    ros2_control: Ros2ControlConfig = field(default_factory=Ros2ControlConfig)  # what only its vendor knows of it
    joint_topics: tuple[JointTopicsConfig, ...] = ()  # drivers of its vendor's without ros2_control
    sdk: tuple[SdkConfig, ...] = ()  # its vendor's Python SDK
    weights_of: tuple[str, ...] = ()  # robots of the same kinematics: policies of theirs that move tools act here too
    tools: dict[str, str] = field(default_factory=dict)  # by arm, what it carries instead: config/tools (docs/gam.md)


Group = TypeVar("Group", ArmGroup, EndEffectorGroup, JointGroup)


@dataclass(frozen=True, eq=False)
class Embodiment:
    """A robot: groups, limits, frames, command modes and the cameras that watch it."""

    name: str
    urdf: str  # xacro: an absolute path, or one relative to the share directory
    base_frame: str
    arms: tuple[ArmGroup, ...]
    end_effectors: tuple[EndEffectorGroup, ...] = ()
    joint_groups: tuple[JointGroup, ...] = ()
    base: BaseConfig | None = None  # None: it stands still
    wheels: WheelGroup | None = None  # of the base, that ros2_control drives
    cameras: tuple[str, ...] = ()  # that watch it now
    described_cameras: tuple[CameraConfig, ...] = ()  # all that it can have
    workplace: Workplace | None = None  # of simulated scenes; None: around its base, as they are drawn
    ros2_control: Ros2ControlConfig = field(default_factory=Ros2ControlConfig)
    joint_topics: tuple[JointTopicsConfig, ...] = ()
    sdk: tuple[SdkConfig, ...] = ()
    weights_of: tuple[str, ...] = ()  # robots whose policies may act on this one
    source: str = ""  # what it was loaded by: its name, or the path of its file, +<tool> where it carries another
    mounts: tuple[Mount, ...] = ()  # tools in place of those of `urdf`

    @property
    def control_period(self) -> float:
        """Return the time from one command to the next [s], as from one joint state to the next."""
        return 1.0 / self.ros2_control.update_rate

    @property
    def grippers(self) -> tuple[EndEffectorGroup, ...]:
        """Return the parallel grippers."""
        return tuple(one for one in self.end_effectors if one.kind == PARALLEL)

    @property
    def suction_tools(self) -> tuple[EndEffectorGroup, ...]:
        """Return the end effectors with cups that hold something in simulation."""
        return tuple(one for one in self.end_effectors if one.kind == SUCTION and one.force > 0.0)

    @property
    def pistons(self) -> tuple[str, ...]:
        """Return the joints that take cups and fingers out of tools: simulators say where they are, drivers do not."""
        return tuple(joint for one in self.end_effectors for joint in one.pistons)

    @property
    def simulated_parts(self) -> tuple[tuple[str, str], ...]:
        """Return (part, quantity) of what is no joint and moves in simulation: suction of cups, depth of pistons."""
        suction = [(cup, SUCTION) for one in self.suction_tools for cup in one.cups]
        return (*suction, *((part, DEPTH) for one in self.end_effectors for part in one.piston_joints))

    @property
    def driven_groups(self) -> tuple[ArmGroup | JointGroup, ...]:
        """Return the groups of joints that chunks move, arms first."""
        return (*self.arms, *self.joint_groups)

    @property
    def jointed_groups(self) -> tuple[ArmGroup | JointGroup | EndEffectorGroup, ...]:
        """Return every group with joints of its own: those that chunks move, then the fingers of grippers."""
        return (*self.driven_groups, *self.grippers)

    def answers_to(self, robot: str) -> bool:
        """Say whether data that names its robot so is this robot's: by its name, or by the file it was loaded by."""
        return robot in (self.name, self.source)

    @property
    def driven_joints(self) -> tuple[str, ...]:
        """Name the joints that chunks move, in the order of the follower's q."""
        return tuple(joint for group in self.driven_groups for joint in group.joints)

    @property
    def lift(self) -> JointGroup | None:
        """Return what an operator's stick lifts: the first joint group of one joint that slides."""
        return next((group for group in self.joint_groups if group.lifts), None)

    @property
    def known_cameras(self) -> tuple[str, ...]:
        """Name every camera that it can have."""
        return tuple(camera.name for camera in self.described_cameras)

    @property
    def mounted_cameras(self) -> tuple[str, ...]:
        """Name the cameras that are fixed to the robot."""
        return tuple(camera.name for camera in self.described_cameras if camera.moves)

    def camera(self, name: str) -> CameraConfig:
        """Return the description of a camera by name. Raises ConfigError for an unknown one."""
        for camera in self.described_cameras:
            if camera.name == name:
                return camera
        raise ConfigError(unknown_name("camera", name, self.known_cameras))

    @property
    def only_arm(self) -> ArmGroup:
        """Return the arm of a robot that has one alone. Raises ConfigError for another: say which."""
        return self._only("arm", self.arms)

    @property
    def only_gripper(self) -> EndEffectorGroup:
        """Return the parallel gripper of a robot that has one alone. Raises ConfigError for another."""
        return self._only("gripper", self.grippers)

    @property
    def gripper_arm(self) -> ArmGroup:
        """Return the arm that holds the one parallel gripper. Raises ConfigError for a robot with another number."""
        return self.arm(self.only_gripper.arm)

    def arm_with(self, joints: Sequence[str]) -> ArmGroup:
        """Return the arm of these joints. Raises ConfigError when there is none."""
        for arm in self.arms:
            if arm.joints == tuple(joints):
                return arm
        raise ConfigError(f"robot '{self.name}' has no arm of the joints {', '.join(joints)}")

    def gripper_on(self, arm: str) -> EndEffectorGroup:
        """Return the parallel gripper of an arm. Raises ConfigError where it has none."""
        gripper = self.gripper_of(arm)
        if gripper is None:
            raise ConfigError(f"arm '{arm}' of robot '{self.name}' holds no parallel gripper")
        return gripper

    @property
    def widest_gripper(self) -> EndEffectorGroup:
        """Return the parallel gripper that opens widest. Raises ConfigError where there is none."""
        self.check_gripper()
        return max(self.grippers, key=lambda gripper: gripper.width_max)

    def check_gripper(self) -> None:
        """Raise ConfigError for a robot without a parallel gripper: tasks are judged by what grippers do."""
        if not self.grippers:
            raise ConfigError(f"robot '{self.name}' has 0 grippers (none): tasks are judged by what grippers do")

    def _only(self, kind: str, groups: Sequence[Group]) -> Group:
        if len(groups) != 1:
            names = ", ".join(group.name for group in groups) or "none"
            raise ConfigError(f"robot '{self.name}' has {len(groups)} {kind}s ({names}): this is for one, say which")
        (group,) = groups
        return group

    def gripper_of(self, arm: str) -> EndEffectorGroup | None:
        """Return the parallel gripper of an arm, None where it has none."""
        return next((gripper for gripper in self.grippers if gripper.arm == arm), None)

    def tools_of(self, arm: str) -> tuple[EndEffectorGroup, ...]:
        """Return the end effectors of an arm."""
        return tuple(one for one in self.end_effectors if one.arm == arm)

    def command_modes(self, wanted: str = "") -> dict[str, str]:
        """Return what is to drive each arm, the usual for "". Raises ConfigError for what one does not take."""
        return {arm.name: arm.command_mode(wanted) for arm in self.arms}

    def arm(self, name: str) -> ArmGroup:
        """Return an arm by name. Raises ConfigError for an unknown one."""
        return _named("arm", name, self.arms)

    def gripper(self, name: str) -> EndEffectorGroup:
        """Return a parallel gripper by name. Raises ConfigError for an unknown one."""
        return _named("gripper", name, self.grippers)

    def end_effector(self, name: str) -> EndEffectorGroup:
        """Return an end effector by name. Raises ConfigError for an unknown one."""
        return _named("end effector", name, self.end_effectors)

    def joint_group(self, name: str) -> JointGroup:
        """Return a joint group by name. Raises ConfigError for an unknown one."""
        return _named("joint group", name, self.joint_groups)


def expand_urdf(embodiment: Embodiment) -> str:
    """Return the URDF text of a robot, its wheels fixed: a base moves as a whole, whatever turns under it."""
    urdf = described_urdf(embodiment)
    return urdf if embodiment.wheels is None else with_fixed(urdf, embodiment.wheels.joints)


def described_urdf(embodiment: Embodiment) -> str:
    """Return the URDF text of a robot with the tools that it carries and wheels that turn."""
    urdf = expand_xacro(embodiment.urdf)
    return mounted_urdf(urdf, embodiment.mounts) if embodiment.mounts else urdf


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


def robot_path(robot: str) -> Path:
    """Return the file that describes a robot, by its name or that path itself, whatever tool stands behind it.

    Raises ConfigError for no such one.
    """
    robot, _ = split_robot(robot, robot_names())
    path = config_path("robots", "robot", robot)
    if not path.is_file():
        raise ConfigError(f"robot '{robot}': there is no such file")
    return path


def load_embodiment(robot: str) -> Embodiment:
    """Read a robot by its name, or by the path of its YAML file; <robot>+<tool> has every arm carry that tool.

    Raises ConfigError that names the nearest known robot or the bad key.
    """
    return _read(robot_path(robot), robot)


@lru_cache(maxsize=8)
def _read(path: Path, source: str) -> Embodiment:
    config = load_config(path, RobotConfig)
    beside = path.resolve().parent / config.urdf
    if beside.is_file() and not beside.is_relative_to(share_directory() / "config"):
        config = dataclasses.replace(config, urdf=str(beside))
    _, tool = split_robot(source, robot_names())
    if tool:
        config = dataclasses.replace(config, tools={arm.name: tool for arm in config.arms})
    try:
        return dataclasses.replace(embodiment_from(config), source=source)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def embodiment_from(config: RobotConfig) -> Embodiment:
    """Join a robot's configuration with the limits in its URDF, and check both."""
    check_robot_name(config.name)
    urdf, mounted = expand_xacro(config.urdf), mounts(config)
    if mounted:
        config, urdf = with_tools(config, urdf, mounted), mounted_urdf(urdf, mounted)
    links = link_names(urdf)
    tools, carriers = (
        (arm.tool_frame for arm in config.arms),
        (camera.frame for camera in config.cameras if camera.moves),
    )
    for frame in (config.base_frame, *tools, *carriers):
        if frame not in links:
            raise ConfigError(unknown_name("frame", frame, links))
    groups: list[ArmConfig | EndEffectorConfig | JointGroupConfig] = [
        *config.arms, *config.end_effectors, *config.joint_groups
    ]  # fmt: skip
    _refuse_twice("camera", [camera.name for camera in config.cameras])
    _refuse_twice("group", [group.name for group in groups])
    wheeled = config.base is not None and config.base.wheels is not None
    config.ros2_control.check([*(group.name for group in groups), *((BASE,) if wheeled else ())])
    for group in groups:
        check_name("group", group.name)
    structure = Structure(urdf)
    structure.check_base(config.base_frame)
    for arm in config.arms:
        structure.check_arm(arm)
    for joints in config.joint_groups:
        structure.check_group(joints)
    wheels = wheel_group(config.base, urdf) if config.base is not None and wheeled else None
    wheel_joints = () if wheels is None else wheels.joints
    _refuse_twice("joint", [*(joint for group in groups for joint in group.joints), *wheel_joints])
    arms = tuple(arm_group(arm, urdf) for arm in config.arms)
    for one in config.end_effectors:
        _named("arm", one.arm, arms)
        for cup in one.simulated_cups:
            if cup not in links:
                raise ConfigError(unknown_name(f"link of the cup of '{one.name}'", cup, links))
        structure.check_end_effector(one, next(arm for arm in config.arms if arm.name == one.arm))
    embodiment = Embodiment(
        name=config.name,
        urdf=config.urdf,
        base_frame=config.base_frame,
        arms=arms,
        end_effectors=tuple(end_effector_group(one, urdf) for one in config.end_effectors),
        joint_groups=tuple(joint_group(one, urdf) for one in config.joint_groups),
        base=config.base,
        wheels=wheels,
        cameras=tuple(camera.name for camera in config.cameras if camera.usual),
        described_cameras=config.cameras,
        workplace=config.workplace,
        ros2_control=config.ros2_control,
        joint_topics=config.joint_topics,
        sdk=config.sdk,
        weights_of=config.weights_of,
        source=config.name,
        mounts=mounted,
    )
    check_gripper_actions(config.ros2_control.grippers, embodiment.grippers)
    if embodiment.joint_topics:
        joint_drivers(embodiment)
    if embodiment.sdk:
        check_sdks(embodiment)
    _refuse_twice("channel", [channel for one in embodiment.end_effectors for channel in one.channels])
    return embodiment


def _refuse_twice(kind: str, names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigError(f"the {kind} '{name}' is given {count} times")


def _named(kind: str, name: str, groups: Sequence[Group]) -> Group:
    for group in groups:
        if group.name == name:
            return group
    raise ConfigError(unknown_name(kind, name, (group.name for group in groups)))
