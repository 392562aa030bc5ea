# SPDX-License-Identifier: Apache-2.0
"""Arms behind their vendors' Python SDKs: the key `sdk` of config/robots/<robot>.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.address import ADDRESS, check_address
from vla_ros.robots.joint_layout import JointLayout, check_each_once

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment

SDKS = ("panda_py", "piper_sdk")  # by the names they are imported by


@dataclass(frozen=True)
class SdkConfig:
    """One arm, the gripper on it, and how its vendor's SDK finds them."""

    arm: str
    sdk: str  # of SDKS
    address: str  # of the arm: a host name or address, a CAN port
    gripper: str = ""
    speed_share: float | None = None  # of its own speed that a piper_sdk arm may use; None: what control plans with

    def __post_init__(self) -> None:
        if self.sdk not in SDKS:
            raise ConfigError(unknown_name("sdk", self.sdk, SDKS))
        if self.speed_share is not None and self.sdk != "piper_sdk":
            raise ConfigError(f"sdk: 'speed_share' of the arm '{self.arm}' is for piper_sdk, which {self.sdk} is not")
        if self.speed_share is not None and not 0.0 < self.speed_share <= 1.0:
            raise ConfigError(
                f"sdk: 'speed_share' of the arm '{self.arm}' must be above 0 and at most 1, got {self.speed_share:g}"
            )
        if not self.address:
            raise ConfigError(f"sdk: 'address' of the arm '{self.arm}' is empty: give the arm's, or '{ADDRESS}'")

    @property
    def groups(self) -> tuple[str, ...]:
        """Name what it moves, the arm first."""
        return (self.arm, self.gripper) if self.gripper else (self.arm,)

    def layout(self, robot: Embodiment) -> JointLayout:
        """Return its values: the arm's joints, then the gripper's opening."""
        return JointLayout(robot, self.groups, "sdk")


def check_sdks(robot: Embodiment) -> None:
    """Raise ConfigError where a robot's SDKs do not have each of its moving joints once, or an arm is none."""
    arms = [arm.name for arm in robot.arms]
    grippers = {gripper.name: gripper.arm for gripper in robot.grippers}
    for config in robot.sdk:
        if config.arm not in arms:
            raise ConfigError(f"sdk: {unknown_name('arm', config.arm, arms)}")
        if config.gripper and grippers.get(config.gripper) != config.arm:
            own = [name for name, arm in grippers.items() if arm == config.arm]
            raise ConfigError(f"sdk: {unknown_name(f'gripper of the arm {config.arm}', config.gripper, own)}")
    check_each_once(robot, [group for config in robot.sdk for group in config.groups], "sdk")


def check_commands(robot: Embodiment, commands: Mapping[str, str]) -> None:
    """Raise ConfigError for a robot without SDKs, or whose SDK is missing; `commands` say what is to drive each arm."""
    if not robot.sdk:
        raise ConfigError(f"robot '{robot.name}' names no vendor's SDK: give 'sdk' in its file (docs/hardware.md)")
    for config in robot.sdk:
        if find_spec(config.sdk) is None:
            raise ConfigError(f"hardware:=sdk: {config.sdk} is not installed: VLA_EXTRAS=hardware ./vla … installs it")
    for arm, command in commands.items():
        if command == "pose":
            raise ConfigError(
                f"hardware:=sdk takes efforts or positions, and poses are to drive arm '{arm}': give another command"
            )


def addresses(robot: Embodiment, robot_ip: str) -> tuple[str, ...]:
    """Return where each of a robot's SDKs finds its arm. Raises ConfigError for an address missing or not one."""
    needed = any(ADDRESS in config.address for config in robot.sdk)
    check_address(robot_ip, needed, "sdk", f"no SDK of the robot '{robot.name}'")
    return tuple(config.address.replace(ADDRESS, robot_ip) for config in robot.sdk)
