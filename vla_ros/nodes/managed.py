# SPDX-License-Identifier: Apache-2.0
"""Managed nodes: what a node of ours does at each transition of ROS 2's lifecycle.

Made: parameters are read, and a bad one ends the node. Configured: everything is loaded and every topic exists.
Active: it does its work. The launcher's lifecycle_manager_node drives the transitions in order; `ros2 lifecycle` can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.parameters import declare

Callback = Callable[..., Any]
RCLError = rclpy_implementation.RCLError
_KINDS = {
    "publishers": "destroy_publisher",
    "subscriptions": "destroy_subscription",
    "clients": "destroy_client",
    "services": "destroy_service",
    "timers": "destroy_timer",
}


def _refusing(change_state: Callable[..., ChangeState.Response]) -> Callable[..., ChangeState.Response]:
    """Refuse a transition that the node's state does not have: rclpy 7.1 raises it out of the executor instead."""

    def callback(request: ChangeState.Request, response: ChangeState.Response) -> ChangeState.Response:
        try:
            return change_state(request, response)
        except RCLError:
            response.success = False
            return response

    return callback


class ManagedNode(LifecycleNode):
    """A node that loads in `configure`, works between `activate` and `deactivate`, and forgets in `cleanup`.

    A VlaError from any of the four fails the transition: its text is in the log, and in diagnostics under this
    node's name. What the node creates in `configure` is destroyed after `cleanup`.
    """

    # What was there before `configure`; empty while not configured, and while rclpy's own constructor runs.
    _kept: Mapping[str, list[object]] = MappingProxyType({})

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.active = False
        self.failure: VlaError | None = None  # of the last transition
        self._autostart = declare(self, "autostart", False, "configure and activate at once, without a manager")
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)
        change_state = self._service_change_state
        change_state.callback = _refusing(change_state.callback)

    # -- for subclasses --------------------------------------------------------------------------------------------
    def configure(self) -> None:
        """Load what the work needs and create its topics. Raises VlaError when that cannot be."""

    def activate(self) -> None:
        """Begin to work. Raises VlaError when that cannot be."""

    def deactivate(self) -> None:
        """Stop working; heartbeats go on."""

    def cleanup(self) -> None:
        """Give back what configure took, topics aside. Raises VlaError when that cannot be yet."""

    def start(self) -> None:
        """Configure and activate where the parameter `autostart` asks for it. Raises VlaError when that fails."""
        if not self._autostart:
            return
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() is not TransitionCallbackReturn.SUCCESS:
                raise self.failure or VlaError(f"{self.get_name()} does not start")

    def close(self) -> None:
        """Take the short way out, whatever state this is: the process ends."""
        if self.active:
            self.active = False
            self.deactivate()
        if self._kept:
            self.cleanup()

    def diagnose(self, level: bytes, text: str, values: dict[str, str], name: str = "") -> None:
        """Publish one status on diagnostics, under the node's name unless another is given."""
        status = messages.diagnostic(name or self.get_name(), level, text, values)
        self._diagnostics.publish(messages.diagnostic_array(self.get_clock().now().nanoseconds * 1e-9, status))

    # -- what configure creates falls silent with cleanup, though its last messages may already wait ------------------
    def create_subscription(self, msg_type: Any, topic: str, callback: Callback, *rest: Any, **options: Any) -> Any:
        """Subscribe, as rclpy does."""
        return super().create_subscription(msg_type, topic, self._while_configured(callback), *rest, **options)

    def create_timer(self, timer_period_sec: float, callback: Callback, *rest: Any, **options: Any) -> Any:
        """Create a timer, as rclpy does."""
        return super().create_timer(timer_period_sec, self._while_configured(callback), *rest, **options)

    def create_service(self, srv_type: Any, srv_name: str, callback: Callback, **options: Any) -> Any:
        """Offer a service, as rclpy does."""
        return super().create_service(srv_type, srv_name, self._while_configured(callback), **options)

    def _while_configured(self, callback: Callback) -> Callback:
        if not self._kept:
            return callback
        return lambda *given: callback(*given) if self._kept else given[-1] if given else None

    # -- transitions -----------------------------------------------------------------------------------------------
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Configure; what was created before a failure is destroyed again."""
        self._kept = self._entities()
        done = self._carry_out(self.configure, "configured")
        if done is not TransitionCallbackReturn.SUCCESS:
            self._destroy_new()
        return done

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Activate."""
        done = self._carry_out(self.activate, "activated")
        self.active = done is TransitionCallbackReturn.SUCCESS
        return done

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Deactivate."""
        self.active = False
        return self._carry_out(self.deactivate, "deactivated")

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Clean up, and destroy what configure created."""
        done = self._carry_out(self.cleanup, "cleaned up")
        if done is TransitionCallbackReturn.SUCCESS:
            self._destroy_new()
        return done

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop working, if it did, and give everything back."""
        if self.active:
            self.on_deactivate(state)
        return self.on_cleanup(state) if self._kept else TransitionCallbackReturn.SUCCESS

    def _carry_out(self, work: Callable[[], None], what: str) -> TransitionCallbackReturn:
        try:
            work()
        except VlaError as error:
            self.failure = error
            if not self._autostart:  # otherwise it ends the node, and is said then
                self.get_logger().error(f"not {what}: {error}")
                self.diagnose(messages.ERROR, str(error), {"transition": what})
            return TransitionCallbackReturn.FAILURE
        self.failure = None
        return TransitionCallbackReturn.SUCCESS

    def _entities(self) -> dict[str, list[object]]:
        return {kind: list(getattr(self, kind)) for kind in _KINDS}

    def _destroy_new(self) -> None:
        for kind, destroy in _KINDS.items():
            for entity in list(getattr(self, kind)):
                if not any(entity is kept for kept in self._kept[kind]):
                    getattr(self, destroy)(entity)
        self._kept = {}
