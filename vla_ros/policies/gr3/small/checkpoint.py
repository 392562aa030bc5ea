# SPDX-License-Identifier: Apache-2.0
"""A small GR-3 on disk: config.json and model.safetensors."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from vla_ros.policies.action_transformer.policy import ActionTransformerPolicy
from vla_ros.policies.backbone.blocks import freeze
from vla_ros.policies.contract_checks import check_checkpoint
from vla_ros.policies.families.network_file import load_network, save_network
from vla_ros.policies.gr3.small.config import SmallConfig, read_small_config
from vla_ros.policies.gr3.small.network import SmallGr3
from vla_ros.policies.gr3.small.reader import SmallReader
from vla_ros.robots.embodiment import Embodiment


def load_small_gr3(folder: Path, robot: Embodiment) -> ActionTransformerPolicy:
    """Return the policy of a checkpoint. Raises ConfigError when it is not for this robot, before weights are read."""
    config = read_small_config(folder)
    check_checkpoint(folder, config.acting, robot)
    network = load_network(folder, lambda: SmallGr3(config))
    freeze(network.backbone)
    freeze(network.grasp)
    # Several threads fight with the control loop for two cores, and gain little on a network this small.
    torch.set_num_threads(1)
    return small_policy(network, config, robot)


def small_policy(network: SmallGr3, config: SmallConfig, robot: Embodiment, seed: int = 0) -> ActionTransformerPolicy:
    """Return a network as a policy."""
    acting = config.acting
    grippers = [robot.gripper(name) for name in acting.action.grippers]
    reader = SmallReader(network, acting.cameras, acting.action.arms, grippers, config.surface)
    return ActionTransformerPolicy(reader, network.transformer, acting, robot, seed=seed)


def save_small_gr3(folder: Path, network: SmallGr3, config: SmallConfig) -> None:
    """Write weights, then config.json."""
    save_network(folder, network, dataclasses.asdict(config), halved=True)
