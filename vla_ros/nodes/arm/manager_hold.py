# SPDX-License-Identifier: Apache-2.0
"""The hold of ros2_control: controller_manager's switch, made certain for robots of several arms.

The manager switches what it can of a request that is BEST_EFFORT and says "ok" to the rest: of two arms one may be
held and the other limp. So a hold, which must not wait, is asked for like that, then looked at, and asked for once
more where it is not there. Commands are the other way round: all arms take them or none does, and none does whose
hold is not ready to take the arm back.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rclpy.node import Node
from rclpy.task import Future

from controllers.errors import ConfigError
from vla_ros.robots.ros2_control.names import command_controller, hold_controller

_SWITCH_TIMEOUT_S = 1
_READY = ("active", "inactive")  # states of a controller that can be switched


class ControllerManagerHold:
    """`controller_manager/switch_controller` and `list_controllers` of ros2_control."""

    def __init__(self, node: Node, commands: Mapping[str, str]) -> None:
        """Switch the controllers of the arms, each driven by what `commands` says by its name.

        Raises ConfigError where controller_manager_msgs is not installed.
        """
        try:
            self._services: Any = importlib.import_module("controller_manager_msgs.srv")
        except ImportError:
            raise ConfigError(
                "hold:=controller_manager needs the package controller_manager_msgs: install ros2_control "
                "(apt: ros-jazzy-ros2-control), or use hold:=sim"
            ) from None
        manager = "controller_manager"
        self._switch = node.create_client(self._services.SwitchController, f"{manager}/switch_controller")
        self._list = node.create_client(self._services.ListControllers, f"{manager}/list_controllers")
        self._holding = [hold_controller(arm) for arm in commands]
        self._driving = [command_controller(arm, command) for arm, command in commands.items()]
        self._asked: tuple[Future | None, bool] = (None, True)  # the newest switch: its answer, whether it is a hold
        self._holds: set[Future] = set()  # holds that the manager has yet to answer, and may yet do

    @property
    def absence(self) -> str:
        """Say when controller_manager is not found, or not yet."""
        found = self._switch.service_is_ready() and self._list.service_is_ready()
        return "" if found else "controller_manager's switch_controller is not there"

    def switch(self, held: bool) -> Future | None:
        """Ask controller_manager; the answer is there once it is certain what every arm's controllers do."""
        if not self._switch.service_is_ready():
            return None
        answer = Future()
        self._asked = answer, held
        if held:
            self._request(self._holding, self._driving, "BEST_EFFORT", lambda said: self._look(answer, said, True))
        else:
            before = bool(self._holds)  # what is told of the controllers may be from before these
            self._states(lambda states: self._drive(answer, states, before))
        return answer

    def refusal(self, answer: Future) -> str:
        """Return what keeps an arm from what was asked for, or ""."""
        return answer.result()

    # -- the hold ----------------------------------------------------------------------------------------------------
    def _look(self, answer: Future, said: str, again: bool) -> None:
        self._states(lambda states: self._judge(answer, said, again, states))

    def _judge(self, answer: Future, said: str, again: bool, states: Mapping[str, str]) -> None:
        """Say what is not held, or ask for that once more: the manager refuses all for one that it does not know."""
        if not self._asked[1]:  # commands have been asked for since: to take them away again nobody asked
            answer.set_result("")
            return
        limp = [name for name in self._holding if states.get(name) != "active"]
        driven = [name for name in self._driving if states.get(name) == "active"]
        ready = [name for name in limp if states.get(name) in _READY]
        if again and (ready or driven):
            self._request(ready, driven, "BEST_EFFORT", lambda said: self._look(answer, said, False))
            return
        faults = [_fault(name, states) for name in limp] + [f"{name} is still active" for name in driven]
        answer.set_result(_joined(faults, said) if faults else "")

    # -- commands ----------------------------------------------------------------------------------------------------
    def _drive(self, answer: Future, states: Mapping[str, str], before_hold: bool) -> None:
        """Switch every arm to our commands, or none.

        `before_hold`: the states may be from before a hold that is still to be done. Then all is asked for: the
        manager does one switch after the other, and refuses this one where the arms are not held by then.
        """
        if self._asked[0] is not answer:  # disabled, or stopped, since: an arm would be driven that nobody drives
            answer.set_result("")
            return
        faults = [_fault(name, states) for name in (*self._driving, *self._holding) if states.get(name) not in _READY]
        if faults:
            answer.set_result(_joined(faults))
            return
        on = [name for name in self._driving if before_hold or states[name] != "active"]
        off = [name for name in self._holding if before_hold or states[name] == "active"]
        self._holds.clear()  # they are done before this
        if on or off:
            self._request(on, off, "STRICT", answer.set_result)
        else:
            answer.set_result("")

    # -- the manager -------------------------------------------------------------------------------------------------
    def _request(self, on: Sequence[str], off: Sequence[str], strictness: str, told: Callable[[str], None]) -> None:
        """Ask for a switch, in which all controllers change in one cycle; `told` what is said against it, or ""."""
        request = self._services.SwitchController.Request()
        request.activate_controllers, request.deactivate_controllers = list(on), list(off)
        request.strictness = getattr(request, strictness)
        request.activate_asap = True
        request.timeout.sec = _SWITCH_TIMEOUT_S

        def tell(future: Future) -> None:
            self._holds.discard(future)
            response = future.result()
            told("" if response.ok else response.message.strip() or "controller_manager refused the switch")

        future = self._switch.call_async(request)
        if strictness == "BEST_EFFORT":
            self._holds.add(future)
        future.add_done_callback(tell)

    def _states(self, told: Callable[[Mapping[str, str]], None]) -> None:
        """Ask for the state of every controller that is loaded, by name."""

        def tell(future: Future) -> None:
            told({controller.name: controller.state for controller in future.result().controller})

        self._list.call_async(self._services.ListControllers.Request()).add_done_callback(tell)


def _fault(name: str, states: Mapping[str, str]) -> str:
    return f"{name} is {states.get(name, 'not loaded')}"


def _joined(faults: Sequence[str], said: str = "") -> str:
    return "; ".join([*faults, *([said] if said else [])])
