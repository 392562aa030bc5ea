# SPDX-License-Identifier: Apache-2.0
"""Pinches by analysis of points, on boxes that are seen from above."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scene_making.bin_points import level_face as face

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.pinches import centred, check_pinches, judge_pinches, propose_pinches
from vla_ros.policies.gam.criteria import criteria_of, merits
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.named import load_tool

FLOOR = 0.02  # [m]
TOP = 0.08


def pinched(points: np.ndarray, instances: np.ndarray, tool: str):
    criteria = criteria_of("pinch")
    rng = np.random.default_rng(0)
    measured = MeasuredPoints(points, instances, FLOOR)
    found, meant, scores = propose_pinches(measured, [0], load_tool(tool), criteria, 80, rng)
    assert (meant == 0).all()
    return (
        found,
        scores,
        np.array(merits(np.nan_to_num(scores, nan=0.5).tolist(), criteria)),
        [one.name for one in criteria],
    )


@pytest.mark.parametrize("tool", ["parallel", "hybrid"])
def test_the_best_pinch_is_across_the_narrow_side_and_above_the_floor(tool):
    board = face(0.4, 0.2, TOP, (0.1, 0.02))  # 20 cm along x, 4 cm along y
    found, scores, merit, names = pinched(board, np.zeros(len(board), int), tool)
    best, described = int(np.argmax(merit)), load_tool(tool)
    R, first = found.rotations[best], described.fingers[0].direction
    closing = R @ np.array([*first, 0.0])
    assert abs(closing[1]) > 0.97
    assert R[2, 2] < -0.9
    assert 0.04 < found.widths[best] < 0.07
    middle = found.positions[best] + found.depths[best] * R[:, 2]
    assert middle[1] == pytest.approx(0.2, abs=0.006)
    assert abs(middle[0] - 0.4) < 0.05
    assert FLOOR < middle[2] < TOP - 0.005
    assert scores[best, names.index("collision")] == 0.0
    assert found.active[best].tolist() == [0.0] * len(described.cups) + [1.0, 1.0]


def test_what_is_too_wide_or_has_no_room_beside_it_is_no_pinch():
    board = face(0.4, 0.2, TOP, (0.09, 0.09))
    _, scores, _, names = pinched(board, np.zeros(len(board), int), "parallel")
    assert (scores[:, names.index("collision")] == 1.0).mean() > 0.8
    assert scores[:, names.index("lift")].max() < 0.2  # across its corners alone
    narrow = face(0.4, 0.2, TOP, (0.1, 0.02))
    walls = np.concatenate([face(0.4, 0.2 + sign * 0.034, TOP, (0.1, 0.01)) for sign in (-1, 1)])
    points = np.concatenate([narrow, walls])
    of = np.where(np.arange(len(points)) < len(narrow), 0, 1)
    _, between, _, _ = pinched(points, of, "parallel")
    alone, *_ = (pinched(narrow, np.zeros(len(narrow), int), "parallel")[1],)
    lift = names.index("lift")
    assert between[:, lift].max() < 0.3 * alone[:, lift].max()


def test_anybodys_pinch_is_judged_as_if_analysis_had_placed_it():
    board, tool, criteria = face(0.4, 0.2, TOP, (0.1, 0.02)), load_tool("hybrid"), criteria_of("pinch")
    measured = MeasuredPoints(board, np.zeros(len(board), int), FLOOR)
    found, scores, _, names = pinched(board, measured.instances, "hybrid")
    lift, meant = names.index("lift"), np.zeros(len(scores), int)
    judged = judge_pinches(found, measured, meant, tool, criteria)
    held = scores[:, lift] > 0.0
    assert 10 < held.sum() < len(held)
    assert np.corrcoef(judged[held, lift], scores[held, lift])[0, 1] > 0.9
    nowhere = replace(found, positions=np.full_like(found.positions, np.nan))
    refused = judge_pinches(nowhere, measured, meant, tool, criteria)
    assert (refused[:, names.index("collision")] == 1.0).all()
    assert (refused[:, lift] == 0.0).all()


def test_a_neighbour_that_stands_below_the_body_beside_the_cups_costs_a_pinch_nothing():
    tool, criteria = load_tool("hybrid"), criteria_of("pinch")  # cups along x from the middle: to 43 mm; body: 55 mm
    across = np.array([[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]])  # fingers close along y
    place = np.array([[0.4, 0.2, TOP + 0.02]])
    pinch = Candidates(place, across, np.ones((1, len(tool.names))), np.full(1, 0.05), np.full(1, 0.035))
    board, collision = face(0.4, 0.2, TOP, (0.03, 0.02)), [one.name for one in criteria].index("collision")
    found = {}
    for above in (0.0, 0.035, 0.11):  # [m] by which the neighbour is higher
        beside = face(0.449, 0.2, TOP + above, (0.004, 0.015))
        points = np.concatenate([board, beside])
        measured = MeasuredPoints(points, (np.arange(len(points)) >= len(board)).astype(int), FLOOR)
        scores = judge_pinches(pinch, measured, np.zeros(1, int), tool, criteria)
        found[above] = scores[0, collision], centred(pinch, measured, np.zeros(1, int), tool).depths[0]
    assert found[0.035] == found[0.0] == (0.0, pytest.approx(found[0.0][1]))
    assert found[0.11][0] == 1.0  # the body meets it, as far out as fingers go


def test_a_tool_without_two_opposite_fingers_does_not_pinch_by_analysis():
    with pytest.raises(ConfigError, match="tool 'seven_piston' has no two fingers"):
        check_pinches(load_tool("seven_piston"))
    check_pinches(load_tool("hybrid"))
