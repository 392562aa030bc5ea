# SPDX-License-Identifier: Apache-2.0
"""Have the robot hold itself, or hand it to control: one switch, whoever keeps the controllers.

The simulator's own controllers have a service for it. With ros2_control it is controller_manager's switch, between
the controller that control commands and the arm's trajectory controller: that one takes the measured position for its
target in the very cycle that activates it. A forward position controller would command nothing, or what it was told
before the torques took over, until a first message came, with the arm at zero torque meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import SetBool

from vla_ros.nodes.arm.manager_hold import ControllerManagerHold
from vla_ros.nodes.parameters import declare

HOLDS = ("sim", "controller_manager", "none")


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


class NoHold:
    """For robots that hold themselves when nobody drives them."""

    absence = ""

    def switch(self, held: bool) -> Future | None:
        """Ask nobody: it is done."""
        done = Future()
        done.set_result("")
        return done

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
