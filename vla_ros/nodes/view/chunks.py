# SPDX-License-Identifier: Apache-2.0
"""The newest action chunk of each source: the tool's way as a line with a dot at each point, and its poses."""

from __future__ import annotations

import numpy as np
from foxglove.channels import PosesInFrameChannel, SceneUpdateChannel
from foxglove.messages import PosesInFrame
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ChunkError
from controllers.rotations import from_matrix
from vla_ros import messages, qos
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.feed import Feed
from vla_ros.nodes.view.server import ViewServer
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import ArmGroup

COLORS: dict[str, drawing.RGBA] = {
    "policy": (1.0, 0.55, 0.0, 1.0),
    "planner": (0.3, 0.85, 0.3, 1.0),
    "teleop": (0.85, 0.3, 0.9, 1.0),
}
NEVER_EXECUTED: drawing.RGBA = (0.6, 0.6, 0.6, 0.6)  # a chunk that says invalid or terminated holds the arm
LINGERS_S = 2.0  # [s] that a chunk stays in view after its last point


class ChunkView:
    """Show what one source wants."""

    def __init__(self, node: Node, server: ViewServer, embodiment: Embodiment, source: str) -> None:
        self._source = source
        urdf = expand_urdf(embodiment)
        self._arms = [(arm, ArmModel(urdf, arm.joints, arm.tool_frame)) for arm in embodiment.arms]
        topic = node.resolve_topic_name(f"{source}/action_chunk")
        self._path = SceneUpdateChannel(f"{topic}/path", context=server.context)
        self._poses = PosesInFrameChannel(f"{topic}/poses", context=server.context)
        self.feeds = [
            Feed(node, JointTrajectory, f"{source}/action_chunk", self._on_chunk, qos.EVENTS, [self._path, self._poses])
        ]

    def _on_chunk(self, message: JointTrajectory) -> None:
        try:
            chunk = messages.chunk_from(message)
        except ChunkError:
            return  # control says why it refuses it
        ways = [way for arm, model in self._arms if (way := tool_way(chunk, arm, model)) is not None]
        at = drawing.nanoseconds(chunk.stamp)
        executed = chunk.status is TaskStatus.ONGOING
        rgba = COLORS.get(self._source, COLORS["policy"]) if executed else NEVER_EXECUTED
        update = drawing.scene(
            chunk.stamp,
            chunk.frame_id,
            self._source,
            lifetime=chunk.duration + LINGERS_S,
            lines=[drawing.line(positions, rgba, 3.0) for positions, _ in ways],
            spheres=[dot for positions, _ in ways for dot in drawing.dots(positions, rgba)],
        )
        self._path.log(update, log_time=at)
        poses = [drawing.pose_of(p, q) for way in ways for p, q in zip(*way, strict=True)]
        shown = PosesInFrame(timestamp=drawing.timestamp(chunk.stamp), frame_id=chunk.frame_id, poses=poses)
        self._poses.log(shown, log_time=at)


def tool_way(chunk: ActionChunk, arm: ArmGroup, model: ArmModel) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the tool's positions (H, 3) [m] and quaternions (H, 4) in a chunk; None when it does not move the arm."""
    if arm.name in chunk.arms:
        return chunk.positions(arm.name), chunk.quaternions(arm.name)
    found = [chunk.column(f"{joint}/position") for joint in arm.joints]
    columns = [column for column in found if column is not None]
    if len(columns) < len(found):
        return None
    transforms = [model.forward(q) for q in np.column_stack(columns)]
    positions = np.array([T[:3, 3] for T in transforms])
    return positions, np.array([from_matrix(T[:3, :3]) for T in transforms])
