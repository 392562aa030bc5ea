# SPDX-License-Identifier: Apache-2.0
"""A flow that was trained to go on from a prefix: keeps it to the bit, and chooses the way that it began."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from bench import detour
from controllers.errors import ConfigError
from vla_ros.policies.capabilities.flow_policy import integrate_flow
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.chunking.guidance import prefix_conditioned
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.policy import MlpFlowPolicy
from vla_ros.policies.flow.training import FlowTraining, flow_matching_loss, train_flow

DELAY, REPLAN, MOST = 0.25, 0.4, 5


@pytest.fixture(scope="module")
def policy() -> MlpFlowPolicy:
    return detour.train_policy(FlowTraining(prefix_max=MOST))


def chunking(policy: MlpFlowPolicy, **settings):
    return wrap_chunking(policy, {"method": "rtc_trained", "delay_s": DELAY} | settings, "test")


def pose_at(x: float) -> np.ndarray:
    T = detour.start_pose()
    T[0, 3] = x
    return T


def drives(policy: MlpFlowPolicy, wrapped: bool) -> list[detour.Drive]:
    done = []
    for seed in range(12):
        policy.seed(seed)
        done.append(detour.drive(chunking(policy, seed=seed) if wrapped else policy, DELAY, REPLAN, 2.0))
    policy.seed(0)
    return done


def rms(values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


def test_the_prefix_is_kept_to_the_bit_and_the_rest_goes_on_from_it(policy):
    for seed in range(8):
        wrapped = chunking(policy, seed=seed)
        first = wrapped.infer(detour.observation_at(0.0, pose_at(0.16)))
        second = wrapped.infer(detour.observation_at(REPLAN, detour._pose(first, REPLAN)))
        frozen = wrapped.continuation.delay
        assert frozen == 3
        np.testing.assert_allclose(
            second.positions("panda")[:frozen], first.positions("panda")[4 : 4 + frozen], atol=1e-9
        )
        steps = np.diff(second.positions("panda"), axis=0)
        assert np.linalg.norm(np.diff(steps, axis=0), axis=1).max() < 0.004  # [m] the way has no corner behind it


def test_transitions_are_several_times_smaller(policy):
    naive, trained = drives(policy, wrapped=False), drives(policy, wrapped=True)
    for transition in ("transition_position", "transition_velocity"):
        values = [rms([getattr(drive, transition) for drive in some]) for some in (naive, trained)]
        assert values[0] > 4.0 * values[1], (transition, values)


def test_a_prefix_decides_the_way_and_without_one_both_are_known(policy):
    seen = detour.observation_at(0.0, pose_at(0.25))
    condition = policy.prepare(seen)
    policy.reset()
    free = [policy.infer(seen) for _ in range(40)]
    sides = np.array([np.sign(chunk.positions("panda")[-1, 1]) for chunk in free])
    assert 0.2 < (sides > 0.0).mean() < 0.8
    random, kept = np.random.default_rng(1), []
    for chunk, side in zip(free, sides, strict=True):
        mask = (np.arange(detour.HORIZON) < MOST).astype(float)
        field = prefix_conditioned(policy, condition, policy.encode(seen, chunk), mask, 5.0)
        drawn = policy.decode(seen, integrate_flow(field, random.standard_normal(policy.action_shape), 5))
        kept.append(np.sign(drawn.positions("panda")[-1, 1]) == side)
    assert np.mean(kept) > 0.9


def test_no_more_is_frozen_than_it_was_trained_for(policy):
    with pytest.raises(
        ConfigError, match=r"test: delay_s 0.25 is 3 steps of 0.1 s: this policy was trained to be given"
    ):
        chunking(MlpFlowPolicy(VelocityNetwork(10, 7, 4, 16, 1, 2), policy._normaliser, detour.CODEC, policy._seen))
    wrapped = chunking(policy, delay_s=None, initial_delay_s=0.3, warmup=0)
    wrapped._estimator.add(0.9)  # as slow as this nothing was when it was loaded
    wrapped.infer(detour.observation_at(0.0, pose_at(0.16)))
    wrapped._frozen_max = 2
    wrapped.infer(detour.observation_at(REPLAN, pose_at(0.22)))
    assert wrapped.continuation.expected > 4
    assert wrapped.continuation.delay == 2


def test_given_actions_do_not_count_and_are_not_changed_by_noise():
    network = VelocityNetwork(6, 2, 1, 16, 1, prefix_max=5)
    seen = []
    hidden = network.hidden
    network.hidden = lambda x, tau, condition: (seen.append((x, tau)), hidden(x, tau, condition))[1]
    actions = torch.arange(64.0 * 12).reshape(64, 6, 2)
    loss = flow_matching_loss(network, actions, torch.zeros(64, 1), torch.Generator().manual_seed(0))
    (x, tau), *_ = seen
    given = tau >= 1.0
    assert {int(count) for count in given.sum(dim=1)} == set(range(6))
    assert (given[:, :-1] | ~given[:, 1:]).all()  # the first ones
    torch.testing.assert_close(x[given], actions[given])
    assert (x[~given] != actions[~given]).all()
    loss.backward()
    assert loss.isfinite()


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"prefix_max": -1}, "prefix_max must be >= 0 actions, got -1"), ({"prefix_max": 4}, "leaves nothing of 4")],
)
def test_a_prefix_that_makes_no_sense_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        train_flow(np.zeros((8, 4, 2)), np.zeros((8, 1)), FlowTraining(iterations=1, **settings))
