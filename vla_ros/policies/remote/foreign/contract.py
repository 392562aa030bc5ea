# SPDX-License-Identifier: Apache-2.0
"""What a server of others is told and what its numbers mean: config/servers/<name>.yaml.

Which keys in which units is each model's own. Written down once, it is a policy like any other here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.needs import EXPOSURES_MAX, STATE_PERIOD_S, CameraNeed, Needs
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import ArmGroup, EndEffectorGroup

FOLDER = "servers"
PROTOCOLS = ("openpi", "gr00t", "graspvla")
FITS = ("pad", "stretch", "crop")
STEP_MAX = 0.5  # [rad] or [m] of one action

# Parts of a state; a part of three axes may be one of them: position.x.
JOINTS, POSITION = "joints", "position"
ROTATIONS = ("rotation_vector", "euler", "quaternion", "rotation_6d", "rotation_rows")
GRIPPER_STATES = ("closed", "opened", "width", "fingers", "sign")
STATES = (JOINTS, POSITION, *ROTATIONS, *GRIPPER_STATES)
AXES = ("x", "y", "z")

# Kinds of actions, and how many numbers each has; joints have as many as the arm.
JOINT_STEPS, POSITION_STEPS, GRIPPER = "joint_steps", "position_steps", "gripper"
STEP_ROTATIONS = ("rotation_vector_steps", "euler_steps")
ABSOLUTE_ROTATIONS = ("rotation_vector", "euler", "quaternion", "rotation_6d")
STEPS = (JOINT_STEPS, POSITION_STEPS, *STEP_ROTATIONS)
SIZES = {POSITION: 3, POSITION_STEPS: 3, "rotation_vector_steps": 3, "euler_steps": 3, "rotation_vector": 3, "euler": 3,
         "quaternion": 4, "rotation_6d": 6, GRIPPER: 1}  # fmt: skip
KINDS = (JOINTS, JOINT_STEPS, *SIZES)


@dataclass(frozen=True)
class SentPicture:
    """One picture. Raises ConfigError for a size or a fit that cannot be."""

    camera: str  # name or role on the robot
    width: int  # [px]
    height: int  # [px]
    # pad: scaled until it fits, black beside it; stretch: scaled alone; crop: cut at its middle to the shape, scaled
    fit: str = "pad"
    turned: bool = False  # by half a turn
    planar: bool = False  # (3, H, W) instead of (H, W, 3)
    earlier_s: float = 0.0  # [s] before it: the picture of then is sent in front of it; 0: it alone

    def __post_init__(self) -> None:
        if self.fit not in FITS:
            raise ConfigError(unknown_name("fit", self.fit, FITS))
        if not (16 <= self.width <= 4096 and 16 <= self.height <= 4096):
            raise ConfigError(f"picture of '{self.camera}': {self.width}x{self.height}: give 16 to 4096 pixels")
        if not 0.0 <= self.earlier_s <= 10.0:
            raise ConfigError(f"picture of '{self.camera}': earlier_s must be 0 to 10 s, got {self.earlier_s}")


@dataclass(frozen=True)
class Offset:
    """A frame in another one."""

    position: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [m]
    rotation_vector: tuple[float, float, float] = (0.0, 0.0, 0.0)  # [rad]


@dataclass(frozen=True)
class ActionPart:
    """Some numbers of an action. Raises ConfigError for what cannot be.

    Steps follow one another from where the arm is commanded to be, whose joints are the measured ones: joints by
    addition, a tool's position in the server's base frame, its orientation by a rotation about that frame's axes. Euler
    angles are roll, pitch and yaw about fixed axes, in this order.
    """

    kind: str
    arm: str = ""  # empty: the robot's arm with a gripper
    keys: tuple[str, ...] = ()  # of the reply, whose columns these are; empty: the next ones of the contract's `reply`
    scale: float = 1.0  # [rad] or [m] that 1 is, of steps
    bound: float = 0.0  # of steps: what is beyond it, either way, counts as it, before `scale`; 0: no bound
    # Of a gripper: which number is closed, which open, which leaves it as it is; the nearest counts.
    closed: float = 1.0
    open: float = 0.0
    hold: float | None = None
    proportional: bool = False  # the width is between closed and open as the number is

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(unknown_name("kind of action", self.kind, KINDS))
        if not (math.isfinite(self.scale) and math.isfinite(self.bound) and self.bound >= 0.0 and self.scale > 0.0):
            raise ConfigError(
                f"{self.kind}: scale must be above 0 and bound at least 0, got {self.scale}, {self.bound}"
            )
        step = self.scale * self.bound
        if self.kind in STEPS and self.bound and step > STEP_MAX:
            raise ConfigError(f"{self.kind}: an action moves up to {step:g} (scale · bound): at most {STEP_MAX} rad or "
                              "m are taken")  # fmt: skip
        if self.kind == GRIPPER and (self.closed == self.open or (self.proportional and self.hold is not None)):
            raise ConfigError("gripper: closed and open must differ, and a proportional one has no hold")


@dataclass(frozen=True)
class ServerContract:
    """Pictures, state and words out, actions in. Raises ConfigError for what no server can have."""

    robots: tuple[str, ...]  # that its actions are for
    rate_hz: float  # of actions
    take: int  # actions of a reply that are taken; a server's may have more
    pictures: dict[str, SentPicture]  # key → picture; the first one's exposures stamp the chunks
    # key → numbers, one behind the other; of an arm that is named before a slash, left/joints
    state: dict[str, tuple[str, ...]]
    actions: tuple[ActionPart, ...]  # numbers of an action, in order
    protocol: str = "openpi"
    words: str = "prompt"  # key of the instruction; GR00T's server says its own
    reply: str = "actions"  # key of the actions
    tool: Offset = field(default_factory=Offset)  # the server's tool in this robot's tool frame, for poses
    base: Offset = field(default_factory=Offset)  # this robot's base in the server's frame, for poses

    def __post_init__(self) -> None:
        if self.protocol not in PROTOCOLS:
            raise ConfigError(unknown_name("protocol", self.protocol, PROTOCOLS))
        if not self.robots or not self.pictures or not self.actions:
            raise ConfigError("a server's contract needs robots, pictures and actions: name one of each at least")
        if not 1.0 <= self.rate_hz <= 200.0:
            raise ConfigError(f"rate_hz must be 1 to 200, got {self.rate_hz}")
        if not 1 <= self.take <= 200:
            raise ConfigError(f"take must be 1 to 200 actions, got {self.take}")
        for parts in self.state.values():
            for part in parts:
                _check_state(part)
        for arm in dict.fromkeys(part.arm for part in self.actions):
            _check_arm(arm, [part.kind for part in self.actions if part.arm == arm])

    @property
    def arms(self) -> tuple[str, ...]:
        """Name the arms that actions move, "" the one with a gripper."""
        return tuple(dict.fromkeys(part.arm for part in self.actions))

    def needs(self) -> Needs:
        """Return what of the robot is sent."""
        older: dict[str, int] = {}
        for picture in self.pictures.values():
            exposures = min(EXPOSURES_MAX, math.ceil(picture.earlier_s / STATE_PERIOD_S - 1e-9))
            older[picture.camera] = max(older.get(picture.camera, 0), exposures)
        cameras = tuple(CameraNeed(name, history=exposures) for name, exposures in older.items())
        return Needs(cameras, history_s=0.3 if self.protocol == "graspvla" else 0.0)

    def gives(self, robot: Embodiment) -> ActionContract:
        """Return what the actions move. Raises ConfigError for another robot than the contract is for."""
        if robot.name not in self.robots:
            raise ConfigError(f"its actions are for {' or '.join(self.robots)}, not for '{robot.name}'")
        kinds = {arm: {part.kind for part in self.actions if part.arm == arm} for arm in self.arms}
        by_joints = [arm for arm in self.arms if kinds[arm] & {JOINTS, JOINT_STEPS}]
        by_pose = [arm for arm in self.arms if kinds[arm] & {POSITION, POSITION_STEPS}]
        return ActionContract(
            arms=tuple(named_arm(robot, arm).name for arm in by_pose),
            joints=tuple(joint for arm in by_joints for joint in named_arm(robot, arm).joints),
            grippers=tuple(named_gripper(robot, arm).name for arm in self.arms if GRIPPER in kinds[arm]),
            reference="delta" if any(part.kind in STEPS for part in self.actions) else "absolute",
            horizon=self.take,
        )


def named_arm(robot: Embodiment, arm: str) -> ArmGroup:
    """Return the arm of that name, or the one with a gripper. Raises ConfigError for none."""
    return robot.arm(arm) if arm else robot.gripper_arm


def named_gripper(robot: Embodiment, arm: str) -> EndEffectorGroup:
    """Return the gripper on the arm of that name, or the only one. Raises ConfigError for none."""
    return robot.gripper_on(arm) if arm else robot.only_gripper


def load_server_contract(name: str) -> ServerContract:
    """Read one by its name, or by the path of a .yaml file. Raises ConfigError with the nearest name."""
    return load_config(config_path(FOLDER, "server contract", name), ServerContract)


def _check_state(part: str) -> None:
    name, _, axis = part.rpartition("/")[2].partition(".")
    if name not in STATES:
        raise ConfigError(unknown_name("state", name, STATES))
    if axis and (axis not in AXES or name not in (POSITION, "rotation_vector", "euler")):
        raise ConfigError(f"state '{part}': one axis (.x, .y, .z) is of position, rotation_vector or euler")


def _check_arm(arm: str, kinds: Sequence[str]) -> None:
    """Raise ConfigError unless an arm is moved in one way, each thing once."""
    what = f"actions of arm '{arm}'" if arm else "actions"
    twice = next((kind for kind in kinds if kinds.count(kind) > 1), None)
    if twice:
        raise ConfigError(f"{what}: {twice} stands there twice")
    moving = {kind for kind in kinds if kind != GRIPPER}
    pairs = (
        {JOINTS}, {JOINT_STEPS}, *({POSITION, rotation} for rotation in ABSOLUTE_ROTATIONS),
        *({POSITION_STEPS, rotation} for rotation in STEP_ROTATIONS), set(),
    )  # fmt: skip
    if moving not in pairs:
        raise ConfigError(f"{what}: {', '.join(sorted(moving))}: give joints, joint_steps, a position with a rotation, "
                          "or position_steps with a rotation's steps")  # fmt: skip
