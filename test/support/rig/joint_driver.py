# SPDX-License-Identifier: Apache-2.0
"""A vendor's driver of one arm and gripper, as AgileX's ROS 2 driver speaks: its own names, two topics.

python -m rig.joint_driver --ros-args -r __ns:=/left_arm
"""

from __future__ import annotations

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_ros.nodes.parameters import declare
from vla_ros.nodes.spinning import run_node, spin_until_stopped, steady_timer

NAMES = [*(f"joint{number}" for number in range(1, 7)), "gripper"]
HOME = np.array([0.0, 1.2422, -0.8213, 0.0, 0.7135, 0.0, 0.05])  # [rad], opening [m]
PERIOD = 0.01  # [s]
SPEED = np.array([3.0] * 6 + [0.1])  # [rad/s], [m/s]
QUICKNESS = 0.5  # of the way to where it is told to be, each period


class JointDriver(Node):
    """Go where `control/joint_states` says, say where the joints are on `feedback/joint_states`."""

    def __init__(self) -> None:
        super().__init__("joint_driver")
        self.create_subscription(JointState, "control/joint_states", self._on_command, 1)
        self._states = self.create_publisher(JointState, "feedback/joint_states", 10)
        self._position, self._wanted = HOME.copy(), HOME.copy()
        self._sag = declare(self, "sag", 0.0, "what is measured below what is commanded [rad]", 0.0, 0.1)
        steady_timer(self, PERIOD, self._step)

    def _on_command(self, message: JointState) -> None:
        for name, value in zip(message.name, message.position, strict=True):
            self._wanted[NAMES.index(name)] = value

    def _step(self) -> None:
        step = QUICKNESS * (self._wanted - self._position)
        self._position += np.clip(step, -SPEED * PERIOD, SPEED * PERIOD)
        measured = self._position.copy()
        measured[1] -= self._sag
        # As the vendor's: no velocities, no efforts.
        message = JointState(name=NAMES, position=measured.tolist(), velocity=[0.0] * 7, effort=[0.0] * 7)
        message.header.stamp = self.get_clock().now().to_msg()
        self._states.publish(message)


def main() -> int:
    """Run the node."""
    return run_node("joint_driver", spin_until_stopped(JointDriver))


if __name__ == "__main__":
    raise SystemExit(main())
