# SPDX-License-Identifier: Apache-2.0
"""What control does: its progress as numbers to plot, where it sends the tool, why it holds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from diagnostic_msgs.msg import DiagnosticStatus
from foxglove import Channel
from foxglove.channels import SceneUpdateChannel
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import ControlProgress, control_progress
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.feed import NewestFeed, Watched
from vla_ros.nodes.view.server import ViewServer
from vla_ros.nodes.view.trail import Trail
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.topics import commanded_pose_topic

COMMANDED: drawing.RGBA = (1.0, 0.2, 0.2, 1.0)
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object"}
_VALUES = {name: _KINDS[type(value)] for name, value in vars(ControlProgress()).items()} | {"moving": "boolean"}
SCHEMA = {
    "title": "vla_ros.ControlProgress",
    "type": "object",
    "properties": {name: {"type": kind} for name, kind in _VALUES.items()},
}


class ControlView:
    """Show control/progress and where the tools are commanded to be."""

    def __init__(
        self,
        node: Node,
        quiet_node: Node,
        server: ViewServer,
        embodiment: Embodiment,
        log_channel: Watched,
        report: Callable[[float, str, bytes, str], None],
    ) -> None:
        """`report(time, name, level, text)` writes a line of the log, which `log_channel` shows."""
        self._server, self._report = server, report
        name, context = node.resolve_topic_name, server.context
        self._progress = Channel(name("control/progress"), schema=SCHEMA, context=context)
        self._path = SceneUpdateChannel(name("control/commanded_path"), context=context)
        self._trails = {arm.name: Trail() for arm in embodiment.arms}
        self._stamp, self._frame = 0.0, ""
        self._said = ("", "")
        watched = [self._progress, log_channel]
        self._reports = NewestFeed(quiet_node, DiagnosticStatus, name("control/progress"), qos.NEWEST, watched)
        self._poses = {
            arm: NewestFeed(
                quiet_node, PoseStamped, name(commanded_pose_topic(embodiment, arm)), qos.NEWEST, [self._path]
            )
            for arm in self._trails
        }
        self.feeds = [self._reports, *self._poses.values()]

    def show(self) -> None:
        """Show the newest progress, and note where the tool is sent."""
        message = self._reports.take()
        if message is not None:
            with contextlib.suppress(VlaError):  # a message that does not read is control's own affair
                self._show_progress(control_progress(message.message, messages.diagnostic_values(message)))
        for arm, poses in self._poses.items():
            pose = poses.take()
            if pose is None:
                continue
            with contextlib.suppress(VlaError):
                self._trails[arm].add(messages.seconds(pose.header.stamp), messages.transform(pose.pose)[:3, 3])
                self._stamp, self._frame = messages.seconds(pose.header.stamp), pose.header.frame_id

    def _show_progress(self, progress: ControlProgress) -> None:
        time = progress.stamp
        if time > 0.0:  # a control that has only just started knows no time yet
            self._server.follow(time)
        if self._progress.has_sinks():
            mappings = {"end_effectors": dict(progress.end_effectors), "sealed": dict(progress.sealed)}
            values = vars(progress) | mappings | {"moving": progress.moving}
            self._progress.log(values, log_time=drawing.nanoseconds(time))
        said = (progress.hold_reason, progress.refused)
        if said != self._said:
            reason, refused = said
            if reason != self._said[0]:
                text = f"holds: {reason}" if reason else f"follows a chunk of {progress.source}"
                self._report(time, "control", messages.ERROR if progress.estop else messages.OK, text)
            if refused and refused != self._said[1]:
                self._report(time, "control", messages.WARN, f"chunk refused: {refused}")
            self._said = said

    def show_slowly(self) -> None:
        """Show the commanded paths."""
        if self._frame and self._path.has_sinks():
            lines = [drawing.line(trail.points(), COMMANDED) for trail in self._trails.values()]
            update = drawing.scene(self._stamp, self._frame, "commanded", lines=lines)
            self._path.log(update, log_time=drawing.nanoseconds(self._stamp))

    def forget(self) -> None:
        """Begin anew: time has turned back."""
        for trail in self._trails.values():
            trail.clear()
