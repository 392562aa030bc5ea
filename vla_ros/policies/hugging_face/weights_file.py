# SPDX-License-Identifier: Apache-2.0
"""A large model.safetensors: name, shape and type of every tensor by its header, before any weight is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import transformers
from safetensors import SafetensorError, safe_open
from torch import Tensor

from controllers.errors import ConfigError
from vla_ros.policies.families.table import CONFIG

DTYPE_NAMES = {torch.float32: "F32", torch.bfloat16: "BF16"}  # as safetensors spells them


def check_header(weights: Mapping[str, Tensor], path: Path, written_with: str = "") -> None:
    """Raise ConfigError with the first tensor of the file that is not as `weights`, which may be on the meta device.

    `written_with`: the version of transformers that named them.
    """
    expected = {key: (tuple(t.shape), DTYPE_NAMES[t.dtype]) for key, t in weights.items()}
    if not path.is_file():
        raise ConfigError(f"{path}: not found: the weights are read from this file alone")
    try:
        with safe_open(path, framework="pt") as file:
            slices = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 (no mapping)
            found = {key: (tuple(part.get_shape()), part.get_dtype()) for key, part in slices.items()}
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: corrupt or cut short ({error}): copy it again") from None
    missing, unknown = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if missing or unknown:
        problem = f"'{missing[0]}' is missing" if missing else f"'{unknown[0]}' is unknown"
        raise ConfigError(
            f"{path}: weight {problem} ({len(missing)} missing, {len(unknown)} unknown; written with transformers "
            f"{written_with or 'not said'}, here {transformers.__version__}): "
            f"use the weights that belong to {CONFIG}"
        )
    for key, wanted in expected.items():
        if found[key] != wanted:
            raise ConfigError(
                f"{path}: weight '{key}' is {_text(found[key])}, {CONFIG} and parts ask for {_text(wanted)}"
            )


def read_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Copy the file's tensors into `weights`. Raises ConfigError for one that is not finite."""
    with safe_open(path, framework="pt") as file, torch.no_grad():
        for key, tensor in weights.items():
            weight = file.get_tensor(key)
            if not weight.isfinite().all():
                raise ConfigError(
                    f"{path}: weight '{key}' holds values that are not finite: take an earlier checkpoint"
                )
            tensor.copy_(weight)


def _text(tensor: tuple[tuple[int, ...], str]) -> str:
    return f"{'×'.join(map(str, tensor[0])) or 'a scalar'} {tensor[1]}"
