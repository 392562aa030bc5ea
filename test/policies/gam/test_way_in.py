# SPDX-License-Identifier: Apache-2.0
"""What stands where a tool comes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_ros.objects.totes import ToteSize
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.way_in import in_the_way, wall_points
from vla_ros.robots.tools.named import load_tool

DOWN = np.diag([1.0, -1.0, -1.0])
NAN = float("nan")


def at(*places: tuple[float, float, float], width: float = NAN, depth: float = NAN) -> Candidates:
    count = len(places)
    return Candidates(
        np.array(places),
        np.tile(DOWN, (count, 1, 1)),
        np.ones((count, 1)),
        np.full(count, width),
        np.full(count, depth),
    )


def test_a_tool_deep_beside_a_wall_stands_in_it_and_one_in_the_middle_does_not():
    tool, size = load_tool("seven_piston"), ToteSize()
    T = np.eye(4)
    T[:3, 3] = 0.45, 0.24, 0.02
    walls = wall_points(T, size)
    half = size.inside[0] / 2
    off = np.abs(walls - T[:3, 3])[:, :2] - np.array(size.inside[:2]) / 2
    assert off.max(axis=1).min() == pytest.approx(0.0, abs=1e-9)  # none stands inside
    assert 0.02 < off.max() < 0.04
    beside, middle, above, nowhere = in_the_way(
        walls,
        tool,
        at((0.45 + half - 0.03, 0.24, 0.06), (0.45, 0.24, 0.06), (0.45 + half - 0.03, 0.24, 0.19), (NAN, 0.0, 0.0)),
    )
    assert beside > 10
    assert middle == above == nowhere == 0


def test_a_finger_on_the_rim_or_outside_the_tote_is_in_the_wall():
    tool, size = load_tool("hybrid"), ToteSize()  # its fingers close along x, each 12 mm thick beyond its pad
    walls, half = wall_points(np.eye(4), size), size.inside[0] / 2
    # The pad of the finger towards the wall: 30 mm inside, where the finger has room, at the wall, and beyond it.
    pads = [half - 0.03, half + 0.001, half + size.wall + 0.002]
    places = at(*((pad - 0.025, 0.0, size.inside[2]) for pad in pads), width=0.05, depth=0.06)
    room, rim, outside = in_the_way(walls, tool, places)
    assert room == 0
    assert min(rim, outside) > 10


def test_a_tool_that_leans_over_a_rim_stands_in_it_with_all_its_length():
    tool, size = load_tool("seven_piston"), ToteSize()
    walls, lean = wall_points(np.eye(4), size), Rotation.from_rotvec([0.0, np.radians(-60.0), 0.0]).as_matrix()
    low = at((size.inside[0] / 2 - 0.08, 0.0, 0.06))
    assert in_the_way(walls, tool, low)[0] == 0
    leaning = replace(low, rotations=(lean @ DOWN)[None])
    behind = leaning.positions[0] - (tool.height + 0.08) * leaning.rotations[0, :, 2]  # where the flange comes from
    assert behind[0] < -size.inside[0] / 2
    assert in_the_way(walls, tool, leaning)[0] > 10


def test_fingers_take_room_where_they_are():
    tool = load_tool("hybrid")  # its fingers close along x from 60 mm on either side
    post = np.array([[0.4 + 0.07, 0.0, z] for z in np.arange(0.0, 0.3, 0.003)])
    assert in_the_way(post, tool, at((0.4, 0.0, 0.1)))[0] > 10  # open
    assert in_the_way(post, tool, at((0.4, 0.0, 0.1), width=0.04))[0] == 0  # closed to 4 cm the post is beside them
    low = post[post[:, 2] < 0.08]
    assert in_the_way(low, tool, at((0.4, 0.0, 0.1)))[0] == 0
    assert in_the_way(low, tool, at((0.4, 0.0, 0.1), width=0.12, depth=0.05))[0] > 3  # out, they reach down to it


def test_what_stands_beside_cups_below_the_body_is_not_in_the_way():
    tool, plane = load_tool("hybrid"), 0.1  # its body ends 40 mm above the plane, its pads are 12 mm thick
    beside, behind = (0.4 + 0.035, 0.035), (0.4 + 0.078, 0.0)
    for (x, y), above, met in (
        (beside, 0.02, False),
        (beside, 0.05, True),  # the body
        ((0.4, 0.03), 0.02, True),  # a cup
        (behind, 0.02, False),  # behind an open finger
        ((0.4 + 0.066, 0.0), 0.02, True),  # the finger
    ):
        post = np.array([[x, y, z] for z in np.arange(0.0, plane + above, 0.002)])
        assert bool(in_the_way(post, tool, at((0.4, 0.0, plane)))[0] > 0) is met, (x, y, above)
