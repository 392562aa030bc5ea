# SPDX-License-Identifier: Apache-2.0
"""A full GR-3 policy by the folder of its checkpoint, checked against the robot first."""

from __future__ import annotations

from pathlib import Path

from vla_ros.policies.action_transformer.policy import ActionTransformerPolicy
from vla_ros.policies.contract_checks import check_checkpoint, check_state
from vla_ros.policies.gr3.full.checkpoint import Checkpoint, load_checkpoint
from vla_ros.policies.gr3.full.config import read_full_config
from vla_ros.policies.gr3.full.reader import QwenReader
from vla_ros.policies.hugging_face.device import check_device
from vla_ros.robots.embodiment import Embodiment


def load_full_policy(
    folder: str | Path, robot: Embodiment, device: str = "cpu", seed: int = 0
) -> ActionTransformerPolicy:
    """Return a policy ready to infer on `device` ("cpu", "cuda", "cuda:1").

    Raises ConfigError for a device that is not here, and when folder and robot do not fit, before any weight is read.
    """
    check_device(device)
    folder = Path(folder)
    config = read_full_config(folder)
    check_checkpoint(folder, config, robot)
    check_state(folder, config.state, robot)
    return full_policy(load_checkpoint(folder), robot, device, seed)


def full_policy(
    checkpoint: Checkpoint, robot: Embodiment, device: str = "cpu", seed: int = 0
) -> ActionTransformerPolicy:
    """Return the policy of a checkpoint that is in memory."""
    network = checkpoint.network
    reader = QwenReader(checkpoint, device)
    return ActionTransformerPolicy(reader, network.action_transformer, network.config, robot, device, seed)
