# SPDX-License-Identifier: Apache-2.0
"""Asking the simulator for another scene: its parameters first, then `sim/reset`, which builds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rcl_interfaces.srv import SetParametersAtomically
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from std_srvs.srv import Trigger

Done = Callable[[str], object]  # told why there is no new scene; "" when there is

SIMULATOR = "sim_node"


class SceneClient:
    """Change the scene of the simulator in this node's namespace; answers come in the executor's thread."""

    def __init__(self, node: Node) -> None:
        self._set = node.create_client(SetParametersAtomically, f"{SIMULATOR}/set_parameters_atomically")
        self._reset = node.create_client(Trigger, "sim/reset")

    @property
    def ready(self) -> bool:
        """Say whether a simulator is there."""
        return self._set.service_is_ready() and self._reset.service_is_ready()

    def change(self, scene: Mapping[str, str | int], done: Done) -> None:
        """Have the simulator show `scene`, by the names of its parameters; those that are left out stay.

        The arm is held in it, where the scene has it begin: control must be enabled again.
        """
        if not self.ready:
            done("no simulator is there to change its scene")
            return
        request = SetParametersAtomically.Request()
        request.parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in scene.items()]
        self._set.call_async(request).add_done_callback(lambda answer: self._on_set(answer, done))

    def _on_set(self, answer: Future, done: Done) -> None:
        result: Any = answer.result().result
        if not result.successful:
            done(f"the simulator refuses this scene: {result.reason}")
            return
        self._reset.call_async(Trigger.Request()).add_done_callback(lambda answer: _on_reset(answer, done))


def _on_reset(answer: Future, done: Done) -> None:
    response: Any = answer.result()
    done("" if response.success else f"the simulator shows no new scene: {response.message}")
