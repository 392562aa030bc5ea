# SPDX-License-Identifier: Apache-2.0
"""What led to a chunk, for whoever watches: the grasp in space, boxes and grasp in each camera's image.

`policy/grasp_pose`, `policy/grasp` (the gripper as lines) and `policy/reasoning/<camera>` (lines over the image).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from visualization_msgs.msg import ImageMarker, Marker

from vla_ros import messages, qos
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.image_lines import GRASP, NO_LINES, ImageLines, gripper_lines, lines_over
from vla_ros.policies.capabilities.reasoning import Reasoner, Reasoning
from vla_ros.policies.observation import CameraView


class ReasoningPublisher:
    """Publish for a policy that says what it concluded; for another there are no such topics."""

    def __init__(self, node: Node, policy: Policy, cameras: Iterable[str]) -> None:
        self._policy = capability(policy, Reasoner)
        self._last: Reasoning | None = None
        self._said = (0.0, "")  # stamp [s] and frame of what is shown
        if self._policy is None:
            return
        self._pose = node.create_publisher(PoseStamped, "policy/grasp_pose", qos.LATCHED)
        self._grasp = node.create_publisher(Marker, "policy/grasp", qos.LATCHED)
        self._images = {
            name: node.create_publisher(ImageMarker, f"policy/reasoning/{name}", qos.LATCHED) for name in cameras
        }

    def publish(self, views: Mapping[str, CameraView], stamp: float, frame_id: str) -> None:
        """Publish what is new since the last call, `views` being what the policy saw at `stamp` [s].

        Call it from the thread that infers.
        """
        if self._policy is None or self._policy.reasoning is self._last:
            return
        self._last, self._said = self._policy.reasoning, (stamp, frame_id)
        if self._last is None:
            self.clear()
            return
        self._publish_grasp(self._last)
        for name, view in views.items():
            self._publish_lines(view.name, lines_over(self._last, name, view))

    def clear(self) -> None:
        """Take away what was published: it led to nothing that goes on."""
        if self._policy is None or not self._said[1]:
            return
        self._grasp.publish(messages.line_marker(None, GRASP, *self._said))
        for name in self._images:
            self._publish_lines(name, NO_LINES)

    def _publish_grasp(self, reasoning: Reasoning) -> None:
        T_base_grasp, gripper = reasoning.T_base_grasp, None
        if T_base_grasp is not None:
            self._pose.publish(messages.pose_stamped(T_base_grasp, *self._said))
            gripper = gripper_lines(T_base_grasp, reasoning.opening)
        self._grasp.publish(messages.line_marker(gripper, GRASP, *self._said))

    def _publish_lines(self, camera: str, lines: ImageLines) -> None:
        frame = f"{camera}_color_optical_frame"
        self._images[camera].publish(messages.image_marker(lines.ends, lines.colors, self._said[0], frame))
