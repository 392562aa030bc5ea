# SPDX-License-Identifier: Apache-2.0
"""A flow with several horizons: what each one sees and predicts, how they are weighed, and what it learns."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from policy_making.flow_observation import CONFIG, observation

from controllers.errors import ConfigError
from vla_ros.policies.flow.checkpoint import load_flow, new_network, save_flow
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.training import FlowTraining, flow_matching_loss, train_flow

HORIZONS = (2, 4, 6)


@pytest.fixture
def network():
    torch.manual_seed(0)
    return VelocityNetwork(6, 3, 2, 16, 2, horizons=HORIZONS)


def drawn(batch=5):
    random = torch.Generator().manual_seed(1)
    return torch.randn(batch, 6, 3, generator=random), torch.rand(batch, generator=random), torch.ones(batch, 2)


def test_a_horizon_sees_and_counts_for_its_own_steps_alone(network):
    x, tau, condition = drawn()
    hidden = network.hidden(x, tau, condition)
    assert hidden.shape == (5, 3, 16)
    later = x.clone()
    later[:, 2:] += 1.0
    moved = (network.hidden(later, tau, condition) - hidden).abs().amax(dim=(0, 2))
    assert moved[0] == 0.0
    assert (moved[1:] > 1e-3).all()
    weights = network.weights(hidden)
    torch.testing.assert_close(weights.sum(dim=1), torch.ones(5, 6))
    assert (weights[:, 0, 2:] == 0.0).all()
    assert (weights[:, 1, 4:] == 0.0).all()
    assert (weights[:, :, :2] > 0.0).all()


def test_the_field_is_the_weighted_mean_of_what_horizons_predict(network):
    x, tau, condition = drawn()
    hidden = network.hidden(x, tau, condition)
    clean = (network.weights(hidden)[..., None] * network.predictions(hidden)).sum(dim=1)
    expected = (clean - x) / (1.0 - tau).clamp(min=0.05)[:, None, None]
    torch.testing.assert_close(network(x, tau, condition), expected)
    apart = network.disagreement(hidden)
    assert (apart[:, :4] > 0.0).all()
    assert apart[:, 4:].isinf().all()  # the longest one is alone there
    torch.nn.init.zeros_(network.layers[-1].weight)  # all say the same
    assert network.disagreement(hidden)[:, :4].max() < 1e-6


def test_of_one_horizon_nothing_changes():
    torch.manual_seed(0)
    plain = VelocityNetwork(6, 3, 2, 16, 2)
    x, tau, condition = drawn()
    hidden = plain.hidden(x, tau, condition)
    assert not plain.mixes
    assert plain.gate is None
    torch.testing.assert_close(plain.velocities(hidden, x, tau), plain(x, tau, condition))
    assert plain.disagreement(hidden).isinf().all()


def test_each_horizon_learns_and_none_is_left_out():
    random = np.random.default_rng(0)
    conditions = random.uniform(-1.0, 1.0, (512, 2))
    actions = np.repeat(conditions[:, :1, None], 6, axis=1) * np.arange(1, 7)[:, None] * [1.0, -1.0, 0.5] / 6.0
    settings = FlowTraining(iterations=400, width=32, depth=2, horizons=HORIZONS)
    trained, loss = train_flow(actions, conditions, settings)
    assert loss < 0.05  # fused and alone; of zeros it is above 0.2
    hidden = trained.hidden(torch.zeros(64, 6, 3), torch.full((64,), 0.5), torch.ones(64, 2) * 0.5)
    expected = torch.as_tensor(actions[:1] / conditions[:1, 0, None, None] * 0.5, dtype=torch.float32)
    for place, horizon in enumerate(HORIZONS):
        error = (trained.predictions(hidden)[:, place, :horizon] - expected[:, :horizon]).abs().max()
        assert error < 0.15
    assert trained.weights(hidden)[:, :, :2].mean(dim=(0, 2)).min() > 0.1


def test_uneven_weights_cost(network):
    actions, _, condition = drawn(64)

    def loss():
        random = torch.Generator().manual_seed(0)
        return float(flow_matching_loss(network, actions, condition, random).detach())

    before = loss()
    with torch.no_grad():
        network.layers[-1].weight.zero_()
        network.layers[-1].bias.zero_()  # whichever counts, the prediction is the same
        even = loss()
        network.gate.bias.zero_()
        network.gate.weight.zero_()
        assert loss() <= even
    assert np.isfinite(before)


def test_it_is_saved_with_its_horizons(tmp_path):
    torch.manual_seed(0)
    config = dataclasses.replace(CONFIG, horizons=(2, 5))
    save_flow(tmp_path, new_network(config), CONFIG)  # the network knows
    policy = load_flow(tmp_path)
    assert policy.agrees
    assert policy.disagreement is None
    policy.infer(observation())
    assert np.isfinite(policy.disagreement[:2]).all()
    assert np.isinf(policy.disagreement[2:]).all()


@pytest.mark.parametrize(
    ("horizons", "message"),
    [((5,), "two or more, rising"), ((3, 2, 5), "two or more, rising"), ((0, 5), "from 1 on"), ((2, 4), "end with")],
)
def test_horizons_that_make_no_sense_are_refused(horizons, message):
    with pytest.raises(ConfigError, match=message):
        dataclasses.replace(CONFIG, horizons=horizons)
    with pytest.raises(ConfigError, match=message):
        train_flow(np.zeros((4, 5, 7)), np.zeros((4, 1)), FlowTraining(iterations=1, horizons=horizons))
