# SPDX-License-Identifier: Apache-2.0
"""How long a torque takes to come back as a joint state, through whoever has the arm in a running job.

Start `vla launch franka_grasp hardware:=mock domain_id:=42` (or topic) first, leave control disabled, and run this with
ROS_DOMAIN_ID=42 and --hold controller_manager; with --hold sim it measures the simulator's own controllers.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

import numpy as np
import rclpy
from rclpy.executors import Executor
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rig.spinning import spin_until
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

from bench.figures import add_json_argument, write_json
from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.arm.hold import declare_hold, make_hold
from vla_ros.nodes.scheduling import prefer_punctuality
from vla_ros.nodes.transport import Transport, choose_transport
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.ros2_control.names import command_controller

STEP = 1e-3  # [N·m] between two torques of the last joint: too little to move it
TIMEOUT = 1.0  # [s] after which a torque counts as lost
PAUSE = (0.004, 0.012)  # [s] between two torques, at random: at any phase of the manager's cycle
PRIORITY = 20  # as control's, where real-time scheduling is permitted
PERCENTILES = (50, 95, 99)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench ros2_control`."""
    parser.add_argument("--count", type=int, default=1000, help="torques to send (default 1000)")
    parser.add_argument("--robot", default="franka", help="robot of the running job (default franka)")
    parser.add_argument("--arm", default="", help="arm that gets the torques, of a robot that has several")
    parser.add_argument(
        "--hold", default="controller_manager", choices=("sim", "controller_manager"), help="who switches to torques"
    )
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print a table, write the JSON file."""
    choose_transport(Transport.STREAMS)
    prefer_punctuality(PRIORITY)
    rclpy.init(args=["bench", "--ros-args", "-p", f"hold:={arguments.hold}"])
    try:
        probe = Probe(arguments.robot, arguments.arm)
        figures = probe.measure(arguments.count)
    finally:
        rclpy.try_shutdown()
    print(f"torque to joint state, {arguments.count} at random phases:")
    for name, value in figures.items():
        print(f"  {name:<28}{value:10.3f}")
    write_json(figures, arguments.json)
    return 0


class Probe(Node):
    """Send torques that tell each other apart and wait for each in the joint states."""

    def __init__(self, robot: str, name: str = "") -> None:
        """Measure the arm `name` of a robot, "" for its only one."""
        super().__init__("bench_ros2_control")
        embodiment = load_embodiment(robot)
        arm = embodiment.arm(name) if name else embodiment.only_arm
        self._hold = make_hold(self, declare_hold(self), {arm.name: "effort"})
        self._size, self._joint = len(arm.joints), arm.joints[-1]
        self._heard = float("nan")  # [N·m]
        self._stamps: list[float] = []
        self._publisher = self.create_publisher(
            Float64MultiArray, f"{command_controller(arm.name, 'effort')}/commands", qos.STREAM
        )
        self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)
        self._executor: Executor | EventsExecutor = EventsExecutor()
        self._executor.add_node(self)

    def measure(self, count: int) -> dict[str, float]:
        """Return the figures. Raises VlaError when nobody answers."""
        if not self._until(lambda: bool(self._stamps) and self._publisher.get_subscription_count() > 0, 10.0):
            raise VlaError("no joint states, or nobody takes torques: start a job on this ROS_DOMAIN_ID first")
        switched = None
        while switched is None:
            switched = self._hold.switch(False)
            self._until(lambda: False, 0.1)
        self._until(switched.done, 5.0)
        times = [self._round_trip(STEP * (1 + number % 50)) for number in range(count)]
        switched = self._hold.switch(True)
        if switched is not None:
            self._until(switched.done, 5.0)
        arrived = np.array([seconds for seconds in times if seconds < TIMEOUT])
        if not len(arrived):
            raise VlaError("no torque came back as a joint state")
        figures = {f"latency_p{p}_ms": float(np.percentile(arrived, p) * 1e3) for p in PERCENTILES}
        period = float(np.median(np.diff(self._stamps)))
        return figures | {"lost": float(count - len(arrived)), "state_rate_hz": 1.0 / period}

    def _round_trip(self, torque: float) -> float:
        time.sleep(random.uniform(*PAUSE))
        values = np.zeros(self._size)
        values[-1] = torque
        sent = time.perf_counter()
        self._publisher.publish(Float64MultiArray(data=values.tolist()))
        self._until(lambda: abs(self._heard - torque) < 0.1 * STEP, TIMEOUT)
        return time.perf_counter() - sent

    def _on_joint_state(self, message: JointState) -> None:
        if self._joint in message.name and len(message.effort) == len(message.name):
            self._heard = message.effort[message.name.index(self._joint)]
            self._stamps.append(messages.seconds(message.header.stamp))

    def _until(self, done: Callable[[], bool], timeout: float) -> bool:
        return spin_until(self._executor, done, timeout, wake=0.01)
