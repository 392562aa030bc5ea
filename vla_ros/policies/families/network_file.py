# SPDX-License-Identifier: Apache-2.0
"""One network as a checkpoint's folder: config.json and model.safetensors. No pickle is ever read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from controllers.errors import ConfigError
from vla_ros.new_file import replace_file
from vla_ros.policies.families.weights import FILES

CONFIG, WEIGHTS = FILES


def load_weights(folder: Path, network: nn.Module) -> None:
    """Give a network its weights. Raises ConfigError for a file that is torn, of other sizes, or not finite."""
    path = folder / WEIGHTS
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: is corrupt or cut short ({error}): copy the checkpoint again") from None
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for name in sorted(expected.keys() | weights.keys()):
        found = tuple(weights[name].shape) if name in weights else None
        if found != expected.get(name):
            raise ConfigError(f"{path}: {name} has shape {found}, {CONFIG} makes it {expected.get(name)}")
        if not weights[name].isfinite().all():
            raise ConfigError(f"{path}: {name} holds a value that is not finite: take an earlier checkpoint")
    network.load_state_dict(weights)


def save_network(folder: Path, network: nn.Module, config: Mapping[str, Any], halved: bool = False) -> None:
    """Write weights, then config.json: a folder without it is no checkpoint yet.

    `halved`: matrices and kernels as half numbers, in half the space. Statistics and biases stay what they are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.contiguous() for name, value in network.state_dict().items()}
    if halved:
        weights = {name: value.half() if value.ndim > 1 else value for name, value in weights.items()}
    replace_file(folder / WEIGHTS, save(weights))
    replace_file(folder / CONFIG, (json.dumps(config, indent=1) + "\n").encode())
