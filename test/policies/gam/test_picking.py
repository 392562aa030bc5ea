# SPDX-License-Identifier: Apache-2.0
"""Which candidates the arm is sent to: of those that it reaches, none that would hurt it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analysis.surfaces import MEANT, Surfaces
from vla_ros.policies.gam.perception.measured_points import NOTHING_MEASURED, MeasuredPoints
from vla_ros.policies.gam.picking import Picker
from vla_ros.policies.gam.settings import GamSettings
from vla_ros.policies.geometric.grasps.reachability import Reach
from vla_ros.robots.tools.named import load_tool

OVER = 0.36  # [m] above a tote whose floor is at 0
DOWN, UP = np.diag([1.0, -1.0, -1.0]), np.eye(3)
NAN = float("nan")


class Anywhere:
    """An arm that reaches everything."""

    home = np.diag([1.0, -1.0, -1.0, 1.0])

    def strength(self, poses: Sequence[np.ndarray], q: np.ndarray, least: float = 0.0) -> float:
        return 1.0


NOWHERE = Surfaces(NOTHING_MEASURED)


def first(tool: str, mode: str, z: float, R: np.ndarray = DOWN, depth: float = NAN) -> int | None:
    """Return which is taken of one that is in question and one, the second, that is not."""
    described = load_tool(tool)
    candidates = Candidates(
        np.array([[0.4, 0.2, z], [0.4, 0.2, 0.1]]),
        np.stack([R, DOWN]),
        np.ones((2, len(described.names))),
        np.full(2, 0.05 if described.fingers else NAN),
        np.array([depth, 0.0 if described.fingers else NAN]),
    )
    picker = Picker(described, cast(Reach, Anywhere()))
    found = picker.first(candidates, [0, 1], mode, np.zeros(7), OVER, None, NOWHERE)
    return None if found is None else found[0]


def test_what_would_hurt_the_arm_is_passed_over():
    assert first("single_cup", "suction", 0.05) == 0
    assert first("single_cup", "suction", -0.05) == 1  # below the floor
    assert first("single_cup", "suction", OVER + 0.1) == 1  # above where it would be lifted to
    assert first("single_cup", "suction", NAN) == 1
    assert first("single_cup", "suction", 0.05, UP) == 1  # from below
    assert first("single_cup", "suction", 0.05, np.full((3, 3), NAN)) == 1
    assert first("parallel", "pinch", 0.05, depth=0.04) == 0
    assert first("parallel", "pinch", 0.05, depth=0.08) == 1  # fingers through the floor


def test_modes_are_those_of_the_tool_and_of_what_proposes():
    hybrid, parallel = load_tool("hybrid"), load_tool("parallel")
    assert GamSettings(proposes="actor", mode="cage").mode_of(hybrid) == "cage"
    assert GamSettings(proposes="analysis").mode_of(hybrid) == "suction"
    with pytest.raises(ConfigError, match="tool 'parallel' knows no mode 'suction': pinch"):
        GamSettings(mode="suction").mode_of(parallel)
    assert GamSettings(proposes="analysis", mode="cage").mode_of(hybrid) == "cage"
    assert GamSettings(proposes="analysis").mode_of(parallel) == "pinch"


def test_who_ranks_follows_from_who_proposes_and_from_weights():
    assert GamSettings().ranks == "analysis"
    assert GamSettings(proposes="actor").ranks == "critic"
    assert GamSettings(checkpoint="weights", proposes="analysis").ranks == "critic"
    weighed = GamSettings(checkpoint="weights")
    assert (weighed.proposes, weighed.ranks, weighed.places) == ("both", "both", "both")
    assert GamSettings(checkpoint="weights", proposes="analysis", ranks="analysis").places == "analysis"
    assert GamSettings(proposes="both", mode="pinch").mode_of(load_tool("drawn_19"))  # three fingers: actor and critic
    assert not GamSettings().asks_network
    assert GamSettings(ranks="critic").asks_network
    assert GamSettings(proposes="both", ranks="random").asks_picks
    with pytest.raises(ConfigError, match="ranks=analysis scores what proposes=analysis proposes"):
        GamSettings(proposes="actor", ranks="analysis")
    with pytest.raises(ConfigError, match="ranks=analysis scores what proposes=analysis proposes"):
        GamSettings(proposes="both", ranks="analysis")
    with pytest.raises(ConfigError, match="unknown places 'critic'"):
        GamSettings(places="critic")


def test_settings_that_are_no_numbers_are_refused():
    for values in ({"source": (NAN, 0.0)}, {"inside": (0.2, NAN, 0.1)}, {"weights": {"seal": float("inf")}}):
        with pytest.raises(ConfigError):
            GamSettings(**values)


def test_how_far_along_the_axis_is_measured_and_pistons_go_out_as_far_as_the_surface_is():
    tool = load_tool("seven_piston")
    picker, q = Picker(tool, cast(Reach, Anywhere())), np.zeros(7)
    u, v = np.meshgrid(np.arange(-0.06, 0.06, 0.003), np.arange(-0.06, 0.06, 0.003))
    surface = np.column_stack([u.ravel() + 0.45, v.ravel(), np.full(u.size, 0.08)])
    candidates = Candidates(
        np.array([[0.45, 0.0, 0.12]]), DOWN[None], np.ones((1, 7)), np.full(1, NAN), np.full(1, NAN)
    )
    surfaces = Surfaces(MeasuredPoints(surface, np.zeros(len(surface), int), 0.0))
    brought = surfaces.met(candidates, tool)
    assert brought.positions[0, 2] == pytest.approx(0.08 + MEANT * tool.cups[0].stroke, abs=0.002)
    found = picker.first(brought, [0], "suction", q, 0.4, None, surfaces)
    assert found is not None
    pick, stroke = found[1], tool.cups[0].stroke
    assert set(pick.cups) == set(tool.names)
    for depth in pick.cups.values():
        assert depth == pytest.approx(MEANT * stroke, abs=0.002)
    assert NOWHERE.met(candidates, tool) is candidates  # nothing is seen: as it was proposed
    known = picker.first(candidates, [0], "suction", q, 0.4, None, NOWHERE, np.full((1, 7), 0.02))
    assert known is not None
    assert set(known[1].cups.values()) == {0.02}


def test_a_thing_out_of_reach_leaves_tries_for_the_others():
    class OneSide:
        """An arm that reaches what lies beyond x = 0.4 m."""

        home = Anywhere.home

        def strength(self, poses: Sequence[np.ndarray], q: np.ndarray, least: float = 0.0) -> float:
            return float(poses[0][0, 3] > 0.4)

    count, tool = 201, load_tool("single_cup")
    nothing = np.full(count, NAN)
    positions = np.tile([0.3, 0.2, 0.1], (count, 1))
    positions[:, 1] += 0.012 * np.arange(count)
    positions[-1, 0] = 0.5
    candidates = Candidates(positions, np.tile(DOWN, (count, 1, 1)), np.ones((count, 1)), nothing, nothing)
    meant = np.zeros(count, int)
    meant[-1] = 1
    picker = Picker(tool, cast(Reach, OneSide()))
    asked = (candidates, range(count), "suction", np.zeros(7), OVER, None, NOWHERE)
    assert picker.first(*asked) is None
    found = picker.first(*asked, meant=meant)
    assert found is not None
    assert found[0] == count - 1


class Turned:
    """An arm that goes where its tool's x axis points forwards, but for the last of more than three poses."""

    home = Anywhere.home

    def strength(self, poses: Sequence[np.ndarray], q: np.ndarray, least: float = 0.0) -> float:
        forwards = all(T[0, 0] > 0.5 for T in poses[:3])
        return float(forwards and (len(poses) < 4 or abs(poses[3][0, 0]) < 0.5))


