# SPDX-License-Identifier: Apache-2.0
"""The first chunk that skips most of its actions, for the time of its inference is taken for time of motion.

lerobot#4223: a first inference of 0.7 s cost 21 of 30 actions, and the arm leapt from standstill to where the motion
would have been. lerobot#4454: the same whenever the queue had starved. lerobot#2541: the inference that loads and
compiles stays the estimate of all later ones.
"""

from __future__ import annotations

import time

import numpy as np
import pytest
from arms.franka_arm import DT
from arms.position_arm import PositionRig

FORWARD = np.array([1.0, 0.0, 0.0])
PERIOD, HORIZON = 1.0 / 30.0, 30  # [s], actions: as in lerobot#4223
SPEED = 0.15  # [m/s]
LOADING_S = 0.7  # [s] the first inference
USUAL_S = 0.3  # [s] every other


def way(begin: float) -> np.ndarray:
    """Return the shifts (H, 3) [m] of a chunk that goes on at SPEED from `begin` [m]."""
    return (begin + SPEED * PERIOD * np.arange(1, HORIZON + 1))[:, None] * FORWARD


def speeds(rig: PositionRig, since: int) -> np.ndarray:
    """Return how fast the commanded joints move [rad/s], the fastest of each tick."""
    return np.abs(np.diff(np.array(rig.commands[since:]), axis=0)).max(axis=1) / DT


def test_an_arm_that_stood_while_the_policy_loaded_begins_with_the_first_action():
    rig = PositionRig()
    rig.run(LOADING_S)
    transition = rig.submit(way(0.0), step=PERIOD, stamp=rig.now - LOADING_S)
    assert transition.delay == pytest.approx(LOADING_S, abs=0.02)  # the clock knows …
    assert transition.consumed == pytest.approx(0.0, abs=1e-9)  # … and so does the motion
    assert transition.entry < 2.0 * PERIOD
    assert transition.dropped_points <= 3  # what the filter looks ahead, and none of the 21
    rig.run(HORIZON * PERIOD + 0.5)
    at_once = PositionRig()  # the same chunk of an inference that took no time
    at_once.submit(way(0.0), step=PERIOD)
    at_once.run(HORIZON * PERIOD + 0.5)
    assert speeds(rig, 0).max() < 1.1 * speeds(at_once, 0).max()


def test_after_the_queue_ran_dry_the_next_chunk_is_entered_where_the_arm_stands():
    rig = PositionRig()
    rig.submit(way(0.0), step=PERIOD)
    rig.run(HORIZON * PERIOD + 1.0)
    assert rig.hold == "chunk exhausted"
    reached = SPEED * PERIOD * HORIZON
    rig.run(USUAL_S)
    transition = rig.submit(way(reached), step=PERIOD, stamp=rig.now - USUAL_S)
    assert transition.consumed < 0.02
    assert transition.entry < 2.0 * PERIOD


def test_in_motion_exactly_what_was_executed_is_skipped():
    """lerobot#4223 also skipped one action too many with every chunk: estimate and consumption were off by one."""
    rig = PositionRig()
    rig.submit(way(0.0), step=PERIOD)
    rig.run(0.4)
    seen, before = rig.now, float((rig.driven.progress.T_base_ee_commanded[:3, 3] - rig.position) @ FORWARD)
    rig.run(USUAL_S)
    transition = rig.submit(way(before), step=PERIOD, stamp=seen)
    assert transition.consumed == pytest.approx(USUAL_S, abs=0.02)
    assert transition.entry == pytest.approx(USUAL_S, abs=0.5 * PERIOD)
    assert transition.position_gap < 0.3 * SPEED * PERIOD  # of an action's way
    since = len(rig.commands) - 50
    rig.run(0.3)
    moving = speeds(rig, since)
    assert np.ptp(moving) < 0.15 * moving.max()  # neither a leap nor a stop


def test_the_inference_that_loads_is_not_the_estimate_of_all_others():
    pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
    from bench import detour
    from vla_ros.policies.chunking.guidance import identity_guided
    from vla_ros.policies.chunking.real_time import RealTimeChunking, RealTimeConfig
    from vla_ros.policies.flow.training import FlowTraining

    policy = detour.train_policy(FlowTraining(iterations=5))
    prepare, naps = policy.prepare, iter((LOADING_S, *[0.05] * 9))

    def slowly(observation):
        time.sleep(next(naps))
        return prepare(observation)

    policy.prepare = slowly
    wrapped = RealTimeChunking(policy, identity_guided, RealTimeConfig(warmup=1))
    for look in range(6):
        wrapped.infer(detour.observation_at(0.4 * look, detour.start_pose()))
    assert wrapped.continuation is not None
    assert wrapped.continuation.expected <= 4  # 0.05 s and the lead are one step; the load of a machine may add some
