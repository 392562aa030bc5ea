# SPDX-License-Identifier: Apache-2.0
"""The simulated hand before a page that says that no hand moves the arm: real server and websocket, no inertia."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from robot_rigs.faulty_robot import DOWN, FAULT, QUICK, FaultyRobot
from robot_rigs.operated_robot import Served

from vla_ros.teleop.axes import Pose
from vla_ros.teleop.protocol import Hands
from vla_ros.teleop.simulated_hand.connection import Connection
from vla_ros.teleop.simulated_hand.hand import IN_VAIN_MAX, ArmBarred, NotReached, SimulatedHand, Waypoint

GOAL = Waypoint(Pose(np.array([0.5, 0.1, 0.3]), DOWN))


class Counted(SimulatedHand):
    """It counts its strokes."""

    strokes = 0

    async def _stroke(self, shift, turn):
        self.strokes += 1
        await super()._stroke(shift, turn)


class Ceiling(FaultyRobot):
    """It goes up to 0.4 m and no further, as at the edge of a workspace."""

    def hands(self, hands: Hands, arrival: float) -> None:
        super().hands(hands, arrival)
        self.p["right"][2] = min(self.p["right"][2], 0.4)
        self.refused = "at the edge of the workspace" if self.p["right"][2] == 0.4 else ""


def reach(robot: FaultyRobot, waypoint: Waypoint = GOAL, before: str = "") -> int:
    """Drive to a waypoint; return the number of strokes. Raises NotReached."""

    async def work(link: str) -> int:
        async with Connection(link, "script") as connection:
            if before:
                await connection.command(before)
            hand = Counted(connection, "panda", QUICK)
            try:
                await hand.reach(waypoint)
            except NotReached as error:
                error.strokes = hand.strokes
                raise
            return hand.strokes

    with Served(robot) as served:
        return asyncio.run(work(served.server.links[0]))


def enabled(change: Callable[[FaultyRobot], None] = lambda robot: None) -> FaultyRobot:
    robot = FaultyRobot()
    robot.enabled = True
    change(robot)
    return robot


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda robot: robot.emergency_stop(True), "the e-stop is latched"),
        (lambda robot: setattr(robot, "held", FAULT), f"control is held ({FAULT}): enable it again"),
        (lambda robot: setattr(robot, "enabled", False), "control is disabled: enable it"),
        (lambda robot: setattr(robot, "source", "hold"), "the arm is held: take it first"),
    ],
    ids=["e-stop", "fault", "disabled", "held"],
)
def test_no_stroke_is_made_at_an_arm_that_does_not_follow(change, words):
    robot = enabled(change)
    with pytest.raises(ArmBarred) as caught:
        reach(robot)
    assert str(caught.value) == words
    assert caught.value.strokes == 0


def test_what_a_command_has_changed_is_waited_for():
    """The answer comes before the state that shows it."""
    robot = enabled(lambda robot: setattr(robot, "source", "hold"))
    assert reach(robot, before="take") >= 1
    robot = enabled(lambda robot: setattr(robot, "held", FAULT))
    assert reach(robot, before="enable") >= 1


def test_a_fault_in_mid_way_ends_the_strokes():
    robot = FaultyRobot(faults=1, faults_after=1)  # a busy machine brings few packets to a stroke
    robot.enabled = True
    with pytest.raises(ArmBarred, match="control is held"):
        reach(robot)


def test_what_brings_the_tool_no_closer_is_given_up():
    robot = Ceiling()
    robot.enabled = True
    with pytest.raises(NotReached, match=r"still 60\.\d cm away after \d+ strokes: at the edge") as caught:
        reach(robot, Waypoint(Pose(np.array([0.45, 0.0, 1.0]), DOWN)))
    assert IN_VAIN_MAX <= caught.value.strokes <= 2 * IN_VAIN_MAX
