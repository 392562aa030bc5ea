# SPDX-License-Identifier: Apache-2.0
"""Two hands that move segment by segment: what is left is sent, refusals are answered, a failure is tried again."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.evaluation.observing import Observer
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.capabilities.refusals import MOST
from vla_ros.policies.observation import Observation
from vla_ros.sim.world import World
from vla_ros.tasks.two_hands.hands import PERIOD_S, Both, wait
from vla_ros.tasks.two_hands.segments import SegmentScript


class Opening(SegmentScript):
    """Open both hands in two segments, half and then wholly, where they are; content after so many motions."""

    content = 1
    possible = True

    def reset(self) -> None:
        super().reset()
        self.plans = 0

    def _enough(self) -> bool:
        return self.plans >= self.content

    def _motion(self, observation: Observation) -> list[list[Both]] | None:
        self.plans += 1
        if not self.possible:
            self.explanation = "there is no way"
            return None
        tools = self.commanded(observation)
        return [wait(tools, 0.02, 1.0), wait(tools, 0.07, 0.5)]


class Seen:
    """A script and observations of a robot that stands still."""

    def __init__(self) -> None:
        runner = EpisodeRunner(EpisodeSettings(policy="expert", task="fold", robot="agilex"))
        self.world = World(runner.scene(5000), runner.embodiment, timestep=0.002, settle=False)
        self.script = Opening(self.world)
        self._observer = Observer(self.world, "", 0.1)

    def ask(self, stamp: float) -> ActionChunk:
        state = self._observer.state()
        return self.script.infer(Observation(stamp, "", {}, state, state))


@pytest.fixture
def seen():
    made = Seen()
    yield made
    made.world.close()


def told(chunk: ActionChunk) -> np.ndarray:
    """Return what the left gripper is told in each row [m]."""
    return chunk.values[:, chunk.channels.index("left_gripper/width")]


def test_what_is_left_of_a_segment_is_sent_then_the_next(seen) -> None:
    assert told(seen.ask(0.0)) == pytest.approx([0.02] * 10)
    assert told(seen.ask(4 * PERIOD_S)) == pytest.approx([0.02] * 6)
    assert told(seen.ask(10 * PERIOD_S)) == pytest.approx([0.07] * 5)
    last = seen.ask(15 * PERIOD_S)
    assert (last.status, seen.script.plans) == (TaskStatus.TERMINATED, 1)


def test_what_was_not_enough_is_done_again_and_no_more_often_than_allowed(seen) -> None:
    seen.script.content = 99
    statuses = [seen.ask(PERIOD_S * 10.0 * number).status for number in range(2 * seen.script.TRIES + 1)]
    assert statuses == [TaskStatus.ONGOING] * (2 * seen.script.TRIES) + [TaskStatus.TERMINATED]
    assert seen.script.plans == seen.script.TRIES


def test_a_refused_chunk_is_sent_again_then_given_up_with_the_reason(seen) -> None:
    seen.ask(0.0)
    seen.script.chunk_refused("it is not allowed")
    assert told(seen.ask(0.5)) == pytest.approx([0.02] * 10)
    for _ in range(MOST):
        seen.script.chunk_refused("it is not allowed")
        chunk = seen.ask(0.6)
    assert chunk.status is TaskStatus.INVALID
    assert "it is not allowed" in seen.script.explanation


def test_where_there_is_no_way_the_explanation_says_so(seen) -> None:
    seen.script.possible = False
    assert seen.ask(0.0).status is TaskStatus.INVALID
    assert seen.script.explanation == "there is no way"
