# SPDX-License-Identifier: Apache-2.0
"""A published part: its config.json, and its weights, where training begins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, PretrainedConfig

from controllers.errors import ConfigError
from vla_ros.documents import read_json


def read_config_values(folder: Path) -> dict[str, Any]:
    """Return what a part's config.json says. Raises ConfigError for one that is missing or no mapping."""
    path = folder / "config.json"
    if not path.is_file():
        raise ConfigError(f"{path}: not found: put the part's own config.json there, as Hugging Face lays it out")
    values = read_json(path)
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping, got {type(values).__name__}")
    return values


def read_part_config(folder: Path) -> PretrainedConfig:
    """Read a part's config.json. Raises ConfigError for one that this transformers does not know."""
    read_config_values(folder)
    with as_config_error(folder):
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def begin_part(module: Any, kind: Any, folder: Path) -> None:
    """Give a module the weights that were published for its `kind`, in one file or several.

    Raises ConfigError when one is missing or of another shape; what the folder has besides (a head, a text tower) is
    left out.
    """
    with as_config_error(folder):
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
    fill(module, loaded.state_dict(), folder)


@torch.no_grad()
def fill(module: nn.Module, weights: Mapping[str, Tensor], folder: Path) -> None:
    """Copy weights into a module. Raises ConfigError for one that is missing, of another shape or not finite."""
    for key, tensor in module.state_dict().items():
        if key not in weights or weights[key].shape != tensor.shape:
            raise ConfigError(f"{folder}: weight '{key}' is missing or of another shape: download the folder again")
        if not weights[key].isfinite().all():
            raise ConfigError(f"{folder}: weight '{key}' holds values that are not finite: download the folder again")
        tensor.copy_(weights[key])


@contextmanager
def default_dtype(name: str) -> Iterator[None]:
    """Make what is built in here of this type, such as "bfloat16".

    A later cast would also blur the frequencies of rotary positions; made in the right type, they stay in float32.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, name))
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def as_config_error(folder: Path) -> Iterator[None]:
    """Turn whatever transformers and safetensors raise over a folder into one line."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SafetensorError) as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(f"{folder}: cannot be used ({line}): give a folder that transformers reads offline") from None
