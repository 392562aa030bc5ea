# SPDX-License-Identifier: Apache-2.0
"""One goal at a time on a GripperCommand action; a newer one takes its place as soon as it has stopped.

Drivers execute goals side by side if they are let: franka_gripper decides when a goal arrives, by where the fingers are
then, whether to move or to grasp. So the running goal is cancelled first and the next one sent once it has ended, or
after CANCEL_S: a Franka Hand does not always stop when it is told to (libfranka, issue 111).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

from controllers.errors import ConfigError
from vla_ros.hardware.grippers.goals import GRASP, Goal
from vla_ros.robots.ros2_control.gripper import ACTIONS_PACKAGE

CANCEL_S = 0.5  # [s] for a cancelled goal to end
ANSWER_S = 10.0  # [s] for any goal to end: the whole way takes a slow hand less


def gripper_command() -> Any:
    """Return control_msgs/action/GripperCommand. Raises ConfigError where it is not installed."""
    try:
        from control_msgs.action import GripperCommand
    except ImportError as error:
        raise ConfigError(
            f"grippers behind an action need ROS package '{ACTIONS_PACKAGE}' ({error}): on a full ROS 2 Jazzy install "
            "ros-jazzy-control-msgs"
        ) from None
    return GripperCommand


@dataclass(eq=False)
class _Running:
    goal: Goal
    since: float  # [s] monotonic
    handle: Any = None  # once the driver has accepted it
    cancelled: float | None = None  # [s] monotonic


class GoalRunner:
    """The client of one gripper's action."""

    def __init__(
        self, node: Node, action: str, position: Callable[[float], float], failed: Callable[[Goal, str], None]
    ) -> None:
        """`position` makes the driver's position of a width [m]; `failed` hears which goal was given up, and why."""
        self._kind = gripper_command()
        self._client = ActionClient(node, self._kind, action)
        self._position, self._failed = position, failed
        self._running: _Running | None = None
        self._next: Goal | None = None

    @property
    def ready(self) -> bool:
        """Say whether the driver is there."""
        return self._client.server_is_ready()

    @property
    def running(self) -> Goal | None:
        """Return the goal that is being executed."""
        return None if self._running is None else self._running.goal

    def run(self, goal: Goal) -> None:
        """Execute a goal in place of whatever runs."""
        self._next = goal
        if self._running is None:
            self._send()
        else:
            self._cancel(self._running)

    def poll(self) -> None:
        """Give up what does not end."""
        running, now = self._running, time.monotonic()
        if running is None:
            return
        if self._next is not None and now - (running.cancelled or running.since) > CANCEL_S:
            self._send()
        elif now - running.since > ANSWER_S:
            self._end(running, f"no answer within {ANSWER_S:g} s")

    def forget(self) -> None:
        """Expect no answer any more: the driver that owed it is gone."""
        self._running = self._next = None

    def _send(self) -> None:
        assert self._next is not None
        goal, self._next = self._next, None
        message = self._kind.Goal()
        message.command.position = self._position(goal.width)
        message.command.max_effort = goal.force
        self._running = _Running(goal, time.monotonic())
        self._client.send_goal_async(message).add_done_callback(partial(self._on_answer, self._running))

    def _cancel(self, running: _Running) -> None:
        if running.handle is not None and running.cancelled is None:
            running.cancelled = time.monotonic()
            running.handle.cancel_goal_async()

    def _on_answer(self, running: _Running, answer: Future) -> None:
        handle = answer.result()
        if not handle.accepted:
            self._end(running, "the driver refused it")
            return
        running.handle = handle
        handle.get_result_async().add_done_callback(partial(self._on_result, running))
        if running is not self._running or self._next is not None:
            self._cancel(running)

    def _on_result(self, running: _Running, answer: Future) -> None:
        response = answer.result()
        result = response.result
        if response.status == GoalStatus.STATUS_CANCELED:
            self._end(running, "somebody cancelled it")
        elif result.reached_goal or (result.stalled and running.goal.kind == GRASP):
            self._end(running, "")
        else:
            self._end(running, "the driver gave it up")

    def _end(self, running: _Running, why: str) -> None:
        if running is not self._running:
            return
        self._running = None
        if self._next is not None:
            self._send()
        elif why:
            self._failed(running.goal, why)
