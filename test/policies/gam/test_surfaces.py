# SPDX-License-Identifier: Apache-2.0
"""Candidates are brought to the surface that is measured."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_ros.policies.gam.actions import Candidates, decided
from vla_ros.policies.gam.analysis.surfaces import MEANT, Surfaces
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.named import load_tool

TOOL = load_tool("seven_piston")
DOWN = np.diag([1.0, -1.0, -1.0])


def sheet(turn: list[float], half: float = 0.1, noise: float = 0.0) -> np.ndarray:
    """Return points (M, 3) of a plane through (0.4, 0, 0.1) that is turned by a rotation vector [rad]."""
    u, v = np.meshgrid(np.arange(-half, half, 0.003), np.arange(-half, half, 0.003))
    flat = np.column_stack([u.ravel(), v.ravel(), np.zeros(u.size)])
    flat[:, 2] += np.random.default_rng(0).normal(0.0, noise, len(flat))
    return np.asarray(Rotation.from_rotvec(turn).apply(flat) + np.array([0.4, 0.0, 0.1]))


def surfaces(points: np.ndarray) -> Surfaces:
    return Surfaces(MeasuredPoints(points, np.zeros(len(points), int), 0.0))


def over(cups: list[int], place: tuple[float, float, float] = (0.4, 0.0, 0.12)) -> Candidates:
    active = np.zeros((1, 7))
    active[0, cups] = 1.0
    nothing = np.full(1, np.nan)
    return Candidates(np.array([place]), DOWN[None], active, nothing, nothing)


@pytest.mark.parametrize("turn", [[0.1, 0.2, 0.0], [-0.15, 0.0, 0.0], [0.0, 0.2, 0.3]])
@pytest.mark.parametrize("cups", [[3], [0, 1, 2, 3, 4, 5, 6]])
def test_a_tool_is_turned_to_face_what_is_below_its_cups(turn, cups):
    candidates = over(cups)
    met = surfaces(sheet(turn, noise=0.001)).met(candidates, TOOL)
    normal = Rotation.from_rotvec(turn).apply([0.0, 0.0, 1.0])
    assert -met.rotations[0][:, 2] @ normal > np.cos(np.radians(3.0))
    assert np.linalg.det(met.rotations[0]) == pytest.approx(1.0)
    assert (met.active == candidates.active).all()
    lips = [met.positions[0] + met.rotations[0] @ (TOOL.cups[cup].x, TOOL.cups[cup].y, 0.0) for cup in cups]
    distances = [(lip - (0.4, 0.0, 0.1)) @ normal for lip in lips]
    assert np.allclose(distances, MEANT * TOOL.cups[0].stroke, atol=0.004)


def test_a_cup_beyond_an_edge_or_over_nothing_even_stays_off():
    met = surfaces(sheet([0.0, 0.0, 0.0], half=0.045)).met(over([0, 1]), TOOL)  # cup 2 is 42 mm beside the middle
    assert met.active[0].tolist() == [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    rough = surfaces(sheet([0.0, 0.0, 0.0], noise=0.008)).met(over([0, 1]), TOOL)
    assert not rough.active.any()
    steep = surfaces(sheet([0.7, 0.0, 0.0])).met(over([0]), TOOL)  # 40°: more than a candidate is turned
    assert not steep.active.any()


def test_an_element_acts_or_does_not_before_anybody_scores_it():
    shares = np.array([[0.2, 0.9, 0.6], [0.1, 0.4, 0.3]])
    nothing = np.full(2, np.nan)
    found = decided(Candidates(np.zeros((2, 3)), np.tile(DOWN, (2, 1, 1)), shares, nothing, nothing))
    assert found.active.tolist() == [[0.0, 1.0, 1.0], [0.0, 1.0, 0.0]]
