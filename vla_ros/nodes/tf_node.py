# SPDX-License-Identifier: Apache-2.0
"""/tf and /tf_static of the robot and its cameras, where ROS has tf2_msgs: on a full ROS 2, not in the pip home."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.parameters import declare, declare_robot
from vla_ros.nodes.spinning import run_node, spin_until_stopped
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.link_tree import LinkTree


class TfNode(Node):
    """Publish where every link is in its parent, and every camera in the robot's base.

    Leave it out (`tf:=false`) where robot_state_publisher does that already.
    """

    def __init__(self) -> None:
        super().__init__("tf_node")
        embodiment = load_embodiment(declare_robot(self))
        rate = declare(self, "rate_hz", 50.0, "transforms a second on /tf", 1.0, 1000.0)
        self._type = _message_type()
        self._tree = LinkTree(expand_urdf(embodiment))
        # Pistons are in, where nobody says otherwise.
        self._reader = messages.JointStateReader(self._tree.joints, embodiment.pistons)
        self._period = 1.0 / rate
        self._last = float("-inf")  # [s] stamp of the last transforms
        self._cameras: dict[str, PoseStamped] = {}  # the frame of each and where it is
        # Absolute names, as tf2 has them: one tree for all robots.
        self._tf = self.create_publisher(self._type, "/tf", qos.STREAM)
        self._tf_static = self.create_publisher(self._type, "/tf_static", qos.LATCHED)
        self.create_subscription(JointState, "joint_states", self._on_joint_state, qos.NEWEST)
        for camera in embodiment.known_cameras:
            frame = f"{camera}_color_optical_frame"
            self.create_subscription(
                PoseStamped,
                f"cameras/{camera}/pose",
                partial(self._on_moving if camera in embodiment.mounted_cameras else self._on_camera, frame),
                qos.LATCHED,
            )
        self._publish_fixed()

    def _on_joint_state(self, message: JointState) -> None:
        now = messages.seconds(message.header.stamp)
        # Half a millisecond of grace: stamps need not be exact multiples of the period. A restarted simulation
        # sets time back.
        if self._last <= now < self._last + self._period - 5e-4:
            return
        sample = self._reader.read(message)
        if sample is None:
            return
        self._last = now
        links = self._tree.moving(dict(zip(self._reader.joints, sample.position.tolist(), strict=True)))
        self._tf.publish(
            self._type(transforms=[messages.transform_stamped(T, now, parent, child) for parent, child, T in links])
        )

    def _on_camera(self, frame: str, message: PoseStamped) -> None:
        self._cameras[frame] = message
        self._publish_fixed()

    def _on_moving(self, frame: str, message: PoseStamped) -> None:
        T, stamp = messages.transform(message.pose), messages.seconds(message.header.stamp)
        self._tf.publish(self._type(transforms=[messages.transform_stamped(T, stamp, message.header.frame_id, frame)]))

    def _publish_fixed(self) -> None:
        """Publish all that stands still: late joiners get the last message alone, so it holds everything."""
        now = self.get_clock().now().nanoseconds * 1e-9
        transforms = [
            messages.transform_stamped(link.T_parent_child, now, link.parent, link.child) for link in self._tree.fixed
        ]
        for frame, pose in self._cameras.items():
            T, stamp = messages.transform(pose.pose), messages.seconds(pose.header.stamp)
            transforms.append(messages.transform_stamped(T, stamp, pose.header.frame_id, frame))
        self._tf_static.publish(self._type(transforms=transforms))


def _message_type() -> Any:
    try:
        return importlib.import_module("tf2_msgs.msg").TFMessage
    except ImportError as error:
        raise VlaError(f"tf_node: {error}: tf2_msgs comes with a full ROS 2; leave this node out without it") from None


def main() -> int:
    """Run the node."""
    return run_node("tf", spin_until_stopped(TfNode))


if __name__ == "__main__":
    raise SystemExit(main())
