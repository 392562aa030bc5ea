# SPDX-License-Identifier: Apache-2.0
"""Two hands that move as one: where both are at a time, smooth ways between, one chunk for both arms' channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from controllers.rotations import from_matrix
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.contract import ActionContract
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.sim.grasping.motion import minimum_jerk
from vla_ros.sim.world import World

PERIOD_S = 0.1  # [s] between two actions
_LOOKED_AT = 2  # of so many actions one is looked at


@dataclass(frozen=True)
class Hand:
    """Where one hand is: its tool leans by `tilt` towards `yaw`, its fingers close across that.

    `turned`: by half a turn about its tool, after which the fingers stand as before.
    """

    position: tuple[float, float, float]  # [m]
    yaw: float  # [rad] about the vertical, of where it leans
    tilt: float  # [rad] 0: it points straight down
    turned: bool = False

    @property
    def T(self) -> np.ndarray:
        """Return T_base_ee (4, 4)."""
        (c, s), (ct, st) = (np.cos(self.yaw), np.sin(self.yaw)), (np.cos(self.tilt), np.sin(self.tilt))
        z, y = np.array([st * c, st * s, -ct]), np.array([-s, c, 0.0]) * (-1.0 if self.turned else 1.0)
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = np.stack([np.cross(y, z), y, z], axis=1), self.position
        return T


@dataclass(frozen=True)
class Lean:
    """How far hands lean away from the robot [rad], and how high the tool is with the finger tips on the table [m]."""

    tilt: float
    height: float


@dataclass(frozen=True, eq=False)
class Both:
    """Both hands at a time, in the order of the arms, and how wide the grippers are told to open [m]."""

    tools: tuple[np.ndarray, ...]  # T_base_ee (4, 4)
    width: float


def tools_of(hands: Sequence[Hand]) -> tuple[np.ndarray, ...]:
    """Return where the tools of hands are, T_base_ee (4, 4) each."""
    return tuple(hand.T for hand in hands)


def turned(tools: Sequence[np.ndarray], yaw: float, tilt: float) -> list[bool]:
    """Say of each tool (4, 4) whether its hand is `turned`: wrists of another robot come from the other side."""
    straight = Hand((0.0, 0.0, 0.0), yaw, tilt).T
    return [bool(T[:3, 0] @ straight[:3, 0] < 0.0) for T in tools]


def way(start: Sequence[np.ndarray], through: Sequence[Sequence[Hand]], width: float, seconds: float) -> list[Both]:
    """Return how both hands pass through `through`, evenly in time, smoothly begun and ended."""
    fractions = minimum_jerk(seconds, PERIOD_S)
    tracks = []
    for arm, first in enumerate(start):
        tools = [first, *(hands[arm].T for hands in through)]
        tracks.append([_between(tools, fraction) for fraction in fractions])
    return [Both(tools, width) for tools in zip(*tracks, strict=True)]


def wait(tools: tuple[np.ndarray, ...], width: float, seconds: float) -> list[Both]:
    """Return both hands where they are while the fingers move."""
    return [Both(tools, width)] * max(1, round(seconds / PERIOD_S))


def _between(tools: Sequence[np.ndarray], fraction: float) -> np.ndarray:
    """Return the pose (4, 4) at a share of the way through several, straight from each to the next."""
    place = fraction * (len(tools) - 1)
    index = min(int(place), len(tools) - 2)
    return interpolate(tools[index], tools[index + 1], place - index)


def interpolate(T_start: np.ndarray, T_end: np.ndarray, fraction: float) -> np.ndarray:
    """Return the pose (4, 4) at a share of the way between two."""
    T = np.eye(4)
    turn = Slerp([0.0, 1.0], Rotation.from_matrix([T_start[:3, :3], T_end[:3, :3]]))
    T[:3, :3] = turn(fraction).as_matrix()
    T[:3, 3] = (1.0 - fraction) * T_start[:3, 3] + fraction * T_end[:3, 3]
    return T


class TwoArms:
    """The arms of a robot that hold grippers, from left to right, and chunks that move all of them."""

    def __init__(self, embodiment: Embodiment) -> None:
        urdf = expand_urdf(embodiment)
        arms = [embodiment.arm(gripper.arm) for gripper in embodiment.grippers]
        models = {arm.name: ArmModel(urdf, arm.joints, arm.tool_frame) for arm in arms}
        self.arms = tuple(sorted(arms, key=lambda arm: -float(models[arm.name].forward(arm.home)[1, 3])))
        self.grippers = tuple(embodiment.gripper_on(arm.name) for arm in self.arms)
        self.models = tuple(models[arm.name] for arm in self.arms)
        self.width_max = min(gripper.width_max for gripper in self.grippers)
        contract = ActionContract(
            arms=tuple(arm.name for arm in self.arms),
            grippers=tuple(gripper.name for gripper in self.grippers),
            anchor="none",
        )
        self.codec = ActionCodec(contract, embodiment.base_frame, PERIOD_S)

    def values(self, both: Both) -> list[float]:
        """Return one row of a chunk's targets."""
        poses = [value for T in both.tools for value in (*T[:3, 3], *from_matrix(T[:3, :3]))]
        return [*poses, *(both.width for _ in self.grippers)]

    def stand(self, world: World) -> None:
        """Have the arms' models stand where what carries them is now."""
        for model in self.models:
            carriers = [world.model.joint(name).qposadr[0] for name in model.mount.carriers]
            model.mount.place(world.data.qpos[carriers])

    def swing(
        self, start: Sequence[np.ndarray], tools: Sequence[np.ndarray], width: float, seconds: float
    ) -> list[Both] | None:
        """Return how both hands get to `tools` (4, 4) with every joint going evenly from `start` [rad]; None: no way.

        It passes where a wrist would have to turn over on the straight way.
        """
        tracks = []
        for arm, model, q, T in zip(self.arms, self.models, start, tools, strict=True):
            goal = solve_ik(model, T, q, q_rest=arm.home)
            if goal is None:
                return None
            tracks.append([model.forward(q + share * (goal - q)) for share in minimum_jerk(seconds, PERIOD_S)])
        return [Both(step, width) for step in zip(*tracks, strict=True)]

    def follow(self, steps: Sequence[Both], start: Sequence[np.ndarray]) -> bool:
        """Say whether every arm gets there from joints `start` [rad], at no more than its joints' speed limits."""
        for index, (arm, model, q_start) in enumerate(zip(self.arms, self.models, start, strict=True)):
            q, stride = q_start, _LOOKED_AT * arm.velocity * PERIOD_S
            for step in steps[::_LOOKED_AT]:
                q_next = solve_ik(model, step.tools[index], q, q_rest=arm.home, starts=1)
                if q_next is None or (np.abs(q_next - q) > stride).any():
                    return False
                q = q_next
        return True
