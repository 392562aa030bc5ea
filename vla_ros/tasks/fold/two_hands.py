# SPDX-License-Identifier: Apache-2.0
"""Two hands that move as one: where both are at a time, smooth ways between, one chunk for the channels of both arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from controllers.rotations import from_matrix
from vla_ros.policies.action_codec import ActionCodec
from vla_ros.policies.contract import ActionContract
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.sim.grasping.motion import minimum_jerk

PERIOD_S = 0.1  # [s] between two actions


@dataclass(frozen=True)
class Hand:
    """Where one hand is: its tool leans by `tilt` towards `yaw`, its fingers close across that."""

    position: tuple[float, float, float]  # [m]
    yaw: float  # [rad] about the vertical, of where it leans
    tilt: float  # [rad] 0: it points straight down

    @property
    def T(self) -> np.ndarray:
        """Return T_base_ee (4, 4)."""
        (c, s), (ct, st) = (np.cos(self.yaw), np.sin(self.yaw)), (np.cos(self.tilt), np.sin(self.tilt))
        z, y = np.array([st * c, st * s, -ct]), np.array([-s, c, 0.0])
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = np.stack([np.cross(y, z), y, z], axis=1), self.position
        return T


@dataclass(frozen=True, eq=False)
class Both:
    """Both hands at a time, in the order of the arms, and how wide the grippers are told to open [m]."""

    tools: tuple[np.ndarray, ...]  # T_base_ee (4, 4)
    width: float


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
    """Return the pose (4, 4) at a share of the way through several, straight and about one axis from each to the next."""
    place = fraction * (len(tools) - 1)
    index = min(int(place), len(tools) - 2)
    return interpolate(tools[index], tools[index + 1], place - index)


def interpolate(T_start: np.ndarray, T_end: np.ndarray, fraction: float) -> np.ndarray:
    """Return the pose (4, 4) at a share of the way between two."""
    from scipy.spatial.transform import Rotation, Slerp

    T = np.eye(4)
    turn = Slerp([0.0, 1.0], Rotation.from_matrix([T_start[:3, :3], T_end[:3, :3]]))
    T[:3, :3] = turn(fraction).as_matrix()
    T[:3, 3] = (1.0 - fraction) * T_start[:3, 3] + fraction * T_end[:3, 3]
    return T


class TwoArms:
    """The arms of a robot with two grippers, left to right, and chunks that move both."""

    def __init__(self, embodiment: Embodiment) -> None:
        grippers = sorted(embodiment.grippers, key=lambda one: -_side(embodiment, one.arm))
        self.arms = tuple(embodiment.arm(one.arm) for one in grippers)
        self.grippers = tuple(grippers)
        self.width_max = min(one.width_max for one in grippers)
        self.models = tuple(
            ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame) for arm in self.arms
        )
        contract = ActionContract(
            arms=tuple(arm.name for arm in self.arms), grippers=tuple(one.name for one in grippers), anchor="none"
        )
        self.codec = ActionCodec(contract, embodiment.base_frame, PERIOD_S)

    def values(self, both: Both) -> list[float]:
        """Return one row of a chunk's targets."""
        poses = [value for T in both.tools for value in (*T[:3, 3], *from_matrix(T[:3, :3]))]
        return [*poses, *(both.width for _ in self.grippers)]

    def follow(self, steps: Sequence[Both], start: Sequence[np.ndarray]) -> bool:
        """Say whether both arms get there from joints `start`, without a jump."""
        for arm, model, q in zip(range(len(self.arms)), self.models, start, strict=True):
            group = self.arms[arm]
            stride = group.velocity * PERIOD_S
            for step in steps[::2]:
                q_next = solve_ik(model, step.tools[arm], q, q_rest=group.home, starts=1)
                if q_next is None or (np.abs(q_next - q) > 2.0 * stride).any():
                    return False
                q = q_next
        return True

    def mount(self, positions: Mapping[str, float]) -> None:
        """Have the arms' models stand where the joints that carry them are [rad], [m]."""
        for model in self.models:
            model.mount.place(np.array([positions[joint] for joint in model.mount.carriers]))


def _side(embodiment: Embodiment, arm: str) -> float:
    """Return how far to the left an arm's tool is at home [m]."""
    group = embodiment.arm(arm)
    return float(ArmModel(expand_urdf(embodiment), group.joints, group.tool_frame).forward(group.home)[1, 3])
