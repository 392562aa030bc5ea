# SPDX-License-Identifier: Apache-2.0
"""Qwen2.5-VL as it is published: its configuration, and where training begins, its weights."""

from __future__ import annotations

from pathlib import Path

from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from controllers.errors import ConfigError
from vla_ros.policies.gr3.full.config import FullConfig
from vla_ros.policies.gr3.full.network import Gr3FullNetwork
from vla_ros.policies.hugging_face.published import begin_part, default_dtype, read_part_config


def read_qwen_config(folder: Path) -> Qwen2_5_VLConfig:
    """Read Qwen's config.json. Raises ConfigError for one that is missing, malformed or of another kind of model."""
    config = read_part_config(folder)
    if not isinstance(config, Qwen2_5_VLConfig):
        raise ConfigError(f"{folder}: holds a {config.model_type}: a qwen2_5_vl is needed")
    return config


def build_network(config: FullConfig, qwen: Qwen2_5_VLConfig) -> Gr3FullNetwork:
    """Return a network with random weights of the configured type."""
    with default_dtype(config.dtype):
        return Gr3FullNetwork(config, qwen)


def begin_network(config: FullConfig, folder: Path) -> Gr3FullNetwork:
    """Return a network to train: the published Qwen2.5-VL from `folder`, a fresh action transformer.

    Raises ConfigError when Qwen lacks a weight.
    """
    published = folder / config.parts.vision_language
    network = build_network(config, read_qwen_config(published))
    begin_part(network.vision_language.model, Qwen2_5_VLForConditionalGeneration, published)
    return network
