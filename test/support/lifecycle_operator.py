# SPDX-License-Identifier: Apache-2.0
"""An operator of managed nodes."""

from __future__ import annotations

from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import SetParameters
from rig.nodes import Operator


class LifecycleOperator(Operator):
    """An operator who can change the state of managed nodes and the parameters of any."""

    def call(self, kind: type, name: str, request: object) -> object:
        client = self.node.create_client(kind, name)
        assert self.spin_until(client.service_is_ready, 60.0), f"{name} is not there"
        future = client.call_async(request)
        assert self.spin_until(future.done, 30.0), f"{name} does not answer"
        self.node.destroy_client(client)
        return future.result()

    def change(self, node: str, transition: int) -> bool:
        request = ChangeState.Request()
        request.transition.id = transition
        return self.call(ChangeState, f"{node}/change_state", request).success

    def state(self, node: str) -> int:
        return self.call(GetState, f"{node}/get_state", GetState.Request()).current_state.id

    def set_parameter(self, node: str, name: str, value: ParameterValue) -> str:
        """Return why a parameter was not changed, "" when it was."""
        request = SetParameters.Request(parameters=[Parameter(name=name, value=value)])
        result = self.call(SetParameters, f"{node}/set_parameters", request).results[0]
        return "" if result.successful else result.reason
