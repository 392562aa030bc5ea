# SPDX-License-Identifier: Apache-2.0
"""The flow policy differentiates rightly, encodes what it decodes, and trains reproducibly."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")


from policy_making.feature_checks import check_features
from policy_making.flow_observation import observation

from controllers.errors import ConfigError
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.actions.single_arm import SingleArmCodec, tool_deltas
from vla_ros.policies.capabilities.flow_policy import DifferentiableFlowPolicy
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.policy import MlpFlowPolicy
from vla_ros.policies.flow.training import FlowTraining, train_flow

HORIZON = 6


def codec(horizon: int) -> SingleArmCodec:
    return SingleArmCodec(tool_deltas("panda", "panda_hand", horizon=horizon), "panda_link0")


@pytest.fixture
def policy() -> MlpFlowPolicy:
    torch.manual_seed(0)
    network = VelocityNetwork(HORIZON, 7, 3, width=32, depth=2)
    normaliser = Normaliser(np.array([0.01, 0, 0, 0, 0, 0.02, 0.04]), np.array([0.01] * 3 + [0.05] * 3 + [0.04]))
    return MlpFlowPolicy(
        network, normaliser, codec(HORIZON), lambda seen: seen.state.arms["panda"].T_base_ee[:3, 3], seed=3
    )


def test_it_can_be_guided(policy):
    assert isinstance(policy, DifferentiableFlowPolicy)


@pytest.mark.parametrize("tau", [0.0, 0.4, 0.8])
def test_vjp_against_finite_differences(policy, tau: float):
    random = np.random.default_rng(0)
    x, cotangent = random.normal(size=(2, HORIZON, 7))
    condition = policy.prepare(observation())
    velocity, pullback = policy.vjp(condition, x, tau)
    np.testing.assert_allclose(velocity, policy.velocity(condition, x, tau), rtol=1e-5, atol=1e-5)
    gradient = pullback(cotangent)
    step = 1e-2  # weights are float32
    for direction in random.normal(size=(10, HORIZON, 7)):
        ahead, behind = (policy.velocity(condition, x + sign * step * direction, tau) for sign in (1.0, -1.0))
        expected = (cotangent * (ahead - behind)).sum() / (2.0 * step)
        assert (gradient * direction).sum() == pytest.approx(expected, rel=2e-3, abs=2e-3)


def test_vjp_works_where_a_caller_has_switched_gradients_off(policy):
    x = np.ones((HORIZON, 7))
    expected = policy.vjp(policy.prepare(observation()), x, 0.2)[1](x)
    with torch.inference_mode():
        _, pullback = policy.vjp(policy.prepare(observation()), x, 0.2)
        np.testing.assert_allclose(pullback(x), expected)


def test_encode_is_the_inverse_of_decode(policy):
    actions = np.random.default_rng(1).normal(size=(HORIZON, 7))
    chunk = policy.decode(observation(), actions)
    np.testing.assert_allclose(policy.encode(observation(), chunk), actions, atol=1e-9)


def test_a_number_that_never_changed_is_restored_as_it_was(policy):
    chunk = policy.decode(observation(), np.zeros((HORIZON, 7)))
    np.testing.assert_allclose(chunk.column("panda_hand/width"), 0.04)


def test_an_episode_is_the_same_whatever_ran_before(policy):
    first = [policy.infer(observation(t)).values for t in (0.0, 0.1)]
    assert np.abs(first[0] - first[1]).max() > 1e-6
    policy.reset()
    np.testing.assert_array_equal([policy.infer(observation(t)).values for t in (0.0, 0.1)], first)


def test_training_lowers_the_error_and_repeats():
    random = np.random.default_rng(0)
    conditions = random.normal(size=(400, 2))
    actions = np.tile(np.sin(conditions)[:, None], (1, 4, 1))
    before = torch.random.get_rng_state()
    quick = FlowTraining(iterations=60, width=32, depth=2)
    network, loss = train_flow(actions, conditions, quick)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert loss < 0.5 * train_flow(actions, conditions, FlowTraining(iterations=2, width=32, depth=2))[1]
    again, _ = train_flow(actions, conditions, quick)
    for one, other in zip(network.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("mean", "spread", "message"),
    [
        (np.zeros(3), np.ones(2), "statistics disagree"),
        (np.zeros(2), np.array([1.0, np.nan]), "not finite"),
        (np.zeros(2), np.array([1.0, -1.0]), "negative std"),
    ],
)
def test_bad_statistics_are_fatal(mean, spread, message):
    with pytest.raises(ConfigError, match=message):
        Normaliser(mean, spread)


def test_a_network_of_another_shape_is_refused():
    normaliser = Normaliser(np.zeros(7), np.ones(7))
    with pytest.raises(ConfigError, match=r"the network makes \(4, 7\), the action contract wants \(6, 7\)"):
        MlpFlowPolicy(VelocityNetwork(4, 7, 3), normaliser, codec(6), lambda seen: np.zeros(3))


def test_what_is_seen_of_another_size_is_refused(policy):
    policy._seen = lambda seen: np.zeros(5)
    with pytest.raises(ConfigError, match=r"what is seen is \(5,\), the network takes \(3,\)"):
        policy.infer(observation())


def test_its_features_are_the_last_hidden_layer_s_at_the_last_step(policy):
    moved = observation()
    moved.state.arms["panda"].T_base_ee[0, 3] += 0.2
    assert check_features(policy, observation(), moved).shape == (32,)
    policy.vjp(policy.prepare(observation()), np.zeros((HORIZON, 7)), 0.3)
    guided = policy.features
    policy.velocity(policy.prepare(observation()), np.zeros((HORIZON, 7)), 0.3)
    np.testing.assert_allclose(policy.features, guided, rtol=1e-6)
    hidden = policy._network.layers[:-1]
    heard = []
    hook = hidden[-1].register_forward_hook(lambda _module, _given, made: heard.append(made[0, -1].numpy().copy()))
    policy.infer(observation())
    hook.remove()
    np.testing.assert_array_equal(policy.features, heard[-1])
