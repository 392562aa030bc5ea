# SPDX-License-Identifier: Apache-2.0
"""What is noted of a policy while it acts: its features, and how far its chunks disagree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from policy_making.synthetic_rollouts import episode

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.errors import ConfigError
from vla_ros.failure_detection.recording import FeatureRecorder, choice_doubt, chunk_disagreement
from vla_ros.policies.capabilities.reasoning import Reasoning

CHANNELS = (*pose_channels("panda"), "panda_hand/width")


def chunk(stamp: float, x: float = 0.4, turn: float = 0.0, width: float = 0.04, points: int = 4) -> ActionChunk:
    row = [x, 0.0, 0.3, 0.0, 0.0, np.sin(turn / 2), np.cos(turn / 2), width]
    return ActionChunk(stamp, "panda_link0", CHANNELS, 0.1 * np.arange(1, points + 1), np.tile(row, (points, 1)))


def test_chunks_disagree_by_what_lies_between_them_where_both_say_something() -> None:
    before = chunk(1.0)
    assert chunk_disagreement(before, chunk(1.2)) == pytest.approx(0.0)
    assert chunk_disagreement(before, chunk(1.2, x=0.43)) == pytest.approx(0.03)
    assert chunk_disagreement(before, chunk(1.2, turn=0.5)) == pytest.approx(0.1)  # 0.2 m/rad
    assert chunk_disagreement(before, chunk(1.2, x=0.43, width=0.0)) == pytest.approx(0.05)
    assert np.isnan(chunk_disagreement(before, chunk(1.4)))  # begins when the other is over
    assert np.isnan(chunk_disagreement(None, before))


def test_motion_that_goes_on_as_was_said_is_no_disagreement() -> None:
    def moving(stamp: float) -> ActionChunk:
        still = chunk(stamp)
        values = still.values.copy()
        values[:, 0] = 0.1 * (stamp + still.times)
        return ActionChunk(stamp, "panda_link0", CHANNELS, still.times, values)

    assert chunk_disagreement(moving(1.0), moving(1.2)) == pytest.approx(0.0, abs=1e-12)
    assert chunk_disagreement(moving(1.0), moving(1.15)) == pytest.approx(0.0, abs=1e-12)  # between the points


@dataclass
class Seen:
    stamp: float


class Thinking:
    """A policy that thinks of the time, and of nothing at 1 s."""

    def __init__(self) -> None:
        self.features: np.ndarray | None = None

    def reset(self) -> None:
        self.features = None

    def infer(self, observation: Seen) -> ActionChunk:
        thought = np.array([observation.stamp, -1.0], np.float32)
        self.features = None if observation.stamp == 1.0 else thought
        return chunk(observation.stamp)


class Wrapped:
    def __init__(self, policy: Thinking) -> None:
        self.policy = policy
        self.reset, self.infer = policy.reset, policy.infer


def test_features_are_noted_for_every_inference_of_the_episode() -> None:
    recorder = FeatureRecorder(Wrapped(Thinking()))
    recorder.infer(Seen(0.5))
    recorder.reset()
    for stamp in (0.8, 1.0, 1.2):
        recorder.infer(Seen(stamp))
    rollout = recorder.rollout(episode(3, True))
    np.testing.assert_array_equal(rollout.times, [0.8, 1.0, 1.2])
    np.testing.assert_allclose(rollout.features, [[0.8, -1.0], [np.nan, np.nan], [1.2, -1.0]], rtol=1e-6)
    np.testing.assert_allclose(rollout.disagreement, [np.nan, 0.0, 0.0], atol=1e-9)
    assert np.isnan(rollout.doubt).all()  # it gives no reasons
    assert rollout.success


def test_a_policy_without_features_is_one_line() -> None:
    class Blind:
        def infer(self, observation: Seen) -> ActionChunk:
            return chunk(observation.stamp)

        def reset(self) -> None: ...

    with pytest.raises(ConfigError, match="Blind shows no features"):
        FeatureRecorder(Blind())


def test_doubt_is_how_little_the_best_stands_out_where_it_does_least() -> None:
    def reasoning(**scores: list[float]) -> Reasoning:
        found = {name: np.column_stack([np.zeros((len(s), 4)), s]) for name, s in scores.items()}
        return Reasoning({}, found, None, 0.0, {})

    assert choice_doubt(reasoning(front=[0.1, 0.9], side=[0.8, 0.3, 0.7])) == pytest.approx(0.9)
    assert choice_doubt(reasoning(front=[0.75], side=[])) == pytest.approx(0.25)
    assert np.isnan(choice_doubt(reasoning(front=[], side=[])))
    assert np.isnan(choice_doubt(None))
