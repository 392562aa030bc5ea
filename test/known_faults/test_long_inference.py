# SPDX-License-Identifier: Apache-2.0
"""Inference longer than the horizon: the chunk has run out before the next one is there.

openpi#393: the robot moves jerkily and stops at every inference. real-time-chunking-kinetix#2: the index stays at the
end of the chunk, and its last action is repeated for ever. lerobot#4056 (review): chunks that came too late are thrown
away and asked for again, until the queue is empty and the robot stalls.
"""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from arms.franka_arm import DT, Sample
from arms.position_arm import PositionRig

FORWARD = np.array([1.0, 0.0, 0.0])
PERIOD, POINTS = 0.1, 4
INFERENCE_S = 0.6  # [s], half as long again as a chunk
SPEED = 0.1  # [m/s]


def follow(rig: PositionRig, seconds: float) -> list[Sample]:
    """Tick on, and return where the tool was commanded to be (T, 3) [m] and why the arm held, each tick."""
    seen = []
    for _ in range(round(seconds / DT)):
        rig.run(DT)
        seen.append((rig.driven.progress.T_base_ee_commanded[:3, 3].copy(), rig.hold))
    return seen


def ahead(rig: PositionRig) -> float:
    """Return how far [m] the tool is commanded to be from where it began."""
    return float((rig.driven.progress.T_base_ee_commanded[:3, 3] - rig.position) @ FORWARD)


def drive(rig: PositionRig, looks: int) -> list:
    """Let a policy that takes INFERENCE_S lead the arm on by a chunk from wherever it sees it."""
    seen = []
    for _ in range(looks):
        stamp, begin = rig.now, ahead(rig)
        seen += follow(rig, INFERENCE_S)
        shifts = (begin + SPEED * PERIOD * np.arange(1, POINTS + 1))[:, None] * FORWARD
        rig.submit(shifts, step=PERIOD, stamp=stamp)
    return seen + follow(rig, INFERENCE_S)


def test_the_arm_waits_in_a_named_hold_and_goes_on_with_every_chunk():
    rig = PositionRig()
    seen = drive(rig, 8)
    path = np.array([place for place, _ in seen]) @ FORWARD
    steps = np.diff(path)
    assert steps.min() > -2e-6  # never back to where a late chunk began
    assert steps.max() / DT < 1.6 * SPEED  # and no leap to where it would have been
    holds = [hold for hold, _ in itertools.groupby(why for _, why in seen)]
    assert set(holds) == {"no chunk yet", "chunk exhausted", ""}
    # A chunk that was computed while the one before was executed asks for the same again: every second one leads on.
    assert path[-1] - path[0] > 0.9 * 4 * SPEED * PERIOD * POINTS
    assert rig.follower.progress.sequence == 8  # none was thrown away


def test_a_chunk_that_is_too_old_is_refused_by_its_age():
    rig = PositionRig()
    follow(rig, 2.6)
    reason = rig.refused(np.zeros((POINTS, 3)), stamp=0.0)
    assert reason == "chunk is 2.60 s old, allowed 2 s"
    assert rig.hold == "no chunk yet"


def test_real_time_chunking_says_at_once_that_no_chunk_bridges_the_delay():
    pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
    from bench import detour
    from controllers.errors import ConfigError
    from vla_ros.policies.chunking.config import wrap_chunking
    from vla_ros.policies.flow.training import FlowTraining

    policy = detour.train_policy(FlowTraining(iterations=5))
    with pytest.raises(ConfigError, match=r"a chunk of 10 bridges at most 5"):
        wrap_chunking(policy, {"method": "rtc", "delay_s": 1.2}, "test")


@pytest.mark.parametrize("method", ["rtc", "rtc_identity"])
def test_a_server_that_became_that_slow_costs_the_continuation_and_no_chunk(method):
    """The estimate is 13 of 10 steps then: bounded by what is left, and nothing where nothing is left."""
    pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
    from bench import detour
    from vla_ros.policies.chunking.config import wrap_chunking
    from vla_ros.policies.flow.training import FlowTraining

    policy = detour.train_policy(FlowTraining(iterations=5))
    prepare = policy.prepare

    def slowly(observation):
        time.sleep(1.25)
        return prepare(observation)

    policy.prepare = slowly
    wrapped = wrap_chunking(policy, {"method": method, "warmup": 0}, "test")
    begin = detour.start_pose()
    wrapped.infer(detour.observation_at(0.0, begin))
    after = wrapped.infer(detour.observation_at(1.3, begin))  # it has run out: begin anew
    assert wrapped.continuation is None
    wrapped.infer(detour.observation_at(2.0, detour._pose(after, 2.0)))  # three of its steps are left
    assert wrapped.continuation.expected > 10
    assert wrapped.continuation.delay == 3
