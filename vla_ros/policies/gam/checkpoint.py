# SPDX-License-Identifier: Apache-2.0
"""GAM on disk: config.json and model.safetensors, never a pickle."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vla_ros.policies.families.network_file import load_network, save_network
from vla_ros.policies.gam.checkpoint_config import GamConfig, read_gam_config
from vla_ros.policies.gam.networks.network import GamNetwork


def load_gam(folder: Path) -> tuple[GamNetwork, GamConfig]:
    """Return a checkpoint's network, ready to infer, and its configuration.

    Raises ConfigError for a folder that is missing, torn, or of other sizes.
    """
    config = read_gam_config(folder)
    network = load_network(folder, lambda: GamNetwork(config.sizes))
    return network.eval().requires_grad_(False), config


def save_gam(folder: Path, network: GamNetwork, config: GamConfig) -> None:
    """Write weights, matrices as half numbers, then config.json."""
    save_network(folder, network, dataclasses.asdict(config), halved=True)
