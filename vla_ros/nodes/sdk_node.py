# SPDX-License-Identifier: Apache-2.0
"""Drive a robot through its vendor's Python SDK: no ros2_control and no driver node between it and control.

All arms of a robot count as one. While one of them is silent or at fault no joint states are published, so control
stops what it moves; no command is passed on, and the others hold where they are.
"""

from __future__ import annotations

import contextlib
import time
from functools import partial

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Float64MultiArray

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.hardware.gated_arm import NEVER, GatedArm
from vla_ros.hardware.sdk import connect
from vla_ros.nodes.parameters import declare, declare_command, declare_robot
from vla_ros.nodes.scheduling import prefer_punctuality, prepare_logging
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node, steady_timer
from vla_ros.nodes.trouble_report import TroubleReport
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.sdk import addresses, check_commands

PRIORITY = 15  # SCHED_FIFO, where it is permitted; control has 20: an arm that is read late stops


class SdkNode(Node):
    """Publish `joint_states` of all arms, tell them what control wants, and say why they stand still."""

    def __init__(self) -> None:
        super().__init__("sdk_node")
        robot = load_embodiment(declare_robot(self))
        kinds = robot.command_modes(declare_command(self))
        robot_ip = declare(self, "robot_ip", "", "address of the robot")
        rate = declare(self, "rate_hz", 500.0, "of joint states, where the SDK has new ones [Hz]", 1.0, 1000.0)
        self._stale_after = declare(
            self, "stale_after_s", 0.1, "silence of an arm that stops the whole robot [s]", 0.01, 1.0
        )
        check_commands(robot, kinds)
        self._arms: list[GatedArm] = []
        with contextlib.ExitStack() as connected:  # where one does not answer, the others are let go of
            for config, address in zip(robot.sdk, addresses(robot, robot_ip), strict=True):
                sdk = connect(config.sdk, address, config.speed_share)
                connected.callback(sdk.close)
                self._arms.append(GatedArm(robot, config, kinds[config.arm], sdk))
            self.close = connected.pop_all().close
        self._moving = False  # nothing is the matter: commands are passed on
        self._estop = False
        self._published = [NEVER] * len(self._arms)
        self._writer = messages.JointStateWriter([joint for arm in self._arms for joint in arm.layout.joints])
        self._states = self.create_publisher(JointState, "joint_states", qos.STREAM)
        self._diagnostics = TroubleReport(self, "sdk")
        self.create_subscription(Bool, "estop", self._on_estop, qos.LATCHED)
        for arm in self._arms:
            for topic in arm.topics:
                self.create_subscription(Float64MultiArray, topic, partial(self._on_command, arm, topic), qos.NEWEST)
        steady_timer(self, 1.0 / rate, self._step)

    def _on_command(self, arm: GatedArm, topic: str, message: Float64MultiArray) -> None:
        if not self._moving:
            return
        try:
            arm.take(topic, messages.numbers(message))
        except VlaError as error:
            self._diagnostics.refuse(str(error))

    def _on_estop(self, message: Bool) -> None:
        self._estop = message.data
        if message.data:
            self._stop()
            return
        for arm in self._arms:
            if arm.sdk.fault:
                arm.sdk.recover()

    def _stop(self) -> None:
        self._moving = False
        for arm in self._arms:
            arm.hold()

    def _step(self) -> None:
        for arm in self._arms:
            arm.read()
        trouble = self._trouble()
        if trouble or self._estop:
            self._stop()
        else:
            self._moving = True
            for arm in self._arms:
                arm.hold_if_silent()
        if not trouble:
            self._publish()
        self._diagnostics.say(trouble, "all arms answer", {})

    def _trouble(self) -> str:
        """Return why the robot must stand still, or ""."""
        faults = [f"{arm.config.arm}: {arm.sdk.fault}" for arm in self._arms if arm.sdk.fault]
        silent = [arm.config.arm for arm in self._arms if arm.silent(self._stale_after)]
        return "; ".join(faults + [f"nothing comes from the arm '{arm}'" for arm in silent])

    def _publish(self) -> None:
        # Once all of them have said something new, and as old as the oldest of what is in it.
        stamps = [arm.stamp for arm in self._arms]
        if any(new <= published for new, published in zip(stamps, self._published, strict=True)):
            return
        self._published, stamp = stamps, min(stamps)
        now = self.get_clock().now().nanoseconds * 1e-9 - (time.monotonic() - stamp)
        position, velocity, effort = (
            np.concatenate(values) for values in zip(*(arm.joints() for arm in self._arms), strict=True)
        )
        known = not np.isnan(effort).all()
        self._states.publish(self._writer.write(now, position, velocity, effort if known else None))


def serve(stop: StopRequest) -> None:
    """Spin the node until it is to stop; then bring the arms to rest."""
    node = SdkNode()
    prepare_logging()
    prefer_punctuality(PRIORITY)  # the SDKs' threads too
    try:
        Spinner(node, stop).until()
    finally:
        node.close()


def main() -> int:
    """Run the node."""
    return run_node("sdk", serve)


if __name__ == "__main__":
    raise SystemExit(main())
