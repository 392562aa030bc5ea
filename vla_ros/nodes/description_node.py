# SPDX-License-Identifier: Apache-2.0
"""Tell ros2_control what the robot is: the URDF with the chosen hardware on `robot_description`, latched."""

from __future__ import annotations

from rclpy.node import Node
from std_msgs.msg import String

from vla_ros import qos
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.spinning import run_node, spin_until_stopped
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.ros2_control.description import HARDWARE, ros2_control_urdf


class DescriptionNode(Node):
    """Publish `robot_description` once, for controller_manager and whoever else wants the robot's shape."""

    def __init__(self) -> None:
        super().__init__("description_node")
        embodiment = load_embodiment(declare_robot(self))
        hardware = declare(self, "hardware", "mock", "what ros2_control drives", choices=HARDWARE)
        robot_ip = declare(self, "robot_ip", "", "address of the robot, for real hardware")
        urdf = ros2_control_urdf(embodiment, hardware, robot_ip, self.get_namespace())
        self._description = self.create_publisher(String, "robot_description", qos.LATCHED)
        self._description.publish(String(data=urdf))


def main() -> int:
    """Run the node."""
    return run_node("description", spin_until_stopped(DescriptionNode))


if __name__ == "__main__":
    raise SystemExit(main())
