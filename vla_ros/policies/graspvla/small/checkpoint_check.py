# SPDX-License-Identifier: Apache-2.0
"""Does a checkpoint fit the robot and the task it was trained for? Asked before weights are read."""

from __future__ import annotations

from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.contract import load_contract
from vla_ros.policies.contract_checks import check_robot
from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig
from vla_ros.robots.embodiment import Embodiment

# Of an action contract: what decides how a row is read. A chunk may be longer or shorter than the data's.
MEANING = ("arms", "joints", "grippers", "reference", "rotation", "target", "width_target", "anchor")


def check_checkpoint(folder: Path, config: CheckpointConfig, embodiment: Embodiment) -> None:
    """Raise ConfigError with the first thing in which a checkpoint, its contract and the robot differ."""
    if config.robot != embodiment.name:
        raise ConfigError(
            f"{folder}: was trained for robot '{config.robot}', this is '{embodiment.name}': "
            "train one for it, or choose a policy that is not learned, such as geometric"
        )
    missing = [name for name in config.cameras if name not in embodiment.known_cameras]
    if missing:
        raise ConfigError(
            f"{folder}: needs camera '{missing[0]}', the robot has {', '.join(embodiment.known_cameras) or 'none'}"
        )
    try:
        contract = load_contract(config.contract)
        check_robot(contract, embodiment)
    except ConfigError as error:
        raise ConfigError(f"{folder}: {error}") from None
    strange = [name for name in config.cameras if name not in contract.cameras]
    if strange:
        raise ConfigError(
            f"{folder}: {unknown_name(f'camera of contract {contract.name}', strange[0], contract.cameras)}"
        )
    for key, here, there in (
        ("period", config.period, contract.period),
        *((key, getattr(config.action, key), getattr(contract.action, key)) for key in MEANING),
    ):
        if here != there:
            raise ConfigError(
                f"{folder}: {key} is {here!r}, but contract '{contract.name}' says {there!r}: use the contract it was "
                "trained with, or train again with this one"
            )


def require_chain(folder: Path, config: CheckpointConfig) -> None:
    """Raise ConfigError for a checkpoint without boxes and grasps to go on with or to label by."""
    if not config.networks.conditioning:
        raise ConfigError(f"{folder}: has no chain (trained with conditioning: []); give a checkpoint that has one")
