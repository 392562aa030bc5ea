# SPDX-License-Identifier: Apache-2.0
"""What the tests of planning share: one planner of each backend, and a second look at what it returns."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from vla_ros.planning.backends import available_backends, make_planner
from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.planner import MotionPlanner
from vla_ros.planning.problem import Plan, PlanningProblem
from vla_ros.planning.scene import CollisionScene, box_between
from vla_ros.planning.trajectory import motion_limits
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")
ARM = FRANKA.arm("panda")
HOME = np.array(ARM.home)
TABLE = box_between("table", (0.15, -0.7, -0.04), (1.05, 0.7, 0.0))
BACKENDS = [
    pytest.param(name, marks=pytest.mark.skipif(name not in available_backends(), reason=f"{name} is not installed"))
    for name in ("ompl", "moveit")
]


@lru_cache
def planner(backend: str = "ompl") -> MotionPlanner:
    return make_planner(FRANKA, "panda", backend)


def ompl() -> MotionPlanner:
    return planner("ompl")


def checker(*obstacles, margin: float = 0.0, **keys) -> CollisionChecker:
    return CollisionChecker(ompl().geometry, CollisionScene(tuple(obstacles), **keys), margin)


def tool(q: np.ndarray) -> np.ndarray:
    return ompl().tools(q)["panda"]


def assert_sound(plan: Plan, problem: PlanningProblem) -> None:
    """Look again at four times the resolution: free, within limits, at rest at both ends, in one piece."""
    times = np.interp(np.arange(4 * len(plan.times) - 3) / 4, np.arange(len(plan.times)), plan.times)
    again = CollisionChecker(ompl().geometry, problem.scene, problem.margin - 0.001, problem.gripper_width)
    assert all(again.free(q) for q in plan.sample(times))
    np.testing.assert_allclose(plan.positions[0], problem.start, atol=1e-9)
    limits = motion_limits([ARM], problem.speed_scale)
    assert (plan.positions >= limits.lower - 1e-6).all()
    assert (plan.positions <= limits.upper + 1e-6).all()
    dt = np.diff(plan.times)[:, None]
    for rates, highest in (
        (np.diff(plan.positions, axis=0) / dt, limits.velocity),
        (np.diff(plan.velocities, axis=0) / dt, limits.acceleration),
        (np.diff(plan.accelerations, axis=0) / dt, limits.jerk),
    ):
        assert (np.abs(rates) <= highest * 1.001).all()
    for ends in (plan.velocities[[0, -1]], plan.accelerations[[0, -1]]):
        np.testing.assert_allclose(ends, 0.0, atol=1e-5)
    # Two samples are never further apart than 2 mm of the tool and half a degree of it.
    poses = np.array([tool(q) for q in plan.positions])
    assert np.linalg.norm(np.diff(poses[:, :3, 3], axis=0), axis=1).max() <= 0.002 + 1e-9
    turns = np.einsum("kij,kij->k", poses[1:, :3, :3], poses[:-1, :3, :3])
    assert np.degrees(np.arccos(np.clip((turns - 1.0) / 2.0, -1.0, 1.0))).max() <= 0.5 + 1e-3
