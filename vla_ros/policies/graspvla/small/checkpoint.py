# SPDX-License-Identifier: Apache-2.0
"""A checkpoint on disk: config.json says what it is for, model.safetensors holds the weights.

Everything that can be checked is checked before weights are read: a policy for another robot, other cameras or other
actions is refused by the first difference. No pickle is ever read.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.policies.actions import ActionSpecification
from vla_ros.policies.graspvla.small.networks import NetworkSizes, SmallGraspVla

CONFIG, WEIGHTS = "config.json", "model.safetensors"
KIND, VERSION = "graspvla_small", 1


@dataclass(frozen=True)
class CheckpointConfig:
    """What a checkpoint is for. Raises ConfigError when statistics are missing or not finite."""

    robot: str
    contract: str  # name of config/contracts/<name>.yaml
    cameras: tuple[str, ...]
    action: ActionSpecification
    mean: tuple[float, ...]  # of the actions
    spread: tuple[float, ...]
    networks: NetworkSizes
    parts: bool = False  # it was shown by which part things are to be taken
    training: dict[str, Any] = field(default_factory=dict)  # where it comes from
    kind: str = KIND
    version: int = VERSION

    def __post_init__(self) -> None:
        if self.kind != KIND or self.version != VERSION:
            raise ConfigError(f"is a {self.kind} of version {self.version}; this reads {KIND} of version {VERSION}")
        if len(self.cameras) != 2:
            raise ConfigError(f"cameras: the model has two views, got {list(self.cameras)}")
        if len(self.mean) != 7 or len(self.spread) != 7:
            raise ConfigError(f"mean and spread need 7 numbers, got {len(self.mean)} and {len(self.spread)}")
        if not all(map(math.isfinite, (*self.mean, *self.spread))) or min(self.spread) <= 0.0:
            raise ConfigError(
                "mean and spread must be finite, spread above 0: without statistics nothing is normalised"
            )
        if self.networks.horizon != self.action.horizon:
            raise ConfigError(f"horizon is {self.action.horizon} in action, {self.networks.horizon} in networks")

    @property
    def views(self) -> tuple[str, str]:
        """Return its cameras, in the order of the networks' views."""
        first, second = self.cameras
        return first, second


def read_config(folder: Path) -> CheckpointConfig:
    """Read and check config.json. Raises ConfigError."""
    path = folder / CONFIG
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; give a checkpoint's folder, with {CONFIG} and {WEIGHTS}")
    try:
        values = json.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{path}: is missing; give a checkpoint's folder, with {CONFIG} and {WEIGHTS}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read ({error})") from None
    return build(CheckpointConfig, values, str(path))


def load_networks(folder: Path, config: CheckpointConfig) -> SmallGraspVla:
    """Read the weights. Raises ConfigError for a file that is missing, torn, or of other networks."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    path = folder / WEIGHTS
    if not path.is_file():
        raise ConfigError(f"{path}: is missing; copy the checkpoint again")
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: is corrupt or truncated ({error}): copy the checkpoint again") from None
    networks = SmallGraspVla(config.networks)
    expected = networks.state_dict()
    for name in expected:
        if name not in weights:
            raise ConfigError(f"{path}: lacks {name}: it is no {KIND} of the sizes in {CONFIG}")
        if weights[name].shape != expected[name].shape:
            found, wanted = list(weights[name].shape), list(expected[name].shape)
            raise ConfigError(f"{path}: {name} has shape {found}, {CONFIG} makes it {wanted}")
        if weights[name].dtype.is_floating_point and not weights[name].isfinite().all():
            raise ConfigError(f"{path}: {name} holds a value that is not finite: copy the checkpoint again")
    for name in weights:
        if name not in expected:
            raise ConfigError(f"{path}: holds {name}, which {KIND} has not: it is another model's")
    networks.load_state_dict(weights)
    for name, said in (("mean", config.mean), ("spread", config.spread)):
        if not np.allclose(getattr(networks, name).numpy(), said, rtol=1e-4, atol=1e-7):
            raise ConfigError(f"{path}: {name} is not what {CONFIG} says: the files are of two trainings")
    return networks


def save_checkpoint(folder: Path, config: CheckpointConfig, networks: SmallGraspVla) -> None:
    """Write weights, then config.json: a folder without it is no checkpoint yet."""
    from safetensors.torch import save

    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: value.contiguous() for name, value in networks.state_dict().items()}
    part = folder / f".{WEIGHTS}"
    part.write_bytes(save(weights))  # save_file would let nobody but the user read it
    os.replace(part, folder / WEIGHTS)
    part = folder / f".{CONFIG}"
    part.write_text(json.dumps(dataclasses.asdict(config), indent=1) + "\n")
    os.replace(part, folder / CONFIG)
