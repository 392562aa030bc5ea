# SPDX-License-Identifier: Apache-2.0
"""What is published of a camera: pictures for whoever listens, the calibration in any case."""

from __future__ import annotations

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from sensor_msgs.msg import Image

from vla_ros import qos
from vla_ros.nodes.camera.publisher import CameraPublisher


def test_pictures_are_wanted_while_somebody_listens_to_them_and_depth_for_itself() -> None:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("camera_publisher_test", context=context)
    executor = EventsExecutor(context=context)
    executor.add_node(node)
    publisher = CameraPublisher(node, "head", "base_link", moves=True)
    assert not publisher.wanted
    poses: list[PoseStamped] = []
    node.create_subscription(PoseStamped, "cameras/head/pose", poses.append, qos.MOVING)
    colors = node.create_subscription(Image, "cameras/head/color/image_raw", lambda image: None, qos.IMAGES_NEWEST)
    assert spin_until(executor, lambda: publisher.wanted, 5.0)
    assert not publisher.depth_wanted
    node.destroy_subscription(colors)
    assert spin_until(executor, lambda: not publisher.wanted, 5.0)
    publisher.publish_calibration(1.5, (640, 480), np.eye(3), np.eye(4))  # nobody sees a picture, its place is told
    assert spin_until(executor, lambda: len(poses) == 1, 5.0)
    topic = "cameras/head/aligned_depth_to_color/image_raw"
    node.create_subscription(Image, topic, lambda image: None, qos.IMAGES_NEWEST)
    assert spin_until(executor, lambda: publisher.wanted and publisher.depth_wanted, 5.0)
    leave(executor, node)
