# SPDX-License-Identifier: Apache-2.0
"""How well a lip is taken to seal: on flat, bent and ending surfaces as cameras measure them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vla_ros.policies.gam.analysis.sealing import seal_quality
from vla_ros.robots.tools.named import load_tool

CUP = load_tool("single_cup").cups[0]
RNG = np.random.default_rng(0)


def plate(half: float = 0.06, step: float = 0.004) -> np.ndarray:
    """Return points (M, 3) of a plate under a lip, with the noise of a mean of frames."""
    u, v = (grid.ravel() for grid in np.meshgrid(*[np.arange(-half, half, step)] * 2))
    return np.column_stack([u, v, 0.001 * RNG.standard_normal(u.size)])


def quality(points: np.ndarray, its_own: np.ndarray | None = None) -> float:
    return seal_quality(points, np.ones(len(points), bool) if its_own is None else its_own, CUP)


def test_on_a_plate_it_is_nearly_sure_and_where_the_lip_hangs_over_it_is_not():
    points = plate()
    assert quality(points) > 0.85
    close = [quality(points[points[:, 0] < edge * CUP.radius]) for edge in (2.0, 0.98, 0.85, 0.5)]
    assert close[0] > 0.85
    assert close[0] > 2.0 * close[1] > 2.0 * close[3]
    assert close[1] >= close[2] >= close[3] == 0.0


@pytest.mark.parametrize("across", [True, False])
def test_the_more_a_surface_bends_the_less_it_is(across):
    points, found = plate(), []
    for radius in (0.5, 0.08, 0.04, 0.02):  # [m] of a cylinder, of a ball
        away = points[:, 0] ** 2 + (0.0 if across else 1.0) * points[:, 1] ** 2
        near = away < (0.95 * radius) ** 2
        bent = points[near] + np.column_stack([np.zeros((near.sum(), 2)), radius - np.sqrt(radius**2 - away[near])])
        found.append(quality(bent))
    if across:
        assert found[0] > found[1] > found[2] > found[3]
        assert found[3] < 0.5
    else:  # a rim is at one height all around: what bends alike both ways is left to the cup's bellows
        assert found[0] > 0.85


def test_a_rigid_lip_seals_on_what_is_even_alone():
    rough, rigid = plate() + np.array([0.0, 0.0, 0.005]), replace(CUP, bellows=0.0, stroke=0.02)
    flat = np.column_stack([rough[:, :2], np.full(len(rough), 0.005)])
    assert seal_quality(flat, np.ones(len(flat), bool), rigid) == pytest.approx(1.0)
    soft = replace(rigid, bellows=0.004)
    assert (
        seal_quality(rough, np.ones(len(flat), bool), rigid) < seal_quality(rough, np.ones(len(flat), bool), soft) - 0.1
    )


def test_steps_other_things_slopes_and_what_is_out_of_reach():
    points = plate()
    stepped = points + np.column_stack([np.zeros((len(points), 2)), 0.03 * (points[:, 0] > CUP.radius)])
    assert quality(stepped) < 0.5 * quality(points)  # its thing ends there
    assert quality(points, points[:, 0] < 0.0) == 0.0  # half of it lies on another
    far = points + np.array([0.0, 0.0, CUP.stroke + CUP.bellows + 0.01])
    assert quality(far) == 0.0
    slope = points.copy()
    slope[:, 2] += np.tan(1.5 * CUP.tilt) * slope[:, 0]
    assert quality(slope) == 0.0
    assert quality(points[:5]) == quality(np.zeros((0, 3))) == 0.0
