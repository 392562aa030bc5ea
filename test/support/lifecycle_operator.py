# SPDX-License-Identifier: Apache-2.0
"""An operator of managed nodes."""

from __future__ import annotations

from typing import Any

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.client import Client
from rig.nodes import ANSWER_S, Operator

GOALS = {
    Transition.TRANSITION_CONFIGURE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_ACTIVATE: State.PRIMARY_STATE_ACTIVE,
    Transition.TRANSITION_DEACTIVATE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_CLEANUP: State.PRIMARY_STATE_UNCONFIGURED,
}
THERE_S = 60.0  # until a node that has just been started offers its services, on any machine
LOADED_S = 60.0  # until it has gone through a transition


class LifecycleOperator(Operator):
    """An operator who can change the state of managed nodes and the parameters of any."""

    def __init__(self) -> None:
        super().__init__()
        # Kept: an answer is lost where the node has not heard of a new client yet.
        self._clients: dict[str, Client] = {}

    def call(self, kind: type, name: str, request: object) -> Any:
        """Return the answer of a service that may be asked again where none comes."""
        client = self._client(kind, name)
        for _ in range(round(LOADED_S / ANSWER_S)):
            future = client.call_async(request)
            if self.spin_until(future.done, ANSWER_S):
                return future.result()
        raise AssertionError(f"{name} does not answer")

    def _client(self, kind: type, name: str) -> Client:
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        assert self.spin_until(self._clients[name].service_is_ready, THERE_S), f"{name} is not there"
        return self._clients[name]

    def change(self, node: str, transition: int) -> bool:
        """Ask for a transition; say whether the node has made it."""
        before = self.state(node)
        request = ChangeState.Request()
        request.transition.id = transition
        client = self._client(ChangeState, f"{node}/change_state")
        future = client.call_async(request)
        for _ in range(round(LOADED_S / ANSWER_S)):
            if self.spin_until(future.done, ANSWER_S):
                # Asked twice, it has done it once and refuses the second time.
                return future.result().success or self.state(node) == GOALS[transition] != before
            if (after := self.state(node)) != before:  # the answer is lost
                return after == GOALS[transition]
            future = client.call_async(request)
        raise AssertionError(f"{node}/change_state does not answer")

    def state(self, node: str) -> int:
        """Return the state of a node."""
        return self.call(GetState, f"{node}/get_state", GetState.Request()).current_state.id

    def set_parameter(self, node: str, name: str, value: ParameterValue) -> str:
        """Return why a parameter was not changed, "" when it was."""
        request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
        result = self.call(SetParameters, f"{node}/set_parameters", request).results[0]
        return "" if result.successful else result.reason
