# SPDX-License-Identifier: Apache-2.0
"""Cages by analysis of points, around boxes that are seen from above."""

from __future__ import annotations

import numpy as np
import pytest
from scene_making.bin_points import level_face as face

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.cages import across_narrow_side, caged
from vla_ros.policies.gam.candidate_poses import about_vertical
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.named import load_tool

TOP = 0.08  # [m]
DOWN = np.diag([1.0, -1.0, -1.0])


def picks(places: list[tuple[float, float]], turns: list[float], tool: Tool) -> Candidates:
    """Return picks by suction that look down, their middle cup alone on."""
    count, nothing = len(places), np.full(len(places), np.nan)
    active = np.zeros((count, len(tool.names)))
    active[:, 1] = 1.0
    positions = np.array([[x, y, TOP + 0.008] for x, y in places])
    return Candidates(positions, np.array([about_vertical(turn) @ DOWN for turn in turns]), active, nothing, nothing)


def test_fingers_of_a_cage_pass_what_is_held_and_none_fit_around_what_is_wider():
    tool = load_tool("hybrid")
    small, wide = face(0.4, 0.2, TOP, (0.03, 0.03)), face(0.7, 0.2, TOP, (0.08, 0.03))
    points = np.concatenate([small, wide])
    of = np.where(np.arange(len(points)) < len(small), 0, 1)
    by_suction = picks([(0.4, 0.2), (0.7, 0.2)], [0.0, 0.0], tool)
    found, well = caged(by_suction, MeasuredPoints(points, of, 0.0), np.array([0, 1]), tool)
    assert found.widths[0] == pytest.approx(2 * (0.03 + 0.012), abs=0.007)
    assert found.depths[0] == pytest.approx(0.02, abs=0.002)
    assert well[0] > 0.8
    assert well[1] == 0.0
    assert found.active[0].tolist() == [0.0, 1.0, 0.0, 1.0, 1.0]


def test_where_fingers_open_no_further_they_may_come_nearer():
    tool = load_tool("hybrid")
    assert tool.opening == pytest.approx(0.12)
    half = {0.052: True, 0.057: False}  # 8 and 3 mm on either side
    for wide, fits in half.items():
        points = face(0.4, 0.2, TOP, (wide, 0.03))
        measured = MeasuredPoints(points, np.zeros(len(points), int), 0.0)
        found, well = caged(picks([(0.4, 0.2)], [0.0], tool), measured, np.array([0]), tool)
        assert bool(well[0] > 0.0) is fits
        assert found.widths[0] == pytest.approx(tool.opening)


def test_a_pick_is_turned_and_moved_until_fingers_close_alike_across_the_narrow_side():
    tool = load_tool("hybrid")
    turn = 0.7  # [rad] of a board of 7 by 16 cm
    points = face(0.0, 0.0, TOP, (0.035, 0.08)) @ about_vertical(turn).T + [0.4, 0.2, 0.0]
    measured, meant = MeasuredPoints(points, np.zeros(len(points), int), 0.0), np.zeros(40, int)
    rng = np.random.default_rng(0)
    places = [tuple(points[n, :2]) for n in rng.integers(len(points), size=40)]
    by_suction = picks(places, rng.uniform(-np.pi, np.pi, 40).tolist(), tool)
    before = caged(by_suction, measured, meant, tool)[1]
    across = across_narrow_side(by_suction, measured, meant, tool, rng)
    after = caged(across, measured, meant, tool)[1]
    narrow = about_vertical(turn) @ [1.0, 0.0, 0.0]
    closing = across.rotations @ np.array([*tool.fingers[0].direction, 0.0])
    assert np.median(np.abs(closing @ narrow)) > 0.97
    assert (after > 0.0).mean() > 0.9 > 3 * (before > 0.0).mean()
    assert after[after > 0.0].min() > 0.9  # alike on both sides
    assert (across.active[:, : len(tool.cups)] == 1.0).all()
    np.testing.assert_allclose(across.positions[:, 2], by_suction.positions[:, 2])


def test_picks_that_are_nowhere_or_of_a_tool_whose_fingers_do_not_oppose_stay_as_they_are():
    points = face(0.4, 0.2, TOP, (0.035, 0.08))
    measured, rng = MeasuredPoints(points, np.zeros(len(points), int), 0.0), np.random.default_rng(0)
    piston, meant = load_tool("seven_piston"), np.zeros(1, int)
    by_suction = picks([(0.4, 0.2)], [0.3], piston)
    assert across_narrow_side(by_suction, measured, meant, piston, rng) is by_suction
    nowhere = picks([(np.nan, 0.2)], [0.3], load_tool("hybrid"))
    turned = across_narrow_side(nowhere, measured, meant, load_tool("hybrid"), rng)
    np.testing.assert_array_equal(turned.positions, nowhere.positions)
    np.testing.assert_array_equal(turned.rotations, nowhere.rotations)
