# SPDX-License-Identifier: Apache-2.0
"""Suction and placement by analysis of points, on scenes made of planes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scene_making.bin_points import level_face as block

from controllers.errors import ConfigError
from vla_ros.objects.totes import ToteSize
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.picks import analysed_picks
from vla_ros.policies.gam.analysis.placement import height_map, held_points, placements
from vla_ros.policies.gam.analysis.suction import judge_suction, propose_suction
from vla_ros.policies.gam.analysis.way_in import in_the_way, standing_cylinders, wall_points
from vla_ros.policies.gam.criteria import criteria_of, merits
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.named import load_tool


def at(poses: list[np.ndarray]) -> Candidates:
    """Return a tool at poses (4, 4), of whose fingers nothing is said."""
    T, unsaid = np.array(poses), np.full(len(poses), np.nan)
    return Candidates(T[:, :3, 3], T[:, :3, :3], np.ones((len(T), 7)), unsaid, unsaid)


def proposed(points: np.ndarray, instances: np.ndarray, tool: str, count: int = 40):
    criteria = criteria_of("suction")
    measured, rng = MeasuredPoints(points, instances, 0.0), np.random.default_rng(0)
    found = propose_suction(measured, [0], load_tool(tool), criteria, count, rng)
    told = np.nan_to_num(found[2], nan=0.5)
    return (*found, np.array(merits(told.tolist(), criteria)), [one.name for one in criteria])


def test_the_best_stands_on_the_face_that_is_meant_and_looks_down():
    face, floor = block(0.4, 0.2, 0.05, (0.04, 0.03)), block(0.4, 0.2, 0.0, (0.12, 0.12), 0.006)
    points = np.concatenate([face, floor])
    instances = np.where(np.arange(len(points)) < len(face), 0, -1)
    candidates, meant, scores, merit, names = proposed(points, instances, "single_cup")
    best = int(np.argmax(merit))
    assert (meant == 0).all()
    assert candidates.rotations[best][2, 2] < -0.99
    assert np.abs(candidates.positions[best][:2] - (0.4, 0.2)).max() < 0.04
    assert scores[best, names.index("seal")] > 0.85
    assert scores[best, names.index("collision")] == 0.0
    middle = np.linalg.norm(candidates.positions[:, :2] - (0.4, 0.2), axis=1)
    assert np.corrcoef(middle, scores[:, names.index("centre_distance")])[0, 1] < -0.8


def test_ridges_do_not_seal_and_a_wall_is_in_the_way():
    face = block(0.4, 0.2, 0.05, (0.04, 0.03))
    ridged = face + np.column_stack([np.zeros((len(face), 2)), 0.006 * np.sign(np.sin(face[:, 0] * 900.0))])
    instances = np.zeros(len(face), int)
    *_, smooth, _, names = proposed(face, instances, "single_cup")
    *_, rough, _, _ = proposed(ridged, instances, "single_cup")
    seal = names.index("seal")
    assert rough[:, seal].mean() < 0.3 * smooth[:, seal].mean()
    wall = np.column_stack([np.full(400, 0.4), np.linspace(0.1, 0.3, 400), np.linspace(0.06, 0.14, 400)])
    wall = np.concatenate([wall, wall + np.array([0.004, 0.0, 0.02]), wall - np.array([0.004, 0.0, -0.01])])
    *_, scores, _, _ = proposed(np.concatenate([face, wall]), np.append(instances, np.full(len(wall), -1)), "quad_cup")
    assert scores[:, names.index("collision")].mean() > 0.5
    with pytest.raises(ConfigError, match="has no cups"):
        proposed(face, instances, "parallel")


def test_anybodys_candidate_is_judged_as_if_analysis_had_proposed_it():
    face = block(0.4, 0.2, 0.05, (0.04, 0.03))
    instances = np.zeros(len(face), int)
    found, meant, scores, _, names = proposed(face, instances, "quad_cup")
    measured, tool, criteria = MeasuredPoints(face, instances, 0.0), load_tool("quad_cup"), criteria_of("suction")
    judged = judge_suction(found, measured, meant, tool, criteria)
    np.testing.assert_allclose(judged, scores)
    off = replace(found, active=np.zeros_like(found.active))
    unheld = judge_suction(off, measured, meant, tool, criteria)
    assert unheld[:, [names.index(one) for one in ("lift", "seal", "active_cups")]].max() == 0.0


def test_what_lies_on_a_thing_counts_against_lifting_it_and_of_the_rest_analysis_says_nothing():
    face = block(0.4, 0.2, 0.05, (0.04, 0.03))
    found, meant, bare, _, names = proposed(face, np.zeros(len(face), int), "quad_cup")
    lift, uncovered = names.index("lift"), names.index("uncovered")
    silent = [names.index(one) for one in ("single_object", "flatness")]
    assert np.isnan(bare[:, [*silent, uncovered]]).all()
    tool, criteria = load_tool("quad_cup"), criteria_of("suction")
    for share, free in ((0.0, 1.0), (0.1, 0.75), (0.8, 0.0)):
        measured = MeasuredPoints(face, np.zeros(len(face), int), 0.0, {0: share})
        judged = judge_suction(found, measured, meant, tool, criteria)
        np.testing.assert_allclose(judged[:, uncovered], free)
        np.testing.assert_allclose(judged[:, lift], bare[:, lift] * (1.0 + free) / 2.0)
        told = analysed_picks(measured, [0], tool, "suction", criteria, 5, np.random.default_rng(0)).scores
        np.testing.assert_allclose(told[:, silent], 0.5)


def test_a_thing_goes_beside_what_lies_there_and_stands_on_the_floor():
    size = ToteSize()
    there = block(0.0, -0.06, 0.07, (0.13, 0.12), 0.004)
    heights = height_map(there, size)
    held = np.concatenate([block(0.0, 0.0, 0.0, (0.05, 0.03)), block(0.0, 0.0, 0.04, (0.05, 0.03))])
    T = np.diag([1.0, -1.0, -1.0, 1.0])  # the tool looks down, the thing reaches 4 cm beyond it
    found = placements(held, T, heights, size)
    assert found
    best = found[0]
    own = held @ best.T_tote_tool[:3, :3].T + best.T_tote_tool[:3, 3]
    assert 0.0 < own[:, 2].min() < 0.02
    assert size.contains(own, 0.005).all()
    assert own[:, 1].min() > 0.05  # beside what lies there
    assert best.top == pytest.approx(0.04, abs=0.01)
    high = placements(held, T, np.full(heights.shape, 0.2), size)
    assert high == []
    wide = placements(block(0.0, 0.0, 0.0, (0.2, 0.2)), T, heights, size)
    assert wide == []


def test_a_tool_wider_than_what_it_puts_down_stays_off_walls_and_neighbours():
    size, tool = ToteSize(), load_tool("seven_piston")
    standing = standing_cylinders(tool)
    held = np.concatenate([block(0.0, 0.0, 0.0, (0.03, 0.025)), block(0.0, 0.0, 0.04, (0.03, 0.025))])
    there = block(0.0, -0.1, 0.05, (0.27, 0.16), 0.004)
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    heights = height_map(there, size)
    free, clear = placements(held, T, heights, size), placements(held, T, heights, size, standing)
    walls, neighbour = wall_points(np.eye(4), size), there
    assert in_the_way(walls, tool, at([one.T_tote_tool for one in free[:1]])).min() > 0.0
    assert clear
    assert in_the_way(np.concatenate([walls, neighbour]), tool, at([one.T_tote_tool for one in clear])).max() == 0.0
    assert clear[0].top == pytest.approx(0.04, abs=0.01)  # on the floor all the same
    for one in clear:  # what does not come to the ground falls a little
        assert one.T_tote_tool[2, 3] <= one.top + 0.02 + 0.01
    apart = {tuple(np.round(one.T_tote_tool[:2, 3], 2)) for one in clear}
    assert len(apart) > 1  # where the arm does not reach one it may another


def test_what_is_held_reaches_down_to_what_it_lay_on():
    top, around = block(0.4, 0.2, 0.06, (0.03, 0.03)), block(0.4, 0.2, 0.02, (0.08, 0.08), 0.005)
    around = around[(np.abs(around[:, :2] - (0.4, 0.2)) > 0.032).any(axis=1)]
    points = np.concatenate([top, around])
    instances = np.where(np.arange(len(points)) < len(top), 3, -1)
    T_tool = np.diag([1.0, -1.0, -1.0, 1.0])
    T_tool[:3, 3] = 0.4, 0.2, 0.06
    held = held_points(points, instances, 3, T_tool, np.eye(4))
    assert held[:, 2].min() == pytest.approx(0.0, abs=1e-6)
    assert held[:, 2].max() == pytest.approx(0.04, abs=1e-3)  # along the tool's axis, downwards
