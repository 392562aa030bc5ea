# SPDX-License-Identifier: Apache-2.0
"""From an image to the first command that knows of it, through the real nodes: everything but inference.

Simulator, state, policy, control and guard run as in a job, the policy's own time being nothing; this process is the
two cameras. The clock runs from just before the first of four images is published until the tick at which the loop
samples the chunk for the first time, which control reports with the chunk's transition.

Machines differ, so a bare relay stands beside it: every second exposure goes to a process that answers the same four
images with a chunk of the same size, while all nodes run. Its clock stops when this process has the chunk.
"""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

import numpy as np
import rclpy
from rig.nodes import BASE, NodeUnderTest, Operator, start_arm
from rig.own_domain import on_own_domain
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from bench.control_loop import image_relay
from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.nodes.transport import Transport, choose_transport
from vla_ros.policies.observation import CameraView

SIZE = (480, 640)
CAMERAS = ("side", "front")  # the reference camera last
PAUSE = (0.08, 0.13)  # [s] between exposures: no phase of the loop is preferred
ANSWER_S = 1.0  # [s] after which an exposure counts as lost


def latency_figures(count: int) -> dict[str, float]:
    """Measure `count` exposures on a ROS domain of their own. Raises VlaError when the nodes do not come up."""
    return on_own_domain(_measure, count)


def _measure(count: int) -> dict[str, float]:
    nodes = [*start_arm(), NodeUnderTest("policy", module="bench.control_loop.instant_policy", use_sim_time=True),
             NodeUnderTest("relay", module="bench.control_loop.image_relay")]  # fmt: skip
    choose_transport(Transport.IMAGES_OUT)
    operator = Operator()
    try:
        rig = Cameras(operator)
        if not operator.ready() or not operator.enable().success or not rig.warm_up():
            raise VlaError("bench control: the nodes did not come up, so no latency")
        seconds, relayed = zip(*[(rig.answer(), rig.relay()) for _ in range(count)], strict=True)
    finally:
        operator.close()
        for node in nodes:
            node.kill()
    answered, bare = (1e3 * np.array([value for value in way if value is not None]) for way in (seconds, relayed))
    if not len(answered) or not len(bare):
        raise VlaError("bench control: no exposure was answered by a chunk")
    (p50, p95), (relay_p50, relay_p95) = (np.percentile(way, [50, 95]) for way in (answered, bare))
    return {
        "latency_ms_median": float(p50),
        "latency_ms_p95": float(p95),
        "latency_unanswered": float(count - len(answered)),
        "latency_relay_ms_median": float(relay_p50),
        "latency_relay_ms_p95": float(relay_p95),
        "latency_relay_ratio": float(p50 / relay_p50),
    }


class Cameras:
    """Two RGB-D cameras, and an ear on control's transitions."""

    def __init__(self, operator: Operator) -> None:
        """Publish beside the operator's own topics."""
        self._operator = operator
        self._cameras = {name: CameraPublisher(operator.node, name, BASE) for name in CAMERAS}
        self._instruction = operator.node.create_publisher(String, "instruction", qos.LATCHED)
        self._instruction.publish(String(data="stay"))
        self._relay_node = rclpy.create_node(
            "relay_cameras", context=operator.node.context, namespace=image_relay.NAMESPACE
        )
        self._relay_cameras = {name: CameraPublisher(self._relay_node, name, BASE) for name in CAMERAS}
        self._relayed: list[float] = []  # [s] when chunks came
        operator.node.create_subscription(JointTrajectory, image_relay.CHUNKS, self._on_relayed, qos.EVENTS)
        self._color = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
        self._depth = np.ones(SIZE, np.float32)

    def warm_up(self) -> bool:
        """Expose until a few chunks were joined; False when none is within half a minute."""
        end = time.monotonic() + 30.0
        answers = 0
        while answers < 5 and time.monotonic() < end:
            answers += self.answer() is not None and self.relay() is not None
        return answers == 5

    def answer(self) -> float | None:
        """Expose once; return the time [s] until the loop samples the chunk of it, None when it never does."""
        operator = self._operator
        operator.spin(random.uniform(*PAUSE))
        operator.transitions.clear()
        began = self._expose(self._cameras)
        if not operator.spin_until(
            lambda: any(transition.level == messages.OK for transition in operator.transitions), ANSWER_S
        ):
            return None
        transition = next(transition for transition in operator.transitions if transition.level == messages.OK)
        return float(messages.diagnostic_values(transition)["takes_over"]) - began  # one monotonic clock a machine

    def relay(self) -> float | None:
        """Expose once for the bare relay; return the time [s] until its chunk is here, None when it never is."""
        self._operator.spin(random.uniform(*PAUSE))
        self._relayed.clear()
        began = self._expose(self._relay_cameras)
        return self._relayed[0] - began if self._operator.spin_until(lambda: bool(self._relayed), ANSWER_S) else None

    def _expose(self, cameras: Mapping[str, CameraPublisher]) -> float:
        """Publish an exposure of all cameras; return when that began [s]."""
        stamp, began = self._operator.stamp, time.monotonic()
        for name, camera in cameras.items():
            camera.publish(CameraView(name, stamp, self._color, self._depth, np.diag([600.0, 600.0, 1.0]), np.eye(4)))
        return began

    def _on_relayed(self, message: JointTrajectory) -> None:
        self._relayed.append(time.monotonic())
