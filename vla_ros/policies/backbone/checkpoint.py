# SPDX-License-Identifier: Apache-2.0
"""The backbone alone on disk, for experts that are built on it: config.json and model.safetensors.

A policy's own checkpoint holds its backbone whole; this one is what the next begins from.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from vla_ros.policies.backbone.checkpoint_config import BackboneConfig, BackboneSizes, read_backbone_config
from vla_ros.policies.backbone.network import Backbone
from vla_ros.policies.families.network_file import load_network, save_network


def new_backbone(sizes: BackboneSizes) -> Backbone:
    """Return a backbone of these sizes, not trained."""
    return Backbone(sizes.categories, sizes.colors, sizes.width, sizes.size, sizes.depth, sizes.trunk_width, sizes.crop)


def load_backbone(folder: Path) -> Backbone:
    """Return the backbone of a checkpoint, ready to be asked. Raises ConfigError for what is none, or is torn."""
    sizes = read_backbone_config(folder).network
    return load_network(folder, lambda: new_backbone(sizes)).eval()


def save_backbone(folder: Path, backbone: Backbone, config: BackboneConfig) -> None:
    """Write weights, then config.json."""
    save_network(folder, backbone, dataclasses.asdict(config), halved=True)
