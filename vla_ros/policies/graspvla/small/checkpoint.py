# SPDX-License-Identifier: Apache-2.0
"""A checkpoint on disk: config.json says what it is for, model.safetensors holds the weights.

Everything that can be checked is checked before weights are read: a policy for another robot, other cameras or other
actions is refused by the first difference. No pickle is ever read.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.policies.graspvla.small.checkpoint_config import (
    CONFIG,
    KIND,
    STATISTICS,
    WEIGHTS,
    CheckpointConfig,
    check_statistic,
)
from vla_ros.policies.graspvla.small.networks import SmallGraspVla


def load_networks(folder: Path, config: CheckpointConfig) -> SmallGraspVla:
    """Read the weights. Raises ConfigError for a file that is missing, torn, or of other networks."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from vla_ros.policies.families.network_file import shell_of

    path = folder / WEIGHTS
    if not path.is_file():
        raise ConfigError(f"{path}: is missing; copy the checkpoint again")
    try:
        weights = load_file(path)
    except (SafetensorError, OSError) as error:
        raise ConfigError(f"{path}: is corrupt or truncated ({error}): copy the checkpoint again") from None
    expected = shell_of(path, lambda: SmallGraspVla(config.networks)).state_dict()
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
    networks = SmallGraspVla(config.networks)
    networks.load_state_dict(weights)
    for name in STATISTICS:
        check_statistic(path, name, getattr(networks, name).numpy(), getattr(config, name))
    return networks


def save_checkpoint(folder: Path, config: CheckpointConfig, networks: SmallGraspVla) -> None:
    """Write weights, then config.json: a folder without it is no checkpoint yet."""
    from vla_ros.policies.families.network_file import save_network

    save_network(folder, networks, dataclasses.asdict(config), halved=True)
