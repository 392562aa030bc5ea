# SPDX-License-Identifier: Apache-2.0
"""One network as a checkpoint's folder: config.json and model.safetensors. No pickle is ever read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import nn

from controllers.errors import ConfigError
from vla_ros.new_file import replace_file
from vla_ros.policies.families.weights import FILES

CONFIG, WEIGHTS = FILES
Network = TypeVar("Network", bound=nn.Module)


def load_network(folder: Path, make: Callable[[], Network]) -> Network:
    """Return the network that `make` makes, with a checkpoint's weights. Raises ConfigError as load_weights does.

    What config.json says of its sizes is held against the file before memory is taken for it.
    """
    path = folder / WEIGHTS
    try:
        with safe_open(str(path), "pt") as file:
            found = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: is corrupt or cut short ({error}): copy the checkpoint again") from None
    _check_shapes(path, shell_of(path, make), found)
    network = make()
    load_weights(folder, network)
    return network


def shell_of(path: Path, make: Callable[[], Network]) -> Network:
    """Return a network without memory for its weights. Raises ConfigError for sizes that no network has."""
    try:
        with torch.device("meta"):
            return make()
    except (RuntimeError, ValueError, TypeError, OverflowError, ZeroDivisionError, AssertionError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ConfigError(f"{path}: {CONFIG} has sizes of no network ({reason}): copy the checkpoint again") from None


def _check_shapes(path: Path, network: nn.Module, found: Mapping[str, tuple[int, ...]]) -> None:
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for name in sorted(expected.keys() | found.keys()):
        if found.get(name) != expected.get(name):
            raise ConfigError(f"{path}: {name} has shape {found.get(name)}, {CONFIG} makes it {expected.get(name)}")


def load_weights(folder: Path, network: nn.Module) -> None:
    """Give a network its weights. Raises ConfigError for a file that is torn, of other sizes, or not finite."""
    path = folder / WEIGHTS
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: is corrupt or cut short ({error}): copy the checkpoint again") from None
    _check_shapes(path, network, {name: tuple(value.shape) for name, value in weights.items()})
    for name in sorted(weights):
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


def weights_digest(network: nn.Module) -> str:
    """Return a short name of what a network's weights are: what was made with them is of them."""
    found = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        found.update(name.encode())
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]
