# SPDX-License-Identifier: Apache-2.0
"""Candidates of a network, brought to what is measured."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.bringing import Bringing
from vla_ros.policies.gam.perception.measured_points import MeasuredPoints
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION
from vla_ros.robots.tools.named import load_tool

TOOL = load_tool("hybrid")
HALF, TOP = 0.025, 0.08  # [m]


def box(half: float) -> np.ndarray:
    """Return points (M, 3) of a box's top and sides, in the middle of which the tool stands."""
    line = np.arange(-half, half + 1e-9, 0.003)
    top = np.stack([*np.meshgrid(line, line), np.full((len(line), len(line)), TOP)], -1).reshape(-1, 3)
    wall = np.array([(x, y, z) for z in np.arange(0.02, TOP, 0.004) for x in (-half, half) for y in line])
    return np.concatenate([top, wall, wall[:, [1, 0, 2]]])


def candidate(width: float) -> Candidates:
    active = np.zeros((1, len(TOOL.names)))
    active[0, : len(TOOL.cups)] = 1.0
    place = np.array([[0.0, 0.0, TOP + 0.02]])
    return Candidates(place, np.diag([1.0, -1.0, -1.0])[None], active, np.array([width]), np.array([0.001]))


def brought(half: float, mode: str, width: float = 0.01) -> Candidates:
    points = box(half)
    instances = np.zeros(len(points), int)
    return Bringing(MeasuredPoints(points, instances, 0.0))(candidate(width), np.zeros(1, int), TOOL, mode)


def test_fingers_of_a_cage_go_around_what_is_seen():
    cage = brought(HALF, CAGE)
    assert 2 * HALF < cage.widths[0] < 2 * HALF + 0.05
    assert cage.depths[0] > 0.01
    assert cage.positions[0, 2] != TOP + 0.02  # lips come to the surface as those of suction do
    np.testing.assert_allclose(cage.positions, brought(HALF, SUCTION).positions)


def test_pads_of_a_pinch_come_to_stand_alike_on_both_sides_of_what_is_seen():
    points = box(HALF)
    instances = np.zeros(len(points), int)
    first = TOOL.fingers[0].direction
    aside = 0.008 * np.array([*(np.diag([1.0, -1.0]) @ first), 0.0])
    off = candidate(2 * HALF)
    off = replace(off, positions=off.positions + aside, depths=np.array([0.035]))
    bringing = Bringing(MeasuredPoints(points, instances, 0.0))
    pinch = bringing(off, np.zeros(1, int), TOOL, PINCH)
    assert np.abs(pinch.positions[0, :2]).max() < 0.002  # the grip of this tool is in its middle
    assert 2 * HALF + 0.008 < pinch.widths[0] < 2 * HALF + 0.016
    tips = pinch.positions[0, 2] - pinch.depths[0]
    assert TOP - 0.031 < tips < TOP - 0.011
    np.testing.assert_array_equal(pinch.rotations, off.rotations)
    wide = box(TOOL.opening / 2 + 0.01)
    stays = Bringing(MeasuredPoints(wide, np.zeros(len(wide), int), 0.0))(off, np.zeros(1, int), TOOL, PINCH)
    np.testing.assert_array_equal(stays.positions, off.positions)


def test_a_cage_whose_fingers_do_not_fit_around_it_is_none():
    cups = len(TOOL.cups)
    assert brought(HALF, CAGE).active[0, :cups].any()
    assert not brought(TOOL.opening / 2, CAGE).active[0, :cups].any()
    assert brought(TOOL.opening / 2, SUCTION).active[0, :cups].any()


def dome(radius: float) -> np.ndarray:
    """Return points (M, 3) of the upper half of a ball whose top is at TOP."""
    u, v = np.meshgrid(np.linspace(0.0, 2 * np.pi, 90), np.linspace(0.0, np.pi / 2, 30))
    x, y, z = np.cos(u) * np.sin(v), np.sin(u) * np.sin(v), np.cos(v) - 1.0
    return radius * np.stack([x, y, z], -1).reshape(-1, 3) + [0.0, 0.0, TOP]


def test_tips_of_a_pinch_go_below_the_widest_place_and_stay_where_they_are_asked_deeper():
    radius = 0.03  # [m]
    points = dome(radius)
    bringing = Bringing(MeasuredPoints(points, np.zeros(len(points), int), 0.0))
    found = {}
    for asked in (0.015, 0.05):
        deep = replace(candidate(2 * radius), depths=np.array([0.02 + asked]))  # its plane is 20 mm above the top
        pinch = bringing(deep, np.zeros(1, int), TOOL, PINCH)
        found[asked] = TOP - (pinch.positions[0, 2] - pinch.depths[0])
        assert np.abs(pinch.positions[0, :2]).max() < 0.003
        assert 2 * radius < pinch.widths[0] < 2 * radius + 0.015
    assert radius - 0.004 < found[0.015] < radius + 0.012  # not on the slope above it
    assert abs(found[0.05] - 0.05) < 0.003
