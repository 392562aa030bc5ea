# SPDX-License-Identifier: Apache-2.0
"""Does a robot, a checkpoint or another contract fit a data contract? The first difference, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ChannelKind, channel_kind
from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.contract import ActionContract, DataContract, load_contract
from vla_ros.policies.families.weights import without_weights
from vla_ros.policies.needs import state_channels
from vla_ros.policies.weights_of_another_robot import contract_on_robot
from vla_ros.robots.embodiment import Embodiment

# Of an action contract: what decides how a row is read. A chunk may be longer or shorter than the data's.
MEANING = ("arms", "joints", "grippers", "reference", "rotation", "target", "width_target", "anchor")


class Trained(Protocol):
    """What a checkpoint says it was trained for."""

    @property
    def robot(self) -> str:
        """Return the robot's name."""

    @property
    def contract(self) -> str:
        """Return the name of the data's contract."""

    @property
    def cameras(self) -> tuple[str, ...]:
        """Name the cameras that it sees by."""

    @property
    def action(self) -> ActionContract:
        """Return what its actions mean."""

    @property
    def period(self) -> float:
        """Return the time [s] between actions."""


def check_robot(contract: DataContract, robot: Embodiment) -> None:
    """Raise ConfigError when the contract is another robot's, or names what the robot does not have."""
    where = f"contract '{contract.name}'"
    if not robot.answers_to(contract.robot):
        raise ConfigError(
            f"{where} is for robot '{contract.robot}', not '{robot.name}': choose that robot or another contract"
        )
    arms, joints, grippers = _groups(robot)
    for camera in contract.cameras:
        _known(where, "camera", camera, robot.known_cameras)
    check_action(contract.action, robot, where)
    if robot.base is None and set(contract.state) & set(BASE_AXES):
        raise ConfigError(f"{where} has the velocity of a base, robot '{robot.name}' stands still: leave it out")
    for channel in contract.state:
        kind, owner = channel_kind(channel), channel.rpartition("/")[0]
        if kind in (ChannelKind.POSITION, ChannelKind.ORIENTATION):
            _known(where, "arm", owner, arms)
        elif kind is ChannelKind.GRIPPER:
            _known(where, "gripper", owner, grippers)
        elif channel not in BASE_AXES:
            _known(where, "joint", owner, joints)


def check_action(action: ActionContract, robot: Embodiment, where: str) -> None:
    """Raise ConfigError with the first arm, joint or gripper that is to be moved and that the robot does not have."""
    arms, joints, grippers = _groups(robot)
    for kind, names, known in (
        ("arm", action.arms, arms),
        ("joint", action.joints, joints),
        ("gripper", action.grippers, grippers),
    ):
        for name in names:
            _known(where, kind, name, known)
    for cup in action.cups:
        _known(where, "cup", cup, [one for tool in robot.end_effectors for one in tool.cups])
    if robot.base is None and action.base:
        raise ConfigError(f"{where} has the velocity of a base, robot '{robot.name}' stands still: leave it out")


def check_checkpoint(folder: Path, config: Trained, embodiment: Embodiment) -> None:
    """Raise ConfigError with the first thing in which a checkpoint, its contract and the robot differ."""
    if config.robot != embodiment.name:
        raise ConfigError(
            f"{folder}: was trained for robot '{config.robot}', this is '{embodiment.name}': "
            f"train one for it, or {without_weights(embodiment)}"
        )
    missing = [name for name in config.cameras if name not in embodiment.known_cameras]
    if missing:
        raise ConfigError(
            f"{folder}: needs camera '{missing[0]}', the robot has {', '.join(embodiment.known_cameras) or 'none'}"
        )
    try:
        contract = contract_on_robot(load_contract(config.contract), embodiment)
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


def check_state(folder: Path, channels: Iterable[str], robot: Embodiment) -> None:
    """Raise ConfigError with the first channel of a checkpoint's state that the robot does not have."""
    known = {channel for own in state_channels(robot).values() for channel in own}
    for channel in channels:
        _known(str(folder), "state column", channel, known)


def check_same(expected: DataContract, given: DataContract, where: str) -> None:
    """Raise ConfigError with the first difference between two contracts; `where` is whose the given one is.

    Names of contracts and topics may differ: they say how data came about, not what it is.
    """
    difference = first_difference(_content(expected), _content(given))
    if difference is not None:
        key, wanted, found = difference
        raise ConfigError(
            f"{where}: {key} is {_text(found)}, but contract '{expected.name}' says {_text(wanted)}: "
            "use the contract it was made with, or convert or train again with this one"
        )


def first_difference(expected: Any, given: Any, key: str = "") -> tuple[str, Any, Any] | None:
    """Return the first key at which nested mappings differ, with both values; None when they are equal."""
    if isinstance(expected, dict) and isinstance(given, dict):
        for name in dict.fromkeys([*expected, *given]):
            below = f"{key}.{name}" if key else str(name)
            if name not in expected or name not in given:
                return below, expected.get(name), given.get(name)
            difference = first_difference(expected[name], given[name], below)
            if difference is not None:
                return difference
        return None
    if isinstance(expected, list | tuple) and isinstance(given, list | tuple):
        if len(expected) == len(given):
            for i, (wanted, found) in enumerate(zip(expected, given, strict=True)):
                if wanted != found:
                    return f"{key}[{i}]", wanted, found
            return None
        return f"the length of {key}", len(expected), len(given)
    return None if expected == given else (key, expected, given)


def _content(contract: DataContract) -> dict[str, Any]:
    values = dataclasses.asdict(contract)
    del values["name"], values["skew_max_s"]
    values["action"]["gripper_target"] = contract.action.width_target
    for entry in (*values["cameras"].values(), *values["features"].values()):
        del entry["topic"]
    return values


def _groups(robot: Embodiment) -> tuple[list[str], list[str], list[str]]:
    """Name the arms, the joints and the grippers of a robot."""
    joints = [joint for group in robot.jointed_groups for joint in group.joints]
    return [arm.name for arm in robot.arms], joints, [gripper.name for gripper in robot.grippers]


def _known(where: str, kind: str, name: str, valid: Any) -> None:
    if name not in valid:
        raise ConfigError(f"{where}: {unknown_name(kind, name, valid)}")


def _text(value: Any) -> str:
    return "missing" if value is None else repr(value)
