# SPDX-License-Identifier: Apache-2.0
"""A prefix filled up with zeros, which decode to the mean of the data set; a prefix that names the wrong actions.

lerobot#4454: what was left of the last chunk was padded with zeros, the new chunk was pulled towards them, and the arm
went towards the mean for a step (95 → 103 → 95). strands-labs/robots#3402: the prefix was cut where the last chunk was
made, not where it had been executed to, and named actions of other times.
"""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from bench import detour
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.chunking.real_time import RealTimeChunking
from vla_ros.policies.flow.policy import MlpFlowPolicy
from vla_ros.policies.flow.training import FlowTraining, train_flow

STEP = 0.02  # [m] an action, forth where the tool is high, back where it is low: their mean is to stand still
MIDDLE = 0.25  # [m]


def side(positions: np.ndarray) -> np.ndarray:
    """Return (..., 1) 1 where the tool is high, -1 where it is low."""
    return np.sign(positions[..., 2:3] - MIDDLE)


@pytest.fixture(scope="module")
def policy() -> MlpFlowPolicy:
    """Return a trained flow whose actions are never the mean of its data."""
    random = np.random.default_rng(0)
    high = random.choice((-1.0, 1.0), (2000, 1))
    actions = np.zeros((2000, detour.HORIZON, 7))
    actions[..., 0] = STEP * high + 0.1 * STEP * random.standard_normal((2000, detour.HORIZON))
    actions[..., 6] = detour.WIDTH
    normaliser = Normaliser.of(actions)
    network, _ = train_flow(normaliser.normalise(actions), high, FlowTraining(iterations=400, width=64, depth=2))
    return MlpFlowPolicy(
        network, normaliser, detour.CODEC, lambda seen: side(detour.CODEC.view(seen).T_base_ee_commanded[:3, 3])
    )


def pose_at(x: float, z: float) -> np.ndarray:
    T = detour.start_pose()
    T[:3, 3] = x, 0.0, z
    return T


def chunking(policy: MlpFlowPolicy, method: str) -> RealTimeChunking:
    wrapped = wrap_chunking(policy, {"method": method, "delay_s": 0.2}, "test")
    assert isinstance(wrapped, RealTimeChunking)
    return wrapped


@pytest.mark.parametrize("method", ["rtc", "rtc_identity"])
@pytest.mark.parametrize("z", [0.2, 0.3])
def test_what_the_last_chunk_does_not_reach_is_never_the_mean(policy, method, z):
    wrapped, way = chunking(policy, method), STEP * np.sign(z - MIDDLE)
    wrapped.infer(detour.observation_at(0.0, pose_at(0.4, z)))
    # Eight of its ten actions are over: two are left, and eight more are wanted.
    chunk = wrapped.infer(detour.observation_at(0.8, pose_at(0.4 + 8 * way, z)))
    assert wrapped.continuation is not None
    assert wrapped.continuation.executed == 8
    steps = np.diff(chunk.positions("panda")[:, 0], prepend=0.4 + 8 * way)
    assert (steps / way).min() > 0.6  # the data's scatter is 0.1: 0 would be the mean


@pytest.mark.parametrize("after", [0.1, 0.4, 0.53])
def test_the_prefix_is_what_will_be_executed_at_the_same_times(policy, after):
    """However far the last chunk has been executed, and however the look falls between its points."""
    wrapped = chunking(policy, "rtc_identity")
    first = wrapped.infer(detour.observation_at(0.0, pose_at(0.4, 0.3)))
    # Where the arm was pushed to is not where the plan is: only the plan's own times name what comes next.
    seen = detour.observation_at(after, pose_at(0.4 + STEP * after / detour.PERIOD + 0.01, 0.3))
    asked = {}
    guided = wrapped._guided

    def spy(flow, condition, previous, mask, limit):
        asked.update(previous=previous, mask=mask)
        return guided(flow, condition, previous, mask, limit)

    wrapped._guided = spy
    wrapped.infer(seen)
    frozen = wrapped.continuation.delay
    assert frozen >= 1
    assert (asked["mask"][:frozen] == 1.0).all()
    prefix = policy.decode(seen, asked["previous"]).positions("panda")[:frozen]
    times = after + detour.PERIOD * np.arange(1, frozen + 1)
    planned = [np.interp(times, first.stamp + first.times, first.positions("panda")[:, axis]) for axis in range(3)]
    np.testing.assert_allclose(prefix, np.transpose(planned), atol=1e-6)
