# SPDX-License-Identifier: Apache-2.0
"""A training begins from a backbone that was trained before it."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.policies.backbone.checkpoint import load_backbone
from vla_ros.policies.backbone.checkpoint_config import BackboneSizes, read_backbone_config
from vla_ros.policies.backbone.network import Backbone

OTHER_SIZES = "is of other sizes than trunk_width, crop, match_depth and the catalogue say"


def begin_from(folder: Path, backbone: Backbone, sizes: BackboneSizes) -> None:
    """Copy the weights of a checkpoint into a backbone of these sizes. Raises ConfigError for one of others."""
    if read_backbone_config(folder).network != sizes:
        raise ConfigError(f"begin: {folder}: {OTHER_SIZES}")
    backbone.load_state_dict(load_backbone(folder).state_dict())