def test_a_tool_comes_turned_where_it_is_the_same_and_what_it_holds_is_turned_across():
    tool, q = load_tool("hybrid"), np.zeros(7)
    backwards = DOWN @ np.diag([-1.0, -1.0, 1.0])
    active = np.array([[0.9, 0.0, 0.0, 1.0, 1.0]])  # cup_1 alone
    candidates = Candidates(np.array([[0.4, 0.2, 0.1]]), backwards[None], active, np.full(1, NAN), np.full(1, NAN))
    picker = Picker(tool, cast(Reach, Turned()))
    distances = np.array([[0.011, 0.012, 0.013]])
    found = picker.first(candidates, [0], "suction", q, OVER, pose(0.4, -0.2, OVER), NOWHERE, distances)
    assert found is not None
    pick = found[1]
    assert pick.cups == {"cup_3": pytest.approx(0.011)}  # which stands where cup_1 was to stand
    lips = {cup.name: np.array([cup.x, cup.y, 0.0]) for cup in tool.cups}
    wanted = candidates.positions[0] + backwards @ lips["cup_1"]
    np.testing.assert_allclose(pick.T_base_tool[:3, 3] + pick.T_base_tool[:3, :3] @ lips["cup_3"], wanted, atol=1e-12)
    assert pick.T_base_over is not None
    np.testing.assert_allclose(pick.T_base_over[:3, 3], [0.4, -0.2, OVER], atol=1e-12)
    np.testing.assert_allclose(pick.T_base_over[:3, 2], pick.T_base_tool[:3, 2], atol=1e-12)  # as upright as before
    lopsided = Picker(load_tool("drawn_9"), cast(Reach, Turned()))
    cups = np.ones((1, len(lopsided.tool.names)))
    alone = Candidates(np.array([[0.4, 0.2, 0.1]]), backwards[None], cups, np.full(1, NAN), np.full(1, NAN))
    assert lopsided.first(alone, [0], "suction", q, OVER, None, NOWHERE) is None


def pose(x: float, y: float, z: float) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = DOWN, (x, y, z)
    return T
