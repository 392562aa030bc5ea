# SPDX-License-Identifier: Apache-2.0
"""A small GEAR-VLA on disk: config.json and model.safetensors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from vla_ros.policies.action_transformer.policy import ActionTransformerPolicy
from vla_ros.policies.contract_checks import check_checkpoint
from vla_ros.policies.families.network_file import load_network, save_network
from vla_ros.policies.gear_vla.config import GearVlaConfig, read_gear_vla_config
from vla_ros.policies.gear_vla.network import GearVlaNetwork
from vla_ros.policies.gear_vla.reader import GearVlaReader
from vla_ros.robots.embodiment import Embodiment


def load_gear_vla(folder: Path, robot: Embodiment) -> ActionTransformerPolicy:
    """Return the policy of a checkpoint. Raises ConfigError when it is not for this robot, before weights are read."""
    config = read_gear_vla_config(folder)
    check_checkpoint(folder, config.acting, robot)
    network = load_network(folder, lambda: GearVlaNetwork(config))
    # Several threads fight with the control loop for two cores, and gain little on a network this small.
    torch.set_num_threads(1)
    return gear_vla_policy(network, config, robot)


def gear_vla_policy(
    network: GearVlaNetwork, config: GearVlaConfig, robot: Embodiment, seed: int = 0
) -> ActionTransformerPolicy:
    """Return a network as a policy."""
    reader = GearVlaReader(network, config.acting)
    return ActionTransformerPolicy(reader, network.transformer, config.acting, robot, seed=seed)


def save_gear_vla(folder: Path, network: GearVlaNetwork, config: GearVlaConfig) -> None:
    """Write weights, then config.json."""
    save_network(folder, network, dataclasses.asdict(config))
