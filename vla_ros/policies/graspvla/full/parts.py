# SPDX-License-Identifier: Apache-2.0
"""The Hugging Face parts of a model: their configurations, and where training begins, their published weights.

Local files only, safetensors only, and never code that comes with weights.
"""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import load_file
from torch import Tensor
from transformers import (
    AutoModel,
    Dinov2Config,
    Dinov2WithRegistersConfig,
    LlamaConfig,
    PretrainedConfig,
    SiglipConfig,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.full import internlm2
from vla_ros.policies.graspvla.full.config import CONFIG, FullConfig, Parts
from vla_ros.policies.graspvla.full.network import GraspVlaNetwork, Network, PartConfigs
from vla_ros.policies.graspvla.full.released.network import ReleasedNetwork
from vla_ros.policies.hugging_face.published import (
    as_config_error,
    begin_part,
    default_dtype,
    fill,
    read_config_values,
    read_part_config,
)


def read_part_configs(folder: Path, parts: Parts) -> PartConfigs:
    """Read the three config.json. Raises ConfigError for one that is missing, malformed or of another kind of model."""
    dinov2, siglip = _read_config(folder / parts.dinov2), _read_config(folder / parts.siglip)
    llm = _read_config(folder / parts.llm)
    tower = siglip.vision_config if isinstance(siglip, SiglipConfig) else siglip
    if not isinstance(dinov2, Dinov2Config | Dinov2WithRegistersConfig):
        raise ConfigError(f"{folder / parts.dinov2}: holds a {dinov2.model_type}: a dinov2 is needed")
    if not isinstance(tower, SiglipVisionConfig):
        raise ConfigError(f"{folder / parts.siglip}: holds a {siglip.model_type}: a siglip is needed")
    if llm.is_encoder_decoder or not hasattr(llm, "num_hidden_layers") or not hasattr(llm, "vocab_size"):
        raise ConfigError(f"{folder / parts.llm}: holds a {llm.model_type}: a causal language model is needed")
    tower.vision_use_head = False  # it pools patches into one; here every patch is kept
    return PartConfigs(dinov2, tower, llm)


def build_network(config: FullConfig, parts: PartConfigs) -> Network:
    """Return a network of the configured form with random weights of the configured type."""
    with default_dtype(config.dtype):
        if config.released is not None:
            return ReleasedNetwork(config, config.released, parts)
        return GraspVlaNetwork(config, parts)


def begin_network(config: FullConfig, folder: Path) -> GraspVlaNetwork:
    """Return a network to train: published DINOv2, SigLIP and language model from `folder`, everything else fresh.

    Raises ConfigError when a part lacks weights; what it has besides (a head, a text tower) is left out.
    """
    parts = read_part_configs(folder, config.parts)
    network = build_network(config, parts)
    if not isinstance(network, GraspVlaNetwork):
        raise ConfigError(f"{folder}: training begins in the paper's form: leave 'released' out of {CONFIG}")
    towers, names = network.vision, config.parts
    begin_part(towers.dinov2, type(towers.dinov2), folder / names.dinov2)
    begin_part(towers.siglip, SiglipVisionModel, folder / names.siglip)
    is_internlm2 = read_config_values(folder / names.llm).get("model_type") == internlm2.MODEL_TYPE
    if is_internlm2 and isinstance(parts.llm, LlamaConfig):
        weights = internlm2.llama_weights(_read_tensors(folder / names.llm), parts.llm)
        fill(network.language.model, weights, folder / names.llm)
    else:
        begin_part(network.language.model, AutoModel, folder / names.llm)
    return network


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ConfigError(f"{folder}: has no *.safetensors: convert the weights, pickled ones are not read")
    tensors: dict[str, Tensor] = {}
    with as_config_error(folder):
        for file in files:
            tensors |= load_file(file)
    return tensors


def _read_config(folder: Path) -> PretrainedConfig:
    values = read_config_values(folder)
    if values.get("model_type") != internlm2.MODEL_TYPE:
        return read_part_config(folder)
    with as_config_error(folder):
        return internlm2.llama_config(values)
