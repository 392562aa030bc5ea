# SPDX-License-Identifier: Apache-2.0
"""Candidates near others."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.perturbing import perturbed
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION
from vla_ros.robots.tools.named import load_tool

HYBRID = load_tool("hybrid")
MANY = 400


def same(width: float) -> Candidates:
    """Return equal candidates of `hybrid` whose first cup is on."""
    active = np.zeros((MANY, len(HYBRID.names)))
    active[:, 0] = 1.0
    down = np.tile(np.diag([1.0, -1.0, -1.0]), (MANY, 1, 1))
    return Candidates(np.full((MANY, 3), 0.4), down, active, np.full(MANY, width), np.full(MANY, width))


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_they_stay_poses_and_stay_near_by_scale(scale):
    found = perturbed(same(np.nan), HYBRID, SUCTION, scale, np.random.default_rng(0))
    np.testing.assert_allclose(
        found.rotations @ found.rotations.swapaxes(1, 2), np.tile(np.eye(3), (MANY, 1, 1)), atol=1e-9
    )
    off = found.positions - 0.4
    assert np.std(off[:, 0]) == pytest.approx(0.008 * scale, rel=0.2)
    lean = np.arccos(-found.rotations[:, 2, 2])
    assert np.degrees(np.quantile(lean, 0.9)) < 6.0 * scale  # about its axis it turns farther than it leans
    assert np.isnan(found.widths).all()


@pytest.mark.parametrize("mode", [SUCTION, CAGE])
def test_cups_come_on_where_cups_take(mode):
    on = perturbed(same(0.001), HYBRID, mode, 1.0, np.random.default_rng(0)).active[:, : len(HYBRID.cups)]
    assert 0.4 < on.all(axis=1).mean() < 0.6


def test_a_pinch_turns_no_cup_on_and_fingers_keep_to_their_ways():
    found = perturbed(same(0.001), HYBRID, PINCH, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(found.active, same(0.0).active)
    assert min(found.widths.min(), found.depths.min()) >= 0.0
    assert np.ptp(found.widths) > 0.005
