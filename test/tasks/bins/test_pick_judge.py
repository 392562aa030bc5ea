# SPDX-License-Identifier: Apache-2.0
"""The judge of a pick on made-up truths: success, and each failure of GAM's figure 5."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.totes import ToteSize
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks.bins.judge import PickJudge
from vla_ros.tasks.bins.limits import BinLimits
from vla_ros.tasks.judging import Truth
from vla_ros.tasks.placing.receptacles import Body
from vla_ros.tasks.table import load_task

CUBE = Body(tuple((x, y, z) for x in (-0.02, 0.02) for y in (-0.02, 0.02) for z in (-0.02, 0.02)), (0.0, 0.0, 0.0))
TOP = 0.45  # [m] where the tool starts


def at(x: float, y: float, z: float) -> np.ndarray:
    T = np.eye(4)
    T[:3, 3] = x, y, z
    return T


class Story:
    """Two cubes in the source, and a tool."""

    def __init__(self, attempts: int = 1) -> None:
        self.time = 0.0
        self.tool = np.array([0.45, 0.0, TOP])
        self.places = {"red": np.array([0.4, 0.24, 0.02]), "blue": np.array([0.5, 0.24, 0.02])}
        objects = [SceneObject(name, "block", name) for name in self.places]
        totes = {"source": at(0.45, 0.24, 0.0), "destination": at(0.45, -0.24, 0.0)}
        bodies = dict.fromkeys(self.places, CUBE)
        limits = BinLimits(attempts=attempts)
        self.judge = PickJudge(totes, ToteSize(), bodies, list(self.places), objects, self.truth(), limits)

    def truth(self) -> Truth:
        return Truth(
            self.time,
            {name: at(*place) for name, place in self.places.items()},
            {},
            {"arm": at(*self.tool)},
        )

    def go(self, *goal: float, carrying: tuple[str, ...] = (), steps: int = 10) -> None:
        way = (np.array(goal) - self.tool) / steps
        for _ in range(steps):
            self.tool = self.tool + way
            for name in carrying:
                self.places[name] = self.places[name] + way
            self.time += 0.1
            self.judge.update(self.truth())

    @property
    def outcome(self) -> str:
        return self.judge.outcome.value


def test_one_thing_that_comes_across_is_a_success():
    story = Story()
    story.go(0.4, 0.24, 0.05)
    story.go(0.4, 0.24, TOP, carrying=("red",))
    assert not story.judge.finished
    assert story.judge.attempts == 1
    story.go(0.45, -0.24, TOP, carrying=("red",))
    assert story.judge.success
    assert "red block" in story.judge.success_text


def test_nothing_that_comes_up_is_missed_and_counts_as_a_try():
    story = Story(attempts=2)
    for outcome in ("running", "missed"):
        story.go(0.4, 0.24, 0.05)
        story.go(0.4, 0.24, TOP)
        assert story.outcome == outcome
    assert story.judge.attempts == 2
    assert story.judge.cause() == "missed"


def test_two_things_at_once_are_several():
    story = Story()
    story.go(0.45, 0.24, 0.05)
    story.go(0.45, 0.24, TOP, carrying=("red", "blue"))
    assert story.outcome == "several at once"


def test_what_falls_on_the_way_is_dropped_out_of_the_tote_or_still_in_it():
    story = Story()
    story.go(0.4, 0.24, 0.05)
    story.go(0.4, 0.24, TOP, carrying=("red",))
    story.go(0.45, 0.0, TOP, carrying=("red",))
    story.places["red"][2] = 0.02
    story.go(0.45, -0.1, TOP)
    assert story.outcome == "dropped"
    story = Story()
    story.go(0.4, 0.24, 0.05)
    story.go(0.4, 0.24, 0.12, carrying=("red",))
    story.places["red"][2] = 0.02
    story.go(0.4, 0.24, TOP)
    assert story.outcome == "dropped"


def test_a_policy_that_gives_up_before_a_try_has_found_no_grasp():
    story = Story()
    story.judge.give_up()
    assert story.judge.cause("the tote is empty") == "no grasp found"


def test_the_task_says_in_one_line_what_it_does_not_take():
    task = load_task("bin_pick")
    for request, reason in (
        (
            SceneRequest(robot="franka"),
            "carries no single tool: name one arm and its tool, such as franka.seven_piston",
        ),
        (SceneRequest(robot="franka+seven_piston", target="red mug"), "leave them out"),
        (SceneRequest(robot="franka+seven_piston", set_name="basics"), "did you mean 'basic'"),
    ):
        with pytest.raises(ConfigError, match=reason) as raised:
            task.check(request)
        assert "\n" not in str(raised.value)
    with pytest.raises(ConfigError, match="any thing in the tote counts"):
        task.check_target("red_mug", None)
