# SPDX-License-Identifier: Apache-2.0
"""Scripts see that control refused a chunk, and answer it: nothing of it counts as done."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ChunkError
from vla_ros.evaluation.rollout import Rollout, RolloutConfig
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.capabilities.refusals import MOST
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import task_expert


class Refusing:
    """A follower that refuses some chunks and notes what comes after them."""

    def __init__(self, follower, refuse: range) -> None:
        self._follower, self._refuse = follower, refuse
        self.chunks: list[ActionChunk] = []

    def __getattr__(self, name):
        return getattr(self._follower, name)

    def submit(self, chunk: ActionChunk, now: float):
        self.chunks.append(chunk)
        if len(self.chunks) - 1 in self._refuse:
            raise ChunkError("it is not allowed")
        return self._follower.submit(chunk, now)


@pytest.fixture(scope="module")
def runner() -> EpisodeRunner:
    return EpisodeRunner(EpisodeSettings(policy="expert"))


def play(runner: EpisodeRunner, refuse: range, seconds: float) -> tuple[Rollout, Refusing]:
    world = World(runner.scene(500), runner.embodiment, timestep=0.002)
    follower = Refusing(runner.follower(), refuse)
    limits = runner.task.limits.__class__(time_limit_s=seconds)
    expert = task_expert(runner.task, world, runner.arm_models)
    run = Rollout(world, follower, expert, runner.task, RolloutConfig(), limits)
    run.run()
    world.close()
    return run, follower


def test_a_refused_chunk_is_sent_again_from_where_the_arm_is(runner):
    _, follower = play(runner, range(1, 2), 3.0)
    before, refused, again = follower.chunks[:3]
    assert not np.allclose(before.values, refused.values)
    np.testing.assert_allclose(again.values, refused.values)


def test_what_is_refused_again_and_again_is_given_up_with_the_reason(runner):
    run, follower = play(runner, range(2, 1000), 30.0)
    statuses = [chunk.status for chunk in follower.chunks]
    assert statuses[: 2 + MOST] == [TaskStatus.ONGOING] * (2 + MOST)
    assert statuses[2 + MOST] is TaskStatus.INVALID
    assert "it is not allowed" in run.policy.explanation
    assert run.world.time < 15.0  # long before the time is up
