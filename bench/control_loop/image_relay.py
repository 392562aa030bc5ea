# SPDX-License-Identifier: Apache-2.0
"""A bare relay of a policy's messages: four images in, a chunk of the same size out, and nothing between.

python -m bench.control_loop.image_relay
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import Image
from trajectory_msgs.msg import JointTrajectory

from bench.control_loop.instant_policy import POINTS, STEP
from controllers.chunks.chunk import ActionChunk, pose_channels
from vla_ros import messages, qos
from vla_ros.nodes.spinning import run_node, spin_until_stopped
from vla_ros.nodes.transport import Transport

NAMESPACE, CHUNKS = "relay", "relay/action_chunk"
TOPICS = tuple(f"cameras/{camera}/{stream}/image_raw"
               for camera in ("side", "front") for stream in ("color", "aligned_depth_to_color"))  # fmt: skip


def make() -> Node:
    """Return a node that publishes a chunk whenever all images of one stamp have come."""
    node = rclpy.create_node("relay", namespace=NAMESPACE)
    chunks = node.create_publisher(JointTrajectory, "action_chunk", qos.EVENTS)
    arrived: Counter[float] = Counter()

    def take(message: Image) -> None:
        stamp = messages.seconds(message.header.stamp)
        arrived[stamp] += 1
        if arrived[stamp] == len(TOPICS):
            arrived.clear()
            times, values = STEP * np.arange(1, POINTS + 1), np.tile([0.4, 0.0, 0.3, 1.0, 0.0, 0.0, 0.0], (POINTS, 1))
            chunk = ActionChunk(stamp, "panda_link0", pose_channels("panda"), times, values, 1)
            chunks.publish(messages.chunk_message(chunk))

    for topic in TOPICS:
        node.create_subscription(Image, topic, take, qos.IMAGES)
    return node


def main() -> int:
    """Run the node."""
    return run_node("relay", spin_until_stopped(make), Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())
