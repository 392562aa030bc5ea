# SPDX-License-Identifier: Apache-2.0
"""The Hugging Face parts of a model: their configurations, and where training begins, their published weights.

Local files only, safetensors only, and never code that comes with weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    Dinov2Config,
    Dinov2Model,
    LlamaConfig,
    PretrainedConfig,
    SiglipConfig,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from controllers.errors import ConfigError
from vla_ros.documents import read_json
from vla_ros.policies.graspvla.full import internlm2
from vla_ros.policies.graspvla.full.config import FullConfig, Parts
from vla_ros.policies.graspvla.full.network import GraspVlaNetwork, PartConfigs


def read_part_configs(folder: Path, parts: Parts) -> PartConfigs:
    """Read the three config.json. Raises ConfigError for one that is missing, malformed or of another kind of model."""
    dinov2, siglip = _read_config(folder / parts.dinov2), _read_config(folder / parts.siglip)
    llm = _read_config(folder / parts.llm)
    tower = siglip.vision_config if isinstance(siglip, SiglipConfig) else siglip
    if not isinstance(dinov2, Dinov2Config):
        raise ConfigError(f"{folder / parts.dinov2}: holds a {dinov2.model_type}: a dinov2 is needed")
    if not isinstance(tower, SiglipVisionConfig):
        raise ConfigError(f"{folder / parts.siglip}: holds a {siglip.model_type}: a siglip is needed")
    if llm.is_encoder_decoder or not hasattr(llm, "num_hidden_layers") or not hasattr(llm, "vocab_size"):
        raise ConfigError(f"{folder / parts.llm}: holds a {llm.model_type}: a causal language model is needed")
    tower.vision_use_head = False  # it pools patches into one; here every patch is kept
    return PartConfigs(dinov2, tower, llm)


def build_network(config: FullConfig, parts: PartConfigs) -> GraspVlaNetwork:
    """Return a network with random weights of the configured type."""
    before = torch.get_default_dtype()
    # A later cast would also blur the frequencies of rotary positions; made in the right type, they stay in float32.
    torch.set_default_dtype(getattr(torch, config.dtype))
    try:
        return GraspVlaNetwork(config, parts)
    finally:
        torch.set_default_dtype(before)


def begin_network(config: FullConfig, folder: Path) -> GraspVlaNetwork:
    """Return a network to train: published DINOv2, SigLIP and language model from `folder`, everything else fresh.

    Raises ConfigError when a part lacks weights; what it has besides (a head, a text tower) is left out.
    """
    parts = read_part_configs(folder, config.parts)
    network = build_network(config, parts)
    towers, names = network.vision, config.parts
    _begin_part(towers.dinov2, Dinov2Model, folder / names.dinov2)
    _begin_part(towers.siglip, SiglipVisionModel, folder / names.siglip)
    is_internlm2 = _read_values(folder / names.llm).get("model_type") == internlm2.MODEL_TYPE
    if is_internlm2 and isinstance(parts.llm, LlamaConfig):
        weights = internlm2.llama_weights(_read_tensors(folder / names.llm), parts.llm)
        _fill(network.language.model, weights, folder / names.llm)
    else:
        _begin_part(network.language.model, AutoModel, folder / names.llm)
    return network


def _begin_part(module: Any, kind: Any, folder: Path) -> None:
    with _as_config_error(folder):
        loaded, report = kind.from_pretrained(
            folder,
            config=module.config,
            dtype=module.dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
        )
    # transformers fills what is missing with random numbers and a warning.
    if report["missing_keys"] or report["mismatched_keys"]:
        key = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))[0]
        raise ConfigError(f"{folder}: weight '{key}' is missing or of another shape: download the folder again")
    _fill(module, loaded.state_dict(), folder)


def _fill(module: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
    state = module.state_dict()
    for key, tensor in state.items():
        if key not in weights or weights[key].shape != tensor.shape:
            raise ConfigError(f"{folder}: weight '{key}' is missing or of another shape: download the folder again")
        tensor.copy_(weights[key])


def _read_tensors(folder: Path) -> dict[str, Tensor]:
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise ConfigError(f"{folder}: has no *.safetensors: convert the weights, pickled ones are not read")
    tensors: dict[str, Tensor] = {}
    with _as_config_error(folder):
        for file in files:
            tensors |= load_file(file)
    return tensors


def _read_config(folder: Path) -> PretrainedConfig:
    values = _read_values(folder)
    with _as_config_error(folder):
        if values.get("model_type") == internlm2.MODEL_TYPE:
            return internlm2.llama_config(values)
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def _read_values(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    if not path.is_file():
        raise ConfigError(f"{path}: not found: put the part's own config.json there, as Hugging Face lays it out")
    values = read_json(path)
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping, got {type(values).__name__}")
    return values


@contextmanager
def _as_config_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(f"{folder}: cannot be used ({line}): give a folder that transformers reads offline") from None
