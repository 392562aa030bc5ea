# SPDX-License-Identifier: Apache-2.0
"""Bring managed nodes up: all are configured at once, then activated in order; then this node ends.

Exit code 0 when all are active, 1 when one cannot be; the reason is its last line.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.node import Node
from rclpy.task import Future

from controllers.errors import VlaError
from vla_ros import qos
from vla_ros.nodes.parameters import declare, declare_list
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node

NODES = ("state_node", "camera_node", "policy_node", "control_node")
REASON_WITHIN_S = 0.5
ASK_AGAIN_S = 4.0


class NotBroughtUp(VlaError):
    """A node cannot be configured or activated."""


class LifecycleManagerNode(Node):
    """Clients for the nodes' transitions, and what they say in diagnostics."""

    def __init__(self) -> None:
        super().__init__("lifecycle_manager_node")
        self.names = declare_list(self, "nodes", NODES, "managed nodes, in the order of their activation")
        self.timeout = declare(self, "timeout_s", 60.0, "how long one transition may take [s]", 1.0, 600.0)
        self.changes = {name: self.create_client(ChangeState, f"{name}/change_state") for name in self.names}
        self.states = {name: self.create_client(GetState, f"{name}/get_state") for name in self.names}
        self.reasons: dict[str, str] = {}
        self.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name in self.changes and any(value.key == "transition" for value in status.values):
                self.reasons[status.name] = status.message


Steps = Generator[None, None, Any]  # one node's way; it yields while it waits


class BringUp:
    """The order of transitions."""

    def __init__(self, node: LifecycleManagerNode, spinner: Spinner) -> None:
        self._node, self._spinner = node, spinner

    def run(self) -> None:
        """Return once every node is active. Raises NotBroughtUp for the first that is not."""
        # Loading takes seconds and each node has a process: all at once, each as soon as it is there.
        self._go({name: self._configure(name) for name in self._node.names}, "be configured")
        for name in self._node.names:
            self._go({name: self._activate(name)}, "be activated")

    def _configure(self, name: str) -> Steps:
        while not (self._node.changes[name].service_is_ready() and self._node.states[name].service_is_ready()):
            yield
        state = yield from self._state(name)
        if state == State.PRIMARY_STATE_UNCONFIGURED:
            yield from self._change(name, Transition.TRANSITION_CONFIGURE, state, State.PRIMARY_STATE_INACTIVE)

    def _activate(self, name: str) -> Steps:
        state = yield from self._state(name)
        if state != State.PRIMARY_STATE_ACTIVE:
            yield from self._change(name, Transition.TRANSITION_ACTIVATE, state, State.PRIMARY_STATE_ACTIVE)

    def _state(self, name: str) -> Steps:
        while True:
            response = yield from _answer(self._node.states[name].call_async(GetState.Request()))
            if response is not None:
                return response.current_state.id

    def _change(self, name: str, transition: int, before: int, goal: int) -> Steps:
        request = ChangeState.Request()
        request.transition.id = transition
        future = self._node.changes[name].call_async(request)
        while (response := (yield from _answer(future))) is None:
            # A transition may take long; but on a machine just waking up a request or its answer may be lost.
            state = yield from self._state(name)
            if state == goal:
                return
            if state == before and not future.done():
                future = self._node.changes[name].call_async(request)
        # Asked twice, it has done it once and refuses the second time.
        if response.success or (yield from self._state(name)) == goal:
            return
        end = time.monotonic() + REASON_WITHIN_S
        while name not in self._node.reasons and time.monotonic() < end:
            yield
        raise NotBroughtUp(self._node.reasons.get(name, f"{name} failed: its log says why"))

    def _go(self, ways: dict[str, Steps], what: str) -> None:
        """Take all ways to their ends, side by side."""
        end = time.monotonic() + self._node.timeout
        while ways:
            ways = {name: way for name, way in ways.items() if not _finished(way)}
            if self._spinner.stop:
                raise NotBroughtUp("interrupted")
            if ways and time.monotonic() > end:
                absent = [name for name in ways if not self._node.states[name].service_is_ready()]
                problem = f"cannot {what} within {self._node.timeout:g} s" if not absent else "no such managed node"
                raise NotBroughtUp(f"{', '.join(absent or ways)}: {problem}")
            self._spinner.once(0.02)


def _finished(way: Steps) -> bool:
    return next(way, way) is way


def _answer(future: Future) -> Steps:
    """Wait for an answer; None when there is none for a while."""
    end = time.monotonic() + ASK_AGAIN_S
    while not future.done():
        if time.monotonic() > end:
            return None
        yield
    return future.result()


def serve(stop: StopRequest) -> int:
    """Bring the nodes up."""
    node = LifecycleManagerNode()
    try:
        BringUp(node, Spinner(node, stop)).run()
    except NotBroughtUp as error:
        print(error, flush=True)
        return 1
    return 0


def main() -> int:
    """Run the node."""
    return run_node("manager", serve)


if __name__ == "__main__":
    raise SystemExit(main())
