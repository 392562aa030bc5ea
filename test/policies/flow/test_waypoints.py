# SPDX-License-Identifier: Apache-2.0
"""A flow that says where to go, or that every action counts: learned, saved, asked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from policy_making.flow_observation import CONFIG, observation

from controllers.errors import ConfigError
from vla_ros.policies.flow.checkpoint import load_flow, new_network, save_flow
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.training import FlowTraining
from vla_ros.policies.flow.waypoints import Waypoints, train_waypoints


def moments(count=2000):
    """Return moments about 0: beyond 0.2 it goes to 0, the other number stays; nearer every action counts."""
    random = np.random.default_rng(0)
    at = random.uniform(-1.0, 1.0, (count, 1))
    dense = np.abs(at[:, 0]) < 0.2
    actions = np.where(dense[:, None], 0.01, -0.3 * at) * [1.0, 0.0]
    return Waypoints(at, actions, dense)


def test_where_to_go_and_whether_that_is_all_is_learned():
    network = VelocityNetwork(5, 2, 1, 16, 2)
    assert train_waypoints(network, moments(), FlowTraining(iterations=800, width=48)) < 0.1
    at = torch.tensor([[0.9], [-0.6], [0.05], [-0.1]])
    actions, modes = network.waypoints.draw(at, torch.zeros(4, 1, 3))
    assert (modes[:2] < 0.0).all()
    assert (modes[2:] > 0.0).all()
    np.testing.assert_allclose(actions[:2, 0].numpy(), [-0.27, 0.18], atol=0.03)
    np.testing.assert_allclose(actions[:, 1].numpy(), 0.0, atol=0.01)


def test_it_is_saved_and_says_the_same(tmp_path):
    torch.manual_seed(0)
    network = new_network(dataclasses.replace(CONFIG, waypoint_width=16))
    network.waypoints.mean += 0.05
    field = network.waypoints.field.layers[-1]
    with torch.no_grad():
        field.bias[-1] = -5.0  # sparse
    save_flow(tmp_path, network, CONFIG)  # the network knows
    policy, again = load_flow(tmp_path), load_flow(tmp_path)
    assert policy.knows_waypoints
    waypoint = policy.waypoint(observation())
    assert waypoint.times.shape == (1,)
    np.testing.assert_array_equal(waypoint.values, again.waypoint(observation()).values)
    with torch.no_grad():
        field.bias[-1] = 5.0
    save_flow(tmp_path, network, CONFIG)
    assert load_flow(tmp_path).waypoint(observation()) is None


def test_one_without_waypoints_says_so(tmp_path):
    torch.manual_seed(0)
    save_flow(tmp_path, new_network(CONFIG), CONFIG)
    policy = load_flow(tmp_path)
    assert not policy.knows_waypoints
    with pytest.raises(ConfigError, match="not trained with waypoints"):
        policy.waypoint(observation())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dense": np.zeros(2000, bool)}, "moments of both modes"),
        ({"dense": np.ones(2000, bool)}, "moments of both modes"),
        ({"dense": np.ones(3, bool)}, "conditions and actions are"),
        ({"actions": np.zeros((2000, 3))}, r"makes \(2,\)"),
    ],
)
def test_moments_that_do_not_fit_are_one_line(change, message):
    with pytest.raises(ConfigError, match=message):
        train_waypoints(VelocityNetwork(5, 2, 1, 16, 2), dataclasses.replace(moments(), **change))


def test_a_width_below_zero_is_refused():
    with pytest.raises(ConfigError, match="waypoint_width >= 0"):
        dataclasses.replace(CONFIG, waypoint_width=-1)
