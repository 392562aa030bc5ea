# SPDX-License-Identifier: Apache-2.0
"""Grippers whose driver is a node of its own: it takes goals as control_msgs/action/GripperCommand beside ros2_control.

With `hardware:=real` gripper_action_node stands between it and the gripper's interfaces (docs/hardware.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.address import ADDRESS
from vla_ros.robots.groups import EndEffectorGroup

ACTIONS_PACKAGE = "control_msgs"


@dataclass(frozen=True)
class ProgramConfig:
    """The vendor's node, which the launch starts; nobody needs it who starts it otherwise."""

    package: str
    executable: str
    name: str  # of the node
    parameters: dict[str, Any] = field(default_factory=dict)  # {robot_ip}: what robot_ip:= says

    @property
    def needs_address(self) -> bool:
        """Say whether it must be told where the robot is."""
        return any(isinstance(value, str) and ADDRESS in value for value in self.parameters.values())

    def told(self, robot_ip: str) -> dict[str, Any]:
        """Return its parameters for the robot at an address."""
        return {
            name: value.replace(ADDRESS, robot_ip) if isinstance(value, str) else value
            for name, value in self.parameters.items()
        }


@dataclass(frozen=True)
class GripperActionConfig:
    """One gripper, its driver's topics, and what a goal's position and effort are there."""

    gripper: str
    action: str  # control_msgs/action/GripperCommand, relative to the robot's namespace
    joint_states: str  # sensor_msgs/JointState
    open: float  # the driver's position where the gripper is as wide as the URDF lets it be
    force: float  # [N] a goal's max_effort
    closed: float = 0.0  # and where it is closed
    joint: str = ""  # whose position tells how wide it is; empty: the gripper's first
    width_max: float = 0.0  # [m] most that a goal opens to; 0: as wide as the URDF lets it be
    hysteresis: float = 0.005  # [m] smaller changes of what is wanted are noise
    release: float = 0.01  # [m] wider than what is held, and it is let go
    squeeze: float = 0.005  # [m] by which a grasp's goal is narrower than wanted
    silent_after_s: float = 1.0  # [s] without joint states, then control is disabled
    driver: ProgramConfig | None = None

    def __post_init__(self) -> None:
        where = f"ros2_control: gripper '{self.gripper}'"
        if not (isfinite(self.open) and isfinite(self.closed)) or self.open == self.closed:
            raise ConfigError(
                f"{where}: 'open' and 'closed' are the driver's positions there, two numbers, got {self.open} and "
                f"{self.closed}"
            )
        if not 0.05 <= self.silent_after_s <= 10.0:
            raise ConfigError(f"{where}: 'silent_after_s' must be 0.05 to 10 s, got {self.silent_after_s}")


def check_gripper_actions(configs: Sequence[GripperActionConfig], grippers: Sequence[EndEffectorGroup]) -> None:
    """Raise ConfigError for one that is no gripper of the robot, or that would open wider than it can."""
    named = {gripper.name: gripper for gripper in grippers}
    for config in configs:
        if config.gripper not in named:
            raise ConfigError(f"ros2_control: grippers: {unknown_name('gripper', config.gripper, named)}")
        most = named[config.gripper].width_max
        if not 0.0 <= config.width_max <= most:
            raise ConfigError(
                f"ros2_control: gripper '{config.gripper}': 'width_max' must be 0 to {most:g} m, the URDF's, got "
                f"{config.width_max}"
            )
