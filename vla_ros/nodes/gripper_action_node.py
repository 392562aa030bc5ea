# SPDX-License-Identifier: Apache-2.0
"""Grippers whose driver takes goals (control_msgs/action/GripperCommand) behind ros2_control's interfaces.

The hardware interface of such a gripper keeps its last state when nothing comes any more, so control cannot tell that
its driver has died. This node can: it disables control, for as long as the driver is silent.
"""

from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.node import Node
from std_srvs.srv import SetBool

from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import control_progress
from vla_ros.nodes.gripper.action_gripper import ActionGripper
from vla_ros.nodes.parameters import declare_robot
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node, steady_timer
from vla_ros.robots.embodiment import load_embodiment

STEP_S = 0.01
REPORT_S = 1.0
ASK_AGAIN_S = 0.5


class GripperActionNode(Node):
    """Have every such gripper of a robot follow what is wanted of it, and say how it goes."""

    def __init__(self) -> None:
        super().__init__("gripper_action_node")
        robot = load_embodiment(declare_robot(self))
        self.grippers = [
            ActionGripper(self, config, robot.gripper(config.gripper)) for config in robot.ros2_control.grippers
        ]
        self._drives = False  # control, when last heard
        self._asked = float("-inf")  # [s] monotonic
        self._answered = False  # every driver was there once
        self._said = ("", 0.0)
        self._enable = self.create_client(SetBool, "control/enable")
        self._diagnostics = self.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)
        self.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.NEWEST)
        steady_timer(self, STEP_S, self._step)

    def _on_progress(self, message: DiagnosticStatus) -> None:
        progress = control_progress(message.message, messages.diagnostic_values(message))
        self._drives = progress.enabled and not progress.shadow

    def _step(self) -> None:
        for gripper in self.grippers:
            gripper.step()
        troubles = [f"{one.config.gripper}: {one.trouble}" for one in self.grippers if one.trouble]
        if troubles:
            self._stop_control()
        self._report("; ".join(troubles))

    def _stop_control(self) -> None:
        """Have control bring the arm to rest: it must not carry on with a hand that nobody sees."""
        now = time.monotonic()
        if self._drives and now - self._asked > ASK_AGAIN_S and self._enable.service_is_ready():
            self._asked = now
            self._enable.call_async(SetBool.Request(data=False))
            self.get_logger().error("control is disabled: a gripper's driver is silent")

    def _report(self, trouble: str) -> None:
        failures = [f"{one.config.gripper}: {one.failure}" for one in self.grippers if one.failure]
        text = trouble or "; ".join(failures)
        said, when = self._said
        if text == said and time.monotonic() - when < REPORT_S:
            return
        if trouble and text != said:
            if self._answered:
                self.get_logger().error(text)
            else:  # a driver takes its time
                self.get_logger().info(f"waiting: {text}")
        self._answered = self._answered or not trouble
        self._said = (text, time.monotonic())
        level = messages.ERROR if text else messages.OK
        statuses = [
            messages.diagnostic(f"gripper {one.config.gripper}", level, text or "driver answers", one.values)
            for one in self.grippers
        ]
        self._diagnostics.publish(messages.diagnostic_array(self.get_clock().now().nanoseconds * 1e-9, *statuses))


def serve(stop: StopRequest) -> None:
    """Spin until asked to stop; a robot without such grippers needs nobody."""
    node = GripperActionNode()
    if node.grippers:
        Spinner(node, stop).until()


def main() -> int:
    """Run the node."""
    return run_node("gripper_action", serve)


if __name__ == "__main__":
    raise SystemExit(main())
