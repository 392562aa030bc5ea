# SPDX-License-Identifier: Apache-2.0
"""Roll-outs during training: the same scenes each time, none of the evaluation's, networks left as they are."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.small.checkpoint_config import NetworkSizes
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.training.graspvla.config import RollOutConfig
from vla_ros.training.graspvla.rollouts import RollOuts


def test_networks_that_know_nothing_lift_nothing_and_are_not_touched() -> None:
    torch.manual_seed(0)
    networks = SmallGraspVla(NetworkSizes(6, 5)).train()
    needs = Needs(tuple(CameraNeed(name, calibration=True) for name in ("front", "side")), history_s=0.5)
    before = {name: value.clone() for name, value in networks.state_dict().items()}
    rollouts = RollOuts("franka", needs, episodes=1)
    figures = rollouts.judge(networks)
    assert figures["success"] == figures["right_object"] == 0.0
    assert rollouts.judge(networks) == figures
    assert networks.training
    assert all(parameter.requires_grad for parameter in networks.parameters())
    assert all(torch.equal(value, before[name]) for name, value in networks.state_dict().items())


@pytest.mark.parametrize("change", [{"episodes": -1}, {"every": 0}])
def test_amounts_that_cannot_be(change: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=r"rollouts\.episodes must be at least 0, every 1, got"):
        RollOutConfig(**change)
