# SPDX-License-Identifier: Apache-2.0
"""What of a robot a person stands in for: the arm that a hand is, its gripper, and the floor that both stand on."""

from __future__ import annotations

from controllers.errors import ConfigError
from vla_ros.policies.contract import DataContract
from vla_ros.robots.embodiment import Embodiment, load_embodiment

HANDS = ("right", "left")
ON_TABLE = (0.0, 0.0, -0.75)  # [m] a person's floor in the base of a robot that is fixed to a table


def has_several_arms(contract: DataContract) -> bool:
    """Say whether one hand leaves arms of a contract unknown."""
    return len(contract.action.arms) > 1


def check_hands_contract(contract: DataContract) -> None:
    """Raise ConfigError for a contract whose action no hand can tell: of more than tools' poses, widths and a base."""
    action, where = contract.action, f"contract '{contract.name}'"
    if strange := (*action.joints, *action.cups):
        raise ConfigError(
            f"{where}: its action moves '{strange[0]}', a hand tells the pose of a tool: give a contract whose arms "
            "are moved by their tools, such as franka_grasp or bytemini_hands"
        )
    if has_several_arms(contract):
        if not set(action.arms) & set(HANDS):
            raise ConfigError(
                f"{where}: moves the arms {', '.join(action.arms)}: a hand stands for the arm of its name, so call one "
                "of them left or right"
            )
    elif (len(action.arms), len(action.grippers), action.base) != (1, 1, False):
        raise ConfigError(
            f"{where}: moves {len(action.arms)} arms, {len(action.grippers)} grippers{' and a base' * action.base}: a "
            "hand stands for one arm with one gripper, or for one of several arms: give a contract of either"
        )


def arm_of(contract: DataContract, hand: str) -> str:
    """Return the arm that a hand stands for: the only one, or the one of its name. Raises ConfigError for none."""
    arms = contract.action.arms
    if not has_several_arms(contract):
        return arms[0]
    if hand not in arms:
        raise ConfigError(
            f"hand is {hand}, contract '{contract.name}' moves the arms {', '.join(arms)}: record a hand that has an "
            "arm of its name"
        )
    return hand


def gripper_of(contract: DataContract, arm: str) -> str | None:
    """Return the gripper of an arm that a contract moves; None where it moves none there."""
    if not has_several_arms(contract):
        return contract.action.grippers[0]
    gripper = load_embodiment(contract.robot).gripper_of(arm)
    return gripper.name if gripper is not None and gripper.name in contract.action.grippers else None


def floor_of(robot: Embodiment) -> tuple[float, ...]:
    """Return where the floor of a person who stands in a robot's place is in its base frame (3,) [m]."""
    if robot.workplace is not None:
        return 0.0, 0.0, robot.workplace.floor
    return ON_TABLE if robot.base is None else (0.0, 0.0, 0.0)
