# SPDX-License-Identifier: Apache-2.0
"""Two arms and controller_manager's switch: all arms take commands or none does, and a hold that is not there is said.

The manager here has the rules of controller_manager 4.46 (`switch_controller_cb`), whose messages the pip home lacks;
test/launching/test_ros2_control_manager.py has the real one, where it is installed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from rclpy.task import Future

from vla_ros.nodes.arm.manager_hold import ControllerManagerHold

ARMS = {"left": "effort", "right": "effort"}
HELD = {
    "left_arm_controller": "active",
    "right_arm_controller": "active",
    "left_effort_controller": "inactive",
    "right_effort_controller": "inactive",
}
DRIVEN = {name: "inactive" if state == "active" else "active" for name, state in HELD.items()}


@dataclass
class SwitchRequest:
    """SwitchController.Request."""

    BEST_EFFORT, STRICT = 1, 2
    activate_controllers: list[str] = field(default_factory=list)
    deactivate_controllers: list[str] = field(default_factory=list)
    strictness: int = 0
    activate_asap: bool = False
    timeout: SimpleNamespace = field(default_factory=SimpleNamespace)


class Manager:
    """The two services, and what becomes of the controllers."""

    def __init__(self, states: dict[str, str], deaf: int = 0) -> None:
        """Have such controllers; ignore the first `deaf` switches, as a manager whose loop stood still."""
        self.states, self.deaf = dict(states), deaf
        self.switches = 0
        self.seen: list[dict[str, str]] = []  # the controllers after each switch

    def create_client(self, service: object, name: str) -> SimpleNamespace:
        answer = self._switch if name.endswith("switch_controller") else self._list
        return SimpleNamespace(service_is_ready=lambda: True, call_async=lambda request: _done(answer(request)))

    def _list(self, request: object) -> SimpleNamespace:
        return SimpleNamespace(controller=[SimpleNamespace(name=n, state=s) for n, s in self.states.items()])

    def _switch(self, request: SwitchRequest) -> SimpleNamespace:
        self.switches += 1
        if self.switches <= self.deaf:
            return SimpleNamespace(ok=False, message="Switch controller timed out after 1 seconds!")
        strict = request.strictness == request.STRICT
        for asked in (request.deactivate_controllers, request.activate_controllers):
            known = [name in self.states for name in asked]
            if asked and not (all(known) if strict else any(known[:-1]) or known[-1]):
                return SimpleNamespace(ok=False, message="no controller with this name exists")
        on = [name for name in request.activate_controllers if self.states.get(name) == "inactive"]
        off = [name for name in request.deactivate_controllers if self.states.get(name) == "active"]
        if strict and (on, off) != (request.activate_controllers, request.deactivate_controllers):
            return SimpleNamespace(ok=False, message="Aborting, no controller is switched! ('STRICT' switch)")
        self.states |= dict.fromkeys(off, "inactive") | dict.fromkeys(on, "active")
        self.seen.append(dict(self.states))
        return SimpleNamespace(ok=True, message="")


class LateManager(Manager):
    """A manager that answers when it is told to, by service in the order in which it was asked."""

    def __init__(self, states: dict[str, str]) -> None:
        super().__init__(states)
        self.waiting: list[tuple[str, Callable[[], None]]] = []

    def create_client(self, service: object, name: str) -> SimpleNamespace:
        kind = "switch" if name.endswith("switch_controller") else "list"
        serve = self._switch if kind == "switch" else self._list

        def ask(request: object) -> Future:
            future = Future()
            self.waiting.append((kind, lambda: future.set_result(serve(request))))
            return future

        return SimpleNamespace(service_is_ready=lambda: True, call_async=ask)

    def answer(self, *kinds: str) -> None:
        """Answer the first that waits of each kind, in this order; all that wait where none is named."""
        for kind in kinds:
            index = [waiting for waiting, _ in self.waiting].index(kind)
            self.waiting.pop(index)[1]()
        while not kinds and self.waiting:
            self.waiting.pop(0)[1]()


def _done(result: object) -> Future:
    future = Future()
    future.set_result(result)
    return future


@pytest.fixture(autouse=True)
def messages(monkeypatch):
    services = SimpleNamespace(
        SwitchController=SimpleNamespace(Request=SwitchRequest), ListControllers=SimpleNamespace(Request=object)
    )
    monkeypatch.setattr(importlib, "import_module", lambda name: services)


def asked(manager: Manager, held: bool) -> str:
    """Return what is said against it."""
    hold = ControllerManagerHold(manager, ARMS)
    answer = hold.switch(held)
    assert answer is not None
    assert answer.done()
    return hold.refusal(answer)


def test_both_arms_take_commands_and_both_are_held_again():
    manager = Manager(HELD)
    assert asked(manager, False) == ""
    assert manager.states == DRIVEN
    assert asked(manager, True) == ""
    assert manager.states == HELD
    assert manager.switches == 2, "each of them in one cycle of the manager"


@pytest.mark.parametrize("held", [True, False])
def test_asking_for_what_is_there_already_changes_nothing(held):
    there = HELD if held else DRIVEN
    manager = Manager(there)
    assert asked(manager, held) == ""
    assert manager.states == there


@pytest.mark.parametrize("state", ["unconfigured", "finalized", None])
@pytest.mark.parametrize("absent", ["right_effort_controller", "left_effort_controller", "right_arm_controller"])
def test_no_arm_takes_commands_where_one_cannot_take_them_or_could_not_be_held(absent, state):
    states = {name: value for name, value in HELD.items() if name != absent}
    if state is not None:
        states[absent] = state
    manager = Manager(states)
    assert asked(manager, False) == f"{absent} is {state or 'not loaded'}"
    assert manager.states == states
    assert manager.seen == [], "the manager's own answer would come once the other arm has been let go"


@pytest.mark.parametrize("state", ["unconfigured", None])
@pytest.mark.parametrize("absent", ["left_arm_controller", "right_arm_controller"])
def test_a_hold_that_one_arm_does_not_take_is_said_and_the_other_arm_is_held(absent, state):
    states = {name: value for name, value in DRIVEN.items() if name != absent}
    if state is not None:
        states[absent] = state
    manager = Manager(states)
    assert f"{absent} is {state or 'not loaded'}" in asked(manager, True)
    (other,) = {"left_arm_controller", "right_arm_controller"} - {absent}
    assert manager.states[other] == "active"
    assert "active" not in {manager.states[f"{arm}_effort_controller"] for arm in ARMS}


def test_arms_are_held_though_nobody_knows_what_drove_them():
    """The manager refuses a switch whole when it knows none of those that are to be switched off."""
    states = {name: "inactive" for name in HELD if "arm_controller" in name}
    manager = Manager(states)
    assert asked(manager, True) == ""
    assert set(manager.states.values()) == {"active"}


def test_a_hold_is_asked_for_once_more_and_then_its_absence_is_said():
    manager = Manager(DRIVEN, deaf=1)
    assert asked(manager, True) == ""
    assert manager.states == HELD
    manager = Manager(DRIVEN, deaf=2)
    said = asked(manager, True)
    assert "left_arm_controller is inactive" in said
    assert "right_effort_controller is still active" in said
    assert "timed out" in said
    assert manager.switches == 2


def test_an_arm_that_is_to_be_held_before_it_takes_commands_does_not_take_them_any_more():
    """An e-stop between the request to enable control and its next tick: nobody would command the arm."""
    manager = LateManager(HELD)
    hold = ControllerManagerHold(manager, ARMS)
    enabled, held = hold.switch(False), hold.switch(True)
    manager.answer()
    assert [hold.refusal(answer) for answer in (enabled, held)] == ["", ""]
    assert DRIVEN not in manager.seen
    assert manager.states == HELD


def test_a_hold_that_is_looked_at_late_does_not_take_commands_away_that_were_asked_for_since():
    manager = LateManager(DRIVEN)
    hold = ControllerManagerHold(manager, ARMS)
    held = hold.switch(True)
    manager.answer("switch")
    assert manager.states == HELD
    enabled = hold.switch(False)
    late = manager.waiting.pop(0)
    manager.answer("list", "switch")
    assert manager.states == DRIVEN
    manager.waiting.append(late)
    manager.answer()
    assert [hold.refusal(answer) for answer in (held, enabled)] == ["", ""]
    assert manager.states == DRIVEN


@pytest.mark.parametrize("answered", [("list", "switch", "switch"), ("switch", "list", "switch"), ("list",)])
def test_commands_are_asked_for_after_a_hold_that_the_manager_has_yet_to_do(answered):
    """Its list may be of before: all driven, and held a moment later while control drives."""
    manager = LateManager(DRIVEN)
    hold = ControllerManagerHold(manager, ARMS)
    held, enabled = hold.switch(True), hold.switch(False)
    manager.answer(*answered)
    manager.answer()
    assert [hold.refusal(answer) for answer in (held, enabled)] == ["", ""]
    assert manager.seen == [HELD, DRIVEN]
    assert hold.switch(False) is not None
    manager.answer()
    assert manager.states == DRIVEN


def test_commands_after_a_hold_that_was_never_answered_and_not_done_are_refused():
    """Control lets go then, and asks for the hold anew."""
    manager = LateManager(DRIVEN)
    hold = ControllerManagerHold(manager, ARMS)
    hold.switch(True)
    manager.waiting.clear()  # as by a manager that is started again
    enabled = hold.switch(False)
    manager.answer()
    assert "STRICT" in hold.refusal(enabled)
    enabled = hold.switch(False)
    manager.answer()
    assert hold.refusal(enabled) == "", "that hold will never be done"


def test_a_hold_that_is_asked_for_again_is_still_looked_at_each_time():
    manager = LateManager({name: state for name, state in DRIVEN.items() if name != "right_arm_controller"})
    hold = ControllerManagerHold(manager, ARMS)
    answers = hold.switch(True), hold.switch(True)
    manager.answer()
    assert all("right_arm_controller is not loaded" in hold.refusal(answer) for answer in answers)
