# SPDX-License-Identifier: Apache-2.0
"""What a robot consists of: arms, end effectors, joint groups and a base, as config/robots describes them.

`…Config` is what the YAML says of a group, `…Group` that with its limits, which are the URDF's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.reach import ArmReach, ArmStart, GripperEnvelope
from vla_ros.robots.urdf import joint_limits

COMMAND_MODES = ("effort", "position", "pose")
PARALLEL, SUCTION = "parallel", "suction"
END_EFFECTORS = (PARALLEL, SUCTION)
DEPTH = "depth"  # the quantity of a channel that takes pistons out
# [s] after which a base that hears nothing stands still: cmd_vel_timeout of ros2_control's controllers, simulated too
BASE_TIMEOUT_S = 0.5
BASES = ("holonomic", "differential")


@dataclass(frozen=True)
class ServoGains:
    """Position servo of each joint."""

    stiffness: tuple[float, ...]  # [N·m/rad]
    damping: tuple[float, ...]  # [N·m·s/rad]


@dataclass(frozen=True)
class ArmConfig:
    """One arm."""

    name: str
    joints: tuple[str, ...]
    tool_frame: str
    home: tuple[float, ...]  # [rad]
    effort_rate: tuple[float, ...]  # [N·m/s]
    acceleration: tuple[float, ...]  # [rad/s²] most that planned motion asks for
    jerk: tuple[float, ...]  # [rad/s³] most that planned motion asks for
    armature: tuple[float, ...]  # [kg·m²] motor inertia the simulator adds to each joint
    command_modes: tuple[str, ...]
    reach: ArmReach | None = None  # for grasps from above
    start: ArmStart | None = None  # in generated data; none: at home
    hold: ServoGains | None = None  # of the simulated position hold; none: from the arm's inertia at home
    servo: ServoGains | None = None  # of the simulated servo that follows a stream of positions; none: likewise
    flange: str = ""  # the link that its tool hangs on, for other tools (docs/gam.md); empty: it takes none

    def __post_init__(self) -> None:
        where = f"arm '{self.name}'"
        _check_sizes(where, self, self.joints, ("home", "effort_rate", "acceleration", "jerk", "armature"))
        _check_positive(where, self, ("effort_rate", "acceleration", "jerk"))
        if min(self.armature) < 0.0:
            raise ConfigError(f"{where}: armature must be >= 0, got {list(self.armature)}")
        if not self.command_modes:
            raise ConfigError(f"{where}: command_modes is empty, give one of {', '.join(COMMAND_MODES)}")
        for mode in self.command_modes:
            if mode not in COMMAND_MODES:
                raise ConfigError(f"{where}: {unknown_name('command mode', mode, COMMAND_MODES)}")
        if self.start is not None:
            _check_sizes(f"{where}: start", self.start, self.joints, ("center", "spread"))
        for name in ("hold", "servo"):
            gains = getattr(self, name)
            if gains is not None:
                _check_sizes(f"{where}: {name}", gains, self.joints, ("stiffness", "damping"))
                _check_positive(f"{where}: {name}", gains, ("stiffness", "damping"))


@dataclass(frozen=True)
class EndEffectorConfig:
    """What an arm holds things with: the fingers of a parallel gripper, or suction cups."""

    name: str
    kind: str  # of END_EFFECTORS
    arm: str
    joints: tuple[str, ...] = ()  # of a parallel gripper: the first is commanded, the others mimic it
    cups: tuple[str, ...] = ()  # of suction, each commanded by itself; empty: one, named like the end effector
    depth_max: float = 0.0  # [m] how far pistons, or the palm of a gripper, go out; 0: they do not
    envelope: GripperEnvelope | None = None  # the room a parallel gripper takes: for grasps planned by geometry
    cup_force: float = 0.0  # [N] a sealed cup holds with, in simulation by the link of its name; 0: it holds nothing
    pistons: tuple[
        str, ...
    ] = ()  # joints that go out by `depth_max`, of each cup or of all fingers; empty: not simulated

    def __post_init__(self) -> None:
        where = f"end effector '{self.name}'"
        if self.kind not in END_EFFECTORS:
            raise ConfigError(f"{where}: {unknown_name('kind', self.kind, END_EFFECTORS)}")
        if self.kind == PARALLEL and not self.joints:
            raise ConfigError(f"{where}: a parallel gripper needs the 'joints' of its fingers")
        if self.kind != PARALLEL and self.envelope is not None:
            raise ConfigError(f"{where}: an 'envelope' is a parallel gripper's")
        if self.kind == PARALLEL and self.cups:
            raise ConfigError(f"{where}: a parallel gripper has no 'cups'")
        if not 0.0 <= self.depth_max <= 1.0:
            raise ConfigError(f"{where}: 'depth_max' must be 0 to 1 m, got {self.depth_max:g}")
        if self.pistons and (not self.depth_max or (self.cups and len(self.pistons) != len(self.cups))):
            raise ConfigError(
                f"{where}: 'pistons' go out by a 'depth_max' above 0, one of each cup, got {len(self.pistons)}"
            )
        if not 0.0 <= self.cup_force <= (1000.0 if self.kind == SUCTION else 0.0):
            raise ConfigError(f"{where}: 'cup_force' is suction's, 0 to 1000 N, got {self.cup_force:g}")

    @property
    def simulated_cups(self) -> tuple[str, ...]:
        """Name the cups that hold something in simulation, each with the link that is its lip."""
        return (self.cups or (self.name,)) if self.cup_force else ()


@dataclass(frozen=True)
class JointGroupConfig:
    """Joints that carry no tool: a lift, a head."""

    name: str
    joints: tuple[str, ...]
    home: tuple[float, ...]  # [rad] or [m]
    acceleration: tuple[float, ...]  # [rad/s²] or [m/s²] most that is commanded
    armature: tuple[float, ...] = ()  # [kg·m²] or [kg] motor inertia the simulator adds; empty: none

    def __post_init__(self) -> None:
        where = f"joint group '{self.name}'"
        if not self.armature:
            object.__setattr__(self, "armature", (0.0,) * len(self.joints))
        _check_sizes(where, self, self.joints, ("home", "acceleration", "armature"))
        _check_positive(where, self, ("acceleration",))


@dataclass(frozen=True)
class WheelsConfig:
    """The driven wheels of a base, by their joints in the URDF, which says where they are; in any order."""

    joints: tuple[str, ...]
    radius: float  # [m]

    def __post_init__(self) -> None:
        if not 0.005 <= self.radius <= 2.0:
            raise ConfigError(f"base: wheels: 'radius' must be 0.005 to 2 m, got {self.radius:g}")


@dataclass(frozen=True)
class BaseConfig:
    """A moving base: x forward, y to the left [m/s], yaw [rad/s], and how much of each a second."""

    speed: tuple[float, float, float]
    acceleration: tuple[float, float, float]
    kind: str = "holonomic"  # of BASES
    frame: str = "base_link"
    odom_frame: str = "odom"
    support: tuple[tuple[float, float], ...] = ()  # [m] contacts with the floor in the base frame; empty: it cannot tip
    wheels: WheelsConfig | None = None  # that ros2_control drives; None: it has no part in the base

    def __post_init__(self) -> None:
        if self.support and len(self.support) < 3:
            raise ConfigError(f"base: 'support' must be three or more contacts, got {len(self.support)}")
        if self.kind not in BASES:
            raise ConfigError(f"base: {unknown_name('kind', self.kind, BASES)}")
        if min(*self.speed, *self.acceleration) < 0.0:
            raise ConfigError(f"base: speed and acceleration must be >= 0, got {self.speed} and {self.acceleration}")
        if self.kind == "differential" and self.speed[1] != 0.0:
            raise ConfigError(f"base: a differential base has no speed to the side, got {self.speed[1]:g} m/s")


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
    deceleration: np.ndarray  # [rad/s²] by which speed limits fall towards the ends of the ranges, and …
    velocity_offset: np.ndarray  # [rad/s] … less this (`ArmLimits`)
    command_modes: tuple[str, ...]  # what may drive it, the usual first
    reach: ArmReach | None = None
    start: ArmStart | None = None
    hold: ServoGains | None = None
    servo: ServoGains | None = None

    def command_mode(self, wanted: str) -> str:
        """Return what is to drive the arm, the usual for "". Raises ConfigError for what it does not take."""
        if wanted and wanted not in self.command_modes:
            raise ConfigError(f"arm '{self.name}': {unknown_name('command', wanted, self.command_modes)}")
        return wanted or self.command_modes[0]


@dataclass(frozen=True)
class EndEffectorGroup:
    """One end effector; the width of a parallel gripper is its total opening."""

    name: str
    kind: str  # of END_EFFECTORS
    arm: str
    joints: tuple[str, ...] = ()
    width_min: float = 0.0  # [m]
    width_max: float = 0.0  # [m]
    speed: float = 0.0  # [m/s] of the width
    force: float = 0.0  # [N] between the fingers, or a sealed cup's
    cups: tuple[str, ...] = ()
    depth_max: float = 0.0  # [m]
    envelope: GripperEnvelope | None = None
    pistons: tuple[str, ...] = ()
    piston_speed: float = 0.0  # [m/s]

    @property
    def piston_joints(self) -> dict[str, tuple[str, ...]]:
        """Return, by cup or by the gripper's name, the joints that its channel `depth` moves in simulation."""
        if not self.pistons:
            return {}
        if not self.cups:
            return {self.name: self.pistons}
        return {cup: (joint,) for cup, joint in zip(self.cups, self.pistons, strict=True)}

    @property
    def seals(self) -> tuple[str, ...]:
        """Name the channels of what it measures of its cups: 1 where one holds something, else 0."""
        return tuple(f"{cup}/seal" for cup in self.cups)

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the channels it is commanded by."""
        told = [f"{self.name}/width"] if self.kind == PARALLEL else [f"{cup}/suction" for cup in self.cups]
        if self.depth_max > 0.0:
            told += [f"{part}/{DEPTH}" for part in self.cups or (self.name,)]
        return tuple(told)


@dataclass(frozen=True, eq=False)
class JointGroup:
    """Joints that carry no tool, with their limits; every array is (N,), [rad] or [m] and so on."""

    name: str
    joints: tuple[str, ...]
    home: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    acceleration: np.ndarray
    armature: np.ndarray
    deceleration: np.ndarray  # by which speed limits fall towards the ends of the ranges, and …
    velocity_offset: np.ndarray  # … less this (`ArmLimits`)
    slides: tuple[bool, ...]  # each joint: whether it slides, or turns

    @property
    def lifts(self) -> bool:
        """Say whether it is one joint that slides."""
        return self.slides == (True,)


def arm_group(config: ArmConfig, urdf: str) -> ArmGroup:
    """Return an arm with the limits of `urdf` (XML text). Raises ConfigError where they contradict each other."""
    limits = _limits(urdf, config.joints, config.home)
    return ArmGroup(
        name=config.name,
        joints=config.joints,
        tool_frame=config.tool_frame,
        home=_frozen(config.home),
        **limits,
        effort_rate=_frozen(config.effort_rate),
        acceleration=_frozen(config.acceleration),
        jerk=_frozen(config.jerk),
        armature=_frozen(config.armature),
        command_modes=config.command_modes,
        reach=config.reach,
        start=config.start,
        hold=config.hold,
        servo=config.servo,
    )


def end_effector_group(config: EndEffectorConfig, urdf: str) -> EndEffectorGroup:
    """Return an end effector with the limits of `urdf` (XML text)."""
    speed = min((joint_limits(urdf, joint).velocity for joint in config.pistons), default=0.0)
    if config.kind == SUCTION:
        cups = config.cups or (config.name,)
        return EndEffectorGroup(
            config.name,
            SUCTION,
            config.arm,
            cups=cups,
            depth_max=config.depth_max,
            force=config.cup_force,
            pistons=config.pistons,
            piston_speed=speed,
        )
    limits = [joint_limits(urdf, joint) for joint in config.joints]
    return EndEffectorGroup(
        name=config.name,
        kind=PARALLEL,
        arm=config.arm,
        joints=config.joints,
        width_min=sum(limit.lower for limit in limits),
        width_max=sum(limit.upper for limit in limits),
        speed=sum(limit.velocity for limit in limits),
        force=min(limit.effort for limit in limits),
        depth_max=config.depth_max,
        envelope=config.envelope,
        pistons=config.pistons,
        piston_speed=speed,
    )


def joint_group(config: JointGroupConfig, urdf: str) -> JointGroup:
    """Return a joint group with the limits of `urdf` (XML text). Raises ConfigError where they disagree."""
    limits = _limits(urdf, config.joints, config.home)
    return JointGroup(
        name=config.name,
        joints=config.joints,
        home=_frozen(config.home),
        **limits,
        acceleration=_frozen(config.acceleration),
        armature=_frozen(config.armature),
        slides=tuple(joint_limits(urdf, joint).slides for joint in config.joints),
    )


def _limits(urdf: str, joints: Sequence[str], home: Sequence[float]) -> dict[str, np.ndarray]:
    limits = [joint_limits(urdf, joint) for joint in joints]
    for joint, q, limit in zip(joints, home, limits, strict=True):
        if not limit.lower <= q <= limit.upper:
            raise ConfigError(f"home of '{joint}' is {q}, outside its limits {limit.lower} to {limit.upper}")
    names = ("lower", "upper", "velocity", "effort", "deceleration", "velocity_offset")
    return {name: _frozen([getattr(limit, name) for limit in limits]) for name in names}


def _check_sizes(where: str, config: object, joints: tuple[str, ...], keys: Sequence[str]) -> None:
    if not joints:
        raise ConfigError(f"{where} has no joints")
    for key in keys:
        if len(getattr(config, key)) != len(joints):
            raise ConfigError(f"{where}: {key} has {len(getattr(config, key))} values for {len(joints)} joints")


def _check_positive(where: str, config: object, keys: Sequence[str]) -> None:
    for key in keys:
        if min(getattr(config, key)) <= 0.0:
            raise ConfigError(f"{where}: {key} must be > 0, got {list(getattr(config, key))}")


def _frozen(values: Sequence[float]) -> np.ndarray:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array
