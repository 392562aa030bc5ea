# SPDX-License-Identifier: Apache-2.0
"""A training begins from a backbone that was trained before it."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.policies.backbone.checkpoint import load_backbone
from vla_ros.policies.backbone.checkpoint_config import KIND, BackboneSizes, read_backbone_config
from vla_ros.policies.backbone.network import Backbone
from vla_ros.policies.families.table import said_kind
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import KIND as GRASPVLA
from vla_ros.policies.graspvla.small.checkpoint_config import read_config

OTHER_SIZES = "is of other sizes than trunk_width, crop, match_depth and the catalogue say"


def begin_from(folder: Path, backbone: Backbone, sizes: BackboneSizes) -> None:
    """Copy the weights of a checkpoint into a backbone of these sizes. Raises ConfigError for one of others."""
    found, own = read_beginning(folder)
    if own != sizes:
        raise ConfigError(f"begin: {folder}: {OTHER_SIZES}")
    backbone.load_state_dict(found.state_dict())


def read_beginning(folder: Path) -> tuple[Backbone, BackboneSizes]:
    """Return the backbone of a checkpoint, of one alone or within a small GraspVLA, and its sizes.

    Raises ConfigError for a checkpoint of another kind.
    """
    kind = said_kind(folder)
    if kind == KIND:
        return load_backbone(folder), read_backbone_config(folder).network
    if kind != GRASPVLA:
        raise ConfigError(f"begin: {folder}: is a {kind}: give a backbone, or a small GraspVLA whose backbone it takes")
    config = read_config(folder)
    if not config.networks.conditioning:
        raise ConfigError(f"begin: {folder}: has no backbone: it acts without a chain")
    return load_networks(folder, config).backbone, config.networks.backbone
