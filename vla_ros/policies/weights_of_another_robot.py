# SPDX-License-Identifier: Apache-2.0
"""Weights that were trained for another robot, on one whose file names that robot (`weights_of`).

Such robots have the same groups, arms of the same kinematics joint by joint, and tool frames between the finger tips.
A checkpoint's groups, joints and base frame become this robot's; what they mean, and every check, stay.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol, TypeVar

from controllers.errors import ConfigError
from vla_ros.policies.contract import ActionContract, DataContract
from vla_ros.robots.embodiment import Embodiment, load_embodiment


class Framed(Protocol):
    """A checkpoint whose chunks have a base frame."""

    @property
    def robot(self) -> str: ...

    @property
    def action(self) -> ActionContract: ...

    @property
    def frame_id(self) -> str: ...


Checkpoint = TypeVar("Checkpoint", bound=Framed)


def on_robot(config: Checkpoint, robot: Embodiment) -> Checkpoint:
    """Return a checkpoint's description in the names of a robot that may take its weights; else as it is.

    One that moves joints by their positions stays the other robot's: ranges and loads differ. Raises ConfigError where
    `weights_of` names a robot of other groups.
    """
    if config.robot not in robot.weights_of or config.action.joints:
        return config
    names = _names(robot, config.robot)
    changed: dict[str, Any] = {
        "robot": robot.name,
        "action": _action(config.action, names),
        "frame_id": names.get(config.frame_id, config.frame_id),
    }
    return dataclasses.replace(config, **changed)  # type: ignore[type-var]


def contract_on_robot(contract: DataContract, robot: Embodiment) -> DataContract:
    """Return a contract in the names of a robot that may take the weights trained by it; else as it is."""
    if contract.robot not in robot.weights_of:
        return contract
    names = _names(robot, contract.robot)
    state = tuple(
        f"{names.get(owner, owner)}/{value}" for owner, _, value in (c.rpartition("/") for c in contract.state)
    )
    return dataclasses.replace(contract, robot=robot.name, state=state, action=_action(contract.action, names))


def _action(action: ActionContract, names: dict[str, str]) -> ActionContract:
    groups = {key: tuple(names.get(one, one) for one in getattr(action, key)) for key in ("arms", "joints", "grippers")}
    return dataclasses.replace(action, arms=groups["arms"], joints=groups["joints"], grippers=groups["grippers"])


def _names(robot: Embodiment, other: str) -> dict[str, str]:
    """Return base frame, arms, joints and grippers of another robot → those of this one, in order."""
    theirs = load_embodiment(other)
    (here, numbers), (there, wanted) = (_groups(one) for one in (robot, theirs))
    if numbers != wanted:
        raise ConfigError(
            f"robot '{robot.name}': weights_of names '{other}', whose arms and grippers have {wanted} joints, "
            f"this one's {numbers}: leave it out"
        )
    return dict(zip((theirs.base_frame, *there), (robot.base_frame, *here), strict=True))


def _groups(robot: Embodiment) -> tuple[list[str], list[list[int]]]:
    """Return the names of a robot's arms and grippers, each with its joints, and how many joints each has."""
    arms, grippers = ([(one.name, one.joints) for one in groups] for groups in (robot.arms, robot.grippers))
    names = [name for group, joints in (*arms, *grippers) for name in (group, *joints)]
    return names, [[len(joints) for _, joints in groups] for groups in (arms, grippers)]
