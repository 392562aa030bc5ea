# SPDX-License-Identifier: Apache-2.0
"""`policy/detections`: what the policy found, as markers, whenever it has looked again."""

from __future__ import annotations

from rclpy.node import Node
from visualization_msgs.msg import MarkerArray

from vla_ros import messages, qos
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.detection import Detecting, Detection

CHOSEN, FITS, OTHER = (0.1, 0.9, 0.2, 0.35), (0.9, 0.9, 0.1, 0.25), (0.6, 0.6, 0.6, 0.2)


class DetectionPublisher:
    """Publish for a policy that can tell; be silent for one that cannot."""

    def __init__(self, node: Node, policy: Policy) -> None:
        self._policy = capability(policy, Detecting)
        self._publisher = node.create_publisher(MarkerArray, "policy/detections", qos.LATCHED)
        self._last: tuple[Detection, ...] = ()

    def publish(self, stamp: float, frame_id: str) -> None:
        """Publish what is new since the last call; call it from the thread that infers. `stamp` [s]."""
        if self._policy is None or self._policy.detections is self._last:
            return
        self._last = self._policy.detections
        boxes = [messages.MarkedBox(f"{d.label} {d.score:.2f}", d.center, d.size, _color(d)) for d in self._last]
        self._publisher.publish(messages.box_markers(boxes, stamp, frame_id))


def _color(detection: Detection) -> tuple[float, float, float, float]:
    if detection.chosen:
        return CHOSEN
    return FITS if detection.fits else OTHER
