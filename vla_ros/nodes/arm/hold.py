# SPDX-License-Identifier: Apache-2.0
"""Have the robot hold itself, or hand it to control: one switch, whoever keeps the controllers.

The simulator's own controllers have a service for it. With ros2_control it is controller_manager's switch, between
the controller that control commands and the arm's trajectory controller: that one takes the measured position for its
target in the very cycle that activates it. A forward position controller would command nothing, or what it was told
before the torques took over, until a first message came, with the arm at zero torque meanwhile.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import SetBool

from controllers.errors import ConfigError
from vla_ros.nodes.parameters import declare
from vla_ros.robots.ros2_control.names import command_controller, hold_controller

HOLDS = ("sim", "controller_manager", "none")
_SWITCH_TIMEOUT_S = 1


class PositionHold(Protocol):
    """The switch between the robot's own position hold and commands over a topic."""

    @property
    def absence(self) -> str:
        """Return why the arm cannot be switched to our commands now, or ""."""

    def switch(self, held: bool) -> Future | None:
        """Ask for the hold, or for our commands; None when nobody is there to ask."""

    def refusal(self, answer: Future) -> str:
        """Return why what was requested was not done, or ""."""


class SimulatorHold:
    """`sim/hold` of sim_node."""

    absence = ""

    def __init__(self, node: Node) -> None:
        self._client = node.create_client(SetBool, "sim/hold")

    def switch(self, held: bool) -> Future | None:
        """Ask the simulator."""
        return self._client.call_async(SetBool.Request(data=held)) if self._client.service_is_ready() else None

    def refusal(self, answer: Future) -> str:
        """Return what the simulator said against it."""
        return "" if answer.result().success else answer.result().message


class ControllerManagerHold:
    """`controller_manager/switch_controller` of ros2_control."""

    def __init__(self, node: Node, commands: Mapping[str, str]) -> None:
        """Switch the controllers of the arms, each driven by what `commands` says by its name.

        Raises ConfigError where controller_manager_msgs is not installed.
        """
        try:
            services: Any = importlib.import_module("controller_manager_msgs.srv")
        except ImportError:
            raise ConfigError(
                "hold:=controller_manager needs the package controller_manager_msgs: install ros2_control "
                "(apt: ros-jazzy-ros2-control), or use hold:=sim"
            ) from None
        self._service = services.SwitchController
        self._client = node.create_client(self._service, "controller_manager/switch_controller")
        self._holding = [hold_controller(arm) for arm in commands]
        self._driving = [command_controller(arm, command) for arm, command in commands.items()]

    @property
    def absence(self) -> str:
        """Say when controller_manager is not found, or not yet."""
        return "" if self._client.service_is_ready() else "controller_manager's switch_controller is not there"

    def switch(self, held: bool) -> Future | None:
        """Ask controller_manager; all controllers change in one of its cycles."""
        if not self._client.service_is_ready():
            return None
        request = self._service.Request()
        on, off = (self._holding, self._driving) if held else (self._driving, self._holding)
        request.activate_controllers, request.deactivate_controllers = on, off
        # Not strict: whichever of them is as wanted already must not keep the other from being switched.
        request.strictness = self._service.Request.BEST_EFFORT
        request.activate_asap = True
        request.timeout.sec = _SWITCH_TIMEOUT_S
        return self._client.call_async(request)

    def refusal(self, answer: Future) -> str:
        """Return what controller_manager said against it."""
        return "" if answer.result().ok else answer.result().message.strip() or "controller_manager refused the switch"


class NoHold:
    """For robots that hold themselves when nobody drives them."""

    absence = ""

    def switch(self, held: bool) -> Future | None:
        """Ask nobody."""
        return None

    def refusal(self, answer: Future) -> str:
        """Return "": there is nobody to refuse."""
        return ""


def declare_hold(node: Node) -> str:
    """Declare the parameter `hold` and return its value."""
    return declare(node, "hold", "sim", "who holds the arm while control does not drive it", choices=HOLDS)


def make_hold(node: Node, kind: str, commands: Mapping[str, str]) -> PositionHold:
    """Return one of HOLDS for the arms, each of which control drives by what `commands` says by its name.

    Raises ConfigError when what it needs is not installed.
    """
    if kind == "controller_manager":
        return ControllerManagerHold(node, commands)
    return SimulatorHold(node) if kind == "sim" else NoHold()
