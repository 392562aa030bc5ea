# SPDX-License-Identifier: Apache-2.0
"""One flow for several robots that nothing seen tells apart: prompts do, and a robot that joins learns its own."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from controllers.errors import ConfigError
from vla_ros.policies.flow.soft_prompts import Demonstrations, PromptTuning, join, train_prompted
from vla_ros.policies.flow.training import FlowTraining

SETTINGS = FlowTraining(iterations=600, width=48, depth=2)


def robot(sign: float, count: int = 600) -> Demonstrations:
    """Return demonstrations of a robot that goes `sign` times as far as what it sees."""
    seen = np.random.default_rng(3).uniform(-1.0, 1.0, (count, 2))
    return Demonstrations(sign * np.repeat(seen[:, None, :1], 4, axis=1), seen)


def said(network, seen):
    """Return the actions (B, H, D) that a network draws without noise."""
    x = torch.zeros(len(seen), 4, 1)
    for k in range(5):
        x = x + network(x, torch.full((len(seen),), k / 5), seen) / 5
    return x.detach()


@pytest.fixture(scope="module")
def flow():
    trained, loss = train_prompted([robot(1.0), robot(-1.0), robot(0.5)], SETTINGS, prompt=4)
    assert loss < 0.05
    return trained


def test_each_robot_does_what_its_own_demonstrations_do(flow):
    seen = torch.tensor([[0.8, 0.0], [-0.4, 0.3]])
    for place, sign in enumerate((1.0, -1.0, 0.5)):
        expected = (sign * seen[:, :1, None]).expand(-1, 4, -1)
        assert (said(flow.of(place), seen) - expected).abs().max() < 0.25


def test_the_network_of_one_robot_knows_no_prompts_and_says_the_same(flow):
    seen, x, tau = torch.randn(6, 2), torch.randn(6, 4, 1), torch.rand(6)
    alone = flow.of(1)
    assert alone.condition_size == 2
    torch.testing.assert_close(alone(x, tau, seen), flow.network(x, tau, flow.prompted(seen, 1)))
    assert flow.network.condition_size == 6  # as it was


def test_a_robot_that_joins_learns_its_prompt_and_leaves_the_others_theirs(flow):
    before = {name: value.clone() for name, value in flow.state_dict().items()}
    wider = join(flow, robot(-0.5, 40), PromptTuning(warm_up=300, iterations=0))
    assert wider.prompts.shape == (4, 4)
    seen = torch.tensor([[0.8, 0.0]])
    assert (said(wider.of(3), seen) + 0.4).abs().max() < 0.25
    torch.testing.assert_close(said(wider.of(0), seen), said(flow.of(0), seen))  # weights are as they were
    for name, value in flow.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    both = join(flow, robot(-0.5, 40), PromptTuning(warm_up=50, iterations=50))
    assert not torch.equal(both.network.layers[0].weight, flow.network.layers[0].weight)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: train_prompted([]), "the same size, got {}"),
        (lambda: Demonstrations(np.zeros((4, 3, 1)), np.zeros((3, 2))), "4 actions for 3 conditions"),
        (lambda: Demonstrations(np.zeros((0, 3, 1)), np.zeros((0, 2))), "0 actions for 0"),
        (lambda: train_prompted([robot(1.0), Demonstrations(np.zeros((4, 3, 1)), np.zeros((4, 2)))]), "the same size"),
        (lambda: train_prompted([robot(1.0)], prompt=0), "1 number or more"),
        (lambda: train_prompted([robot(1.0)], FlowTraining(horizons=(2, 4))), "no mixture of horizons"),
        (lambda: PromptTuning(batch=0), "batch must be > 0, got 0"),
        (lambda: PromptTuning(warm_up=-1), "warm_up must be >= 0, got -1"),
    ],
)
def test_what_makes_no_sense_is_one_line(call, message):
    with pytest.raises(ConfigError, match=message):
        call()
