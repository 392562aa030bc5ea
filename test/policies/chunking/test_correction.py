# SPDX-License-Identifier: Apache-2.0
"""What is left of a chunk is corrected at every look, while the next one is computed beside."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from policy_making.chunk_script import Script, chunk_at, seen_at

from controllers.chunks.chunk import TaskStatus
from vla_ros.policies.base import capability
from vla_ros.policies.capabilities.transport import HearsTransport
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.chunking.correction import CorrectedChunks

WAY = 0.015 * np.arange(1, 11)[:, None] * np.array([1.0, 0.0, 0.0]) + [0.4, 0.0, 0.3]
FORWARD = np.array([1.0, 0.0, 0.0])
UP = np.array([0.0, 0.0, 0.001])  # [m] what the correction adds


class Corrects(Script):
    """Chunks of a script, which a correction lifts by a millimetre."""

    corrects = True

    def __init__(self, chunks=(), takes: float = 0.0) -> None:
        super().__init__(chunks)
        self.asked: list[float] = []
        self.takes = takes
        self.error: Exception | None = None

    def infer(self, observation):
        self.asked.append(observation.stamp)
        time.sleep(self.takes)
        if self.error is not None:
            raise self.error
        return chunk_at(observation.stamp, WAY + 0.1 * len(self.asked) * FORWARD)

    def correct(self, observation, remainder):
        values = remainder.values.copy()
        values[:, :3] += UP
        return dataclasses.replace(remainder, values=values)


class Later:
    """A background whose chunks are there when the test says so."""

    def __init__(self) -> None:
        self.ready, self.closed, self.waits = False, False, 0

    def ask(self, policy, observation):
        self._chunk = policy.infer(observation)
        self.ready = False
        return self

    def done(self) -> bool:
        return self.ready

    def result(self):
        self.waits += not self.ready
        return self._chunk

    def close(self) -> None:
        self.closed = True


def x_of(chunk) -> np.ndarray:
    return chunk.positions("panda")[:, 0]


def test_each_look_is_answered_with_the_rest_corrected_until_the_next_is_there():
    policy, later = Corrects(), Later()
    wrapped = CorrectedChunks(policy, later)
    first = wrapped.infer(seen_at(0.0))
    np.testing.assert_allclose(first.positions("panda"), WAY + 0.1 * FORWARD + UP)
    second = wrapped.infer(seen_at(0.3))
    assert (second.stamp, len(second.times), second.sequence) == (0.3, 7, 2)
    np.testing.assert_allclose(x_of(second), WAY[3:, 0] + 0.1)
    np.testing.assert_allclose(second.positions("panda")[:, 2], WAY[3:, 2] + 0.001)  # once, not again and again
    assert policy.asked == [0.0, 0.0]  # the second one is under way since the first look
    later.ready = True
    third = wrapped.infer(seen_at(0.4))
    np.testing.assert_allclose(x_of(third), WAY[4:, 0] + 0.2)
    assert policy.asked == [0.0, 0.0, 0.4]
    assert later.waits == 0


def test_a_chunk_that_has_run_out_waits_for_the_next():
    policy, later = Corrects(), Later()
    wrapped = CorrectedChunks(policy, later)
    wrapped.infer(seen_at(0.0))
    wrapped.infer(seen_at(1.5))  # both are over: one more, in front of everybody
    assert later.waits == 1
    assert policy.asked[-2:] == [1.5, 1.5]


def test_an_episode_or_an_instruction_begins_anew():
    policy, later = Corrects(), Later()
    wrapped = CorrectedChunks(policy, later)
    wrapped.infer(seen_at(0.0))
    chunk = wrapped.infer(seen_at(0.2, "come back"))
    assert x_of(chunk)[0] == pytest.approx(WAY[0, 0] + 0.3)
    wrapped.reset()
    assert policy.resets == 1
    assert wrapped.infer(seen_at(0.0)).sequence == 1
    wrapped.close()
    assert later.closed


def test_what_ends_the_task_is_not_corrected():
    policy = Corrects()
    policy.infer = lambda seen: chunk_at(seen.stamp, WAY, status=TaskStatus.TERMINATED)
    chunk = CorrectedChunks(policy, Later()).infer(seen_at(0.0))
    np.testing.assert_array_equal(chunk.positions("panda"), WAY)


def test_looks_do_not_wait_for_a_slow_policy_and_hear_of_its_failure():
    policy = Corrects(takes=0.4)
    wrapped = wrap_chunking(policy, {"method": "a2c2", "base": "none"}, "test")
    wrapped.infer(seen_at(0.0))
    took = []
    for look in range(1, 4):
        began = time.monotonic()
        wrapped.infer(seen_at(0.1 * look))
        took.append(time.monotonic() - began)
    assert max(took) < 0.3
    policy.error = RuntimeError("out of memory")
    assert failure(wrapped) == "out of memory"
    policy.error = None
    wrapped.infer(seen_at(0.5))
    wrapped.close()


def test_the_chunks_that_are_corrected_continue_each_other():
    """And a correction that was not trained adds nothing: what comes is the rest of the chunk."""
    pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
    from bench import detour
    from vla_ros.policies.chunking.real_time import RealTimeChunking
    from vla_ros.policies.flow.correction import CorrectionNetwork
    from vla_ros.policies.flow.training import FlowTraining

    policy = detour.train_policy(FlowTraining(iterations=5))
    policy._network.correction = CorrectionNetwork(detour.HORIZON, 7, 4)
    wrapped = wrap_chunking(policy, {"method": "a2c2", "delay_s": 0.2}, "test")
    assert isinstance(wrapped.policy, RealTimeChunking)
    first = wrapped.infer(detour.observation_at(0.0, detour.start_pose()))
    wrapped._pending[0].result()
    second = wrapped.infer(detour.observation_at(0.3, detour._pose(first, 0.3)))
    assert wrapped.policy.continuation is not None
    np.testing.assert_allclose(second.times, 0.1 * np.arange(1, 1 + len(second.times)))
    wrapped.reset()
    assert wrapped.policy.continuation is None
    wrapped.close()


def test_the_way_to_the_robot_is_told_to_what_draws_the_chunks():
    pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
    from bench import detour
    from vla_ros.policies.flow.correction import CorrectionNetwork
    from vla_ros.policies.flow.training import FlowTraining

    policy = detour.train_policy(FlowTraining(iterations=5))
    policy._network.correction = CorrectionNetwork(detour.HORIZON, 7, 4)
    wrapped = wrap_chunking(policy, {"method": "a2c2"}, "test")
    hearing = capability(wrapped, HearsTransport)
    assert hearing is not None
    before = wrapped.policy._estimator.seconds
    hearing.transport_took(0.15)
    assert wrapped.policy._estimator.seconds == pytest.approx(before + 0.15)
    wrapped.close()


def failure(wrapped: CorrectedChunks) -> str:
    """Look until the inference in the background has failed; return what it raised."""
    end = time.monotonic() + 20.0
    while time.monotonic() < end:
        try:
            wrapped.infer(seen_at(0.4))
        except RuntimeError as error:
            return str(error)
        time.sleep(0.05)
    return ""


# -- the correction of a small flow ------------------------------------------------------------------------------------
COUNT, HORIZON = 3000, 6


def moments(seed: int):
    """Return moments of a policy whose actions all are the number that it is told, which changes in between."""
    from vla_ros.policies.flow.correction_training import Moments

    random = np.random.default_rng(seed)
    then, now = random.uniform(-1.0, 1.0, (2, COUNT, 1))
    actions = np.repeat(now[:, None], HORIZON, axis=1)
    return Moments(then, now, random.integers(0, HORIZON - 1, COUNT), actions, np.zeros((COUNT, 1)))


@pytest.fixture(scope="module")
def network():
    pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
    from vla_ros.policies.flow.training import FlowTraining, train_flow

    known = moments(0)
    trained, _ = train_flow(known.actions_now, known.conditions_now, FlowTraining(iterations=400, width=32, depth=2))
    return trained


def test_a_trained_correction_follows_what_has_changed_since_the_chunk_was_drawn(network):
    import torch

    from vla_ros.policies.flow.correction_training import CorrectionTraining, train_correction

    loss = train_correction(network, moments(1), CorrectionTraining(iterations=500, width=32))
    assert loss < 0.05  # a chunk of then is off by 0.67 on average, squared
    then, now = 0.8, -0.5
    left = 4
    stale = torch.full((1, HORIZON, 1), then)
    added = network.correction(stale, torch.tensor([left]), torch.tensor([[now]]))[0, :left, 0]
    np.testing.assert_allclose(then + added.detach().numpy(), now, atol=0.25)
    other = stale.clone()
    other[:, left:] = 9.0  # what is over is not looked at
    again = network.correction(other, torch.tensor([left]), torch.tensor([[now]]))[0, :left, 0]
    torch.testing.assert_close(again, added)


def test_nonsense_is_refused(network):
    from controllers.errors import ConfigError
    from vla_ros.policies.flow.correction_training import CorrectionTraining, train_correction

    known = moments(1)
    for changes, message in (
        ({"executed": known.executed[:-1]}, "as many conditions and actions"),
        ({"executed": np.full(COUNT, HORIZON)}, "executed must be 0 to 5 of 6 actions"),
    ):
        with pytest.raises(ConfigError, match=message):
            train_correction(network, dataclasses.replace(known, **changes))
    with pytest.raises(ConfigError, match="draws must be > 0, got 0"):
        CorrectionTraining(draws=0)
