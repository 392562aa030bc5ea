# SPDX-License-Identifier: Apache-2.0
"""From anywhere to the mouth of a slot, then along its bend: a way that does not matter, and one that does.

Who demonstrates comes to the mouth by bows of his own, now to one side, now to the other; in the slot all do the same.

Shape legend: N moments, T points, H steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bench.moving_line.task import PERIOD, WIDTH, codec, commanded_position, normaliser_of, observation_at, tool_pose
from vla_ros.policies.base import Policy
from vla_ros.policies.flow.policy import MlpFlowPolicy
from vla_ros.policies.flow.training import FlowTraining, train_flow
from vla_ros.policies.flow.waypoints import Waypoints, train_waypoints

HORIZON = 16
MOUTH = np.array([0.5, 0.0, 0.2])  # [m]
LONG, BEND, RADIUS = 0.12, 0.03, 0.004  # [m] of the slot along x, aside at its end, on either side of its middle
AREA = (0.30, 0.20)  # [m] before the mouth along x, and to either side, where ways begin
FAST, SLOW = 0.15, 0.04  # [m/s] outside and inside
BOW = 0.06  # [m] standard deviation of how far a demonstrated way goes aside
SHAKE = 0.001  # [m] standard deviation of a demonstrated point outside
LATE_S = 14.0  # [s] after which a drive is over
NEAR = 0.02  # [m] before the mouth in which every action counts
CODEC = codec(HORIZON)


def features(position: np.ndarray) -> np.ndarray:
    """Return what a policy is conditioned on (..., 5): the tool (..., 3) [m] from the mouth, far and near."""
    away = position - MOUTH
    fine = np.clip(away[..., :2] / 0.01, -4.0, 4.0)
    return np.concatenate([away / 0.1, fine], axis=-1)


def middle(x: np.ndarray) -> np.ndarray:
    """Return where the slot's middle is aside [m] at x [m] from its mouth."""
    share = np.clip(x / LONG, 0.0, 1.0)
    return BEND * share**2 * (3.0 - 2.0 * share)


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """Moments of some ways."""

    at: np.ndarray  # (N, 3) [m] of the tool
    points: np.ndarray  # (N, H, 3) [m] demonstrated next
    dense: np.ndarray  # (N,) bool: from just before the mouth on

    @staticmethod
    def drawn(ways: int, seed: int) -> Demonstrations:
        """Return every moment of `ways` ways."""
        random = np.random.default_rng(seed)
        parts = [_way(random) for _ in range(ways)]
        at = np.concatenate([way[:-1] for way in parts])
        following = [
            np.minimum(np.arange(len(way) - 1)[:, None] + np.arange(1, HORIZON + 1), len(way) - 1) for way in parts
        ]
        points = np.concatenate([way[rows] for way, rows in zip(parts, following, strict=True)])
        return Demonstrations(at, points, at[:, 0] > MOUTH[0] - NEAR)

    @property
    def relabelled(self) -> Demonstrations:
        """Return them as if sparse moments had gone straight to the waypoint: HYDRA's relabelling."""
        goal = _gate()
        step = FAST * PERIOD * np.arange(1, HORIZON + 1)[:, None]
        away = goal - self.at
        far = np.linalg.norm(away, axis=1)[:, None, None]
        straight = self.at[:, None] + away[:, None] / np.maximum(far, 1e-9) * np.minimum(step, far)
        return Demonstrations(self.at, np.where(self.dense[:, None, None], self.points, straight), self.dense)


def _begin(random: np.random.Generator) -> np.ndarray:
    """Return where a way begins (3,) [m]."""
    return np.asarray(MOUTH - [random.uniform(0.3, 1.0) * AREA[0], random.uniform(-1.0, 1.0) * AREA[1], 0.0])


def _gate() -> np.ndarray:
    """Return where sparse moments lead to (3,) [m]: just before the mouth, so that what follows is dense."""
    return np.asarray(MOUTH - [0.75 * NEAR, 0.0, 0.0])


def _way(random: np.random.Generator) -> np.ndarray:
    """Return the points (T, 3) of one way, a PERIOD apart."""
    begin, goal = _begin(random), _gate()
    share = np.linspace(0.0, 1.0, max(3, round(np.linalg.norm(goal - begin) / (FAST * PERIOD))))[:, None]
    aside = np.array([-(goal - begin)[1], (goal - begin)[0], 0.0]) / np.linalg.norm(goal - begin)
    outside = begin + share * (goal - begin) + random.normal(0.0, BOW) * np.sin(np.pi * share) * aside
    outside[1:-1, :2] += random.normal(0.0, SHAKE, (len(outside) - 2, 2))
    x = np.arange(goal[0] - MOUTH[0] + SLOW * PERIOD, LONG + 0.01, SLOW * PERIOD)
    inside = MOUTH + np.column_stack([x, middle(x), np.zeros_like(x)])
    return np.vstack([outside, inside])


def train(ways: Demonstrations, iterations: int, seed: int, waypoints: bool) -> MlpFlowPolicy:
    """Return a policy that has learned some ways, with waypoints or without."""
    steps = np.diff(np.concatenate([ways.at[:, None], ways.points], axis=1), axis=1)
    actions = np.zeros((len(steps), HORIZON, 7))
    actions[..., :3], actions[..., 6] = steps, WIDTH
    normaliser = normaliser_of(actions)
    settings = FlowTraining(iterations=iterations, seed=seed)
    conditions = features(ways.at)
    network, _ = train_flow(normaliser.normalise(actions), conditions, settings)
    if waypoints:
        train_waypoints(network, _waypoints(ways, actions, conditions), settings)
    return MlpFlowPolicy(network, normaliser, CODEC, lambda seen: features(commanded_position(seen)))


def _waypoints(ways: Demonstrations, actions: np.ndarray, conditions: np.ndarray) -> Waypoints:
    leading = actions[:, 0].copy()
    leading[~ways.dense, :3] = (_gate() - ways.at)[~ways.dense]
    return Waypoints(conditions, leading, ways.dense)


def drive(policy: Policy, seed: int, executed: int) -> np.ndarray:
    """Return the path (T, 3) [m] of a tool that begins somewhere and executes `executed` actions of each chunk.

    It is where it was told to be within 1 mm.
    """
    policy.reset()
    random = np.random.default_rng(10_000 + seed)
    at = _begin(random)
    path, now = [at], 0.0
    while now < LATE_S and at[0] < MOUTH[0] + LONG:
        chunk = policy.infer(observation_at(now, tool_pose(at), 0.0))
        count = min(executed, len(chunk.times))
        path.extend(chunk.values[:count, :3])
        at = path[-1] + np.append(random.normal(0.0, 0.0005, 2), 0.0)
        now += float(chunk.times[count - 1])
    return np.array(path)


def through(path: np.ndarray) -> bool:
    """Say whether a path (T, 3) went through the slot from its mouth to its end without touching its sides."""
    own = path[:, :2] - MOUTH[:2]
    if own[-1, 0] < LONG:
        return False
    x = np.linspace(0.0, LONG, 61)
    rows = np.flatnonzero(own[:, 0] < 0.0)
    inside = own[rows[-1] :]
    rising = np.maximum.accumulate(inside[:, 0])
    return bool((np.abs(np.interp(x, rising, inside[:, 1]) - middle(x)) < RADIUS).all())
