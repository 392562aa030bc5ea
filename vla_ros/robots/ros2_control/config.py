# SPDX-License-Identifier: Apache-2.0
"""What only the vendor of a robot knows of its ros2_control: the key `ros2_control` of config/robots/<robot>.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.robots.address import ADDRESS
from vla_ros.robots.ros2_control.gripper import GripperActionConfig

STATES = ("position", "velocity", "effort")


@dataclass(frozen=True)
class DriverConfig:
    """The vendor's driver of some groups: what `hardware:=real` puts behind their interfaces."""

    groups: tuple[str, ...]  # arms, end effectors, joint groups
    plugin: str
    parameters: dict[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()  # that must be installed; empty: the one that the plugin's name begins with
    states: tuple[str, ...] = STATES  # of each joint, what it measures

    def __post_init__(self) -> None:
        where = f"ros2_control: driver '{self.plugin}'"
        package, separator, kind = self.plugin.partition("/")
        if not (package and separator and kind):
            raise ConfigError(f"{where}: name the plugin as <package>/<class>")
        if not self.groups:
            raise ConfigError(f"{where}: 'groups' is empty: name what it drives")
        if not self.packages:
            object.__setattr__(self, "packages", (package,))
        for state in self.states:
            if state not in STATES:
                raise ConfigError(f"{where}: {unknown_name('state', state, STATES)}")
        if "position" not in self.states:
            raise ConfigError(f"{where}: 'states' lacks position: nothing can be controlled without")

    @property
    def needs_address(self) -> bool:
        """Say whether it must be told where the robot is."""
        return any(ADDRESS in value for value in self.parameters.values())


@dataclass(frozen=True)
class ControllerConfig:
    """A controller of the vendor's or the user's own, beside those that follow from the robot's groups."""

    name: str
    type: str  # <package>/<class>
    active: bool = True  # from the start
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ros2ControlConfig:
    """The key `ros2_control` of a robot's file; groups without a driver are mock components with the real robot."""

    update_rate: int = 500  # [Hz] of controller_manager, control_node and the simulator: commands, and joint states
    drivers: tuple[DriverConfig, ...] = ()
    controllers: tuple[ControllerConfig, ...] = ()
    grippers: tuple[GripperActionConfig, ...] = ()  # whose drivers take goals beside ros2_control

    def __post_init__(self) -> None:
        if not 50 <= self.update_rate <= 2000:
            raise ConfigError(f"ros2_control: update_rate must be 50 to 2000 Hz, got {self.update_rate}")

    def driver_of(self, group: str) -> DriverConfig | None:
        """Return the driver of a group, None where it has none."""
        return next((driver for driver in self.drivers if group in driver.groups), None)

    def check(self, groups: Sequence[str]) -> None:
        """Raise ConfigError for a driver of groups that are not there, or of another's."""
        driven = [group for driver in self.drivers for group in driver.groups]
        driven += [config.gripper for config in self.grippers]
        for group in driven:
            if group not in groups:
                raise ConfigError(f"ros2_control: {unknown_name('group', group, groups)}")
            if driven.count(group) > 1:
                raise ConfigError(f"ros2_control: the group '{group}' has two drivers")
