# SPDX-License-Identifier: Apache-2.0
"""An ACT policy on disk: config.json and model.safetensors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from vla_ros.policies.act.config import ActConfig, read_act_config
from vla_ros.policies.act.network import ActNetwork
from vla_ros.policies.act.policy import ActPolicy
from vla_ros.policies.contract_checks import check_checkpoint
from vla_ros.policies.families.network_file import load_network, save_network
from vla_ros.robots.embodiment import Embodiment


def load_act(folder: Path, robot: Embodiment) -> ActPolicy:
    """Return the policy of a checkpoint. Raises ConfigError when it is not for this robot, before weights are read."""
    config = read_act_config(folder)
    check_checkpoint(folder, config, robot)
    network = load_network(folder, lambda: new_network(config))
    # Several threads fight with the control loop for two cores, and gain little on a network this small.
    torch.set_num_threads(1)
    return ActPolicy(network, config, robot)


def save_act(folder: Path, network: ActNetwork, config: ActConfig) -> None:
    """Write weights, then config.json."""
    save_network(folder, network, dataclasses.asdict(config))


def new_network(config: ActConfig) -> ActNetwork:
    """Return a network of the checkpoint's sizes, not trained."""
    codec = config.codec()
    network = ActNetwork(config.network, len(config.cameras), len(config.state), codec.size, codec.horizon)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
