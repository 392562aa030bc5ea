# SPDX-License-Identifier: Apache-2.0
"""Robots that stand elsewhere before the same post and line, which none of them sees: their demonstrations differ.

Shape legend: N samples, T points, H steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.moving_line.drive import LONG_S, TICK, Drive
from bench.moving_line.task import (
    BEGINNING,
    HEIGHT,
    LINE_X,
    PERIOD,
    POST,
    Ways,
    actions_through,
    observation_at,
    tool_pose,
)
from vla_ros.policies.base import Policy
from vla_ros.policies.flow.soft_prompts import Demonstrations

_YAW, _ASIDE = np.radians(60.0), 0.15  # [rad], [m] by which robots are turned and moved at most
_ABOUT = np.array([LINE_X, POST, HEIGHT])  # [m] what they are turned about
_UNIT = 0.1  # [m] of a feature


@dataclass(frozen=True, eq=False)
class Mounting:
    """Where a robot stands: its base in the world."""

    yaw: float  # [rad]
    aside: np.ndarray  # (2,) [m]

    @staticmethod
    def drawn(seed: int) -> Mounting:
        """Return one of a seed."""
        random = np.random.default_rng(seed)
        return Mounting(float(random.uniform(-_YAW, _YAW)), random.uniform(-_ASIDE, _ASIDE, 2))

    def own(self, points: np.ndarray) -> np.ndarray:
        """Return points (..., 3) of the world in the robot's base [m]."""
        return (points - _ABOUT - [*self.aside, 0.0]) @ self._turn + _ABOUT

    def world(self, points: np.ndarray) -> np.ndarray:
        """Return points (..., 3) of the robot's base in the world [m]."""
        return (points - _ABOUT) @ self._turn.T + _ABOUT + [*self.aside, 0.0]

    @property
    def _turn(self) -> np.ndarray:
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def features(position: np.ndarray) -> np.ndarray:
    """Return what a policy is conditioned on (..., 3): the tool's position (..., 3) [m] in its robot's base."""
    return np.asarray((position - _ABOUT) / _UNIT)


def demonstrations(mounting: Mounting, count: int, seed: int) -> Demonstrations:
    """Return `count` moments of a robot's ways; actions are not normalised yet."""
    points = mounting.own(Ways(count, seed).points(np.zeros(count), np.zeros((count, 3))))
    return Demonstrations(actions_through(points), features(points[:, 0]))


def drive_robot(policy: Policy, mounting: Mounting) -> Drive:
    """Return a way in the world: each chunk is executed to its end, then the policy looks again."""
    policy.reset()
    at, path, now = mounting.own(BEGINNING[:3, 3]), [], 0.0
    while now < LONG_S - 1e-9:
        chunk = policy.infer(observation_at(now, tool_pose(at), 0.0))
        way = np.vstack([at, chunk.values[:, :3]])
        ticks = np.arange(0.0, len(chunk.times) * PERIOD - 1e-9, TICK)
        path.append(np.column_stack([np.interp(ticks, PERIOD * np.arange(len(way)), one) for one in way.T]))
        at, now = way[-1], now + len(chunk.times) * PERIOD
    nothing = np.zeros(0)
    return Drive(mounting.world(np.concatenate(path)[: round(LONG_S / TICK)]), nothing, nothing)
