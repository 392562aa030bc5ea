# SPDX-License-Identifier: Apache-2.0
"""What the graph says: diagnostics as they are, the instruction, the e-stop, and one log of it all."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from foxglove.channels import LogChannel
from foxglove.messages import Log, LogLevel
from rcl_interfaces.msg import Log as RosLog
from rclpy.node import Node
from std_msgs.msg import Bool, String

from vla_ros import messages, qos
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.feed import Feed, Watched
from vla_ros.nodes.view.ros_channel import ros_channel
from vla_ros.nodes.view.server import ViewServer

_ROS_LEVELS = {10: LogLevel.Debug, 20: LogLevel.Info, 30: LogLevel.Warning, 40: LogLevel.Error, 50: LogLevel.Fatal}
_LEVELS = {
    messages.OK: LogLevel.Info,
    messages.WARN: LogLevel.Warning,
    messages.ERROR: LogLevel.Error,
    messages.STALE: LogLevel.Warning,
}


class ReportView:
    """Pass on what nodes say. A diagnostic is a line of the log when its level or its words change."""

    def __init__(self, node: Node, server: ViewServer) -> None:
        self._server = server
        name, context = node.resolve_topic_name, server.context
        self.log = LogChannel(name("log"), context=context)
        self._diagnostics = ros_channel(DiagnosticArray, name("diagnostics"), context)
        self._instruction = ros_channel(String, name("instruction"), context)
        self._estop = ros_channel(Bool, name("estop"), context)
        self._latched: dict[str, bytes] = {}
        self._said: dict[str, tuple[bytes, str]] = {}
        watched: list[Watched] = [self._diagnostics, self.log]
        self.feeds = [
            Feed(node, DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS, watched, raw=True),
            Feed(node, String, "instruction", self._on_instruction, qos.LATCHED, [self._instruction], raw=True),
            Feed(node, Bool, "estop", self._on_estop, qos.LATCHED, [self._estop], raw=True),
            Feed(node, RosLog, "/rosout", self._on_log, qos.EVENTS, [self.log]),
        ]

    def _on_diagnostics(self, message: bytes) -> None:
        self._diagnostics.log(message, log_time=drawing.nanoseconds(self._server.time))
        if not self.log.has_sinks():
            return
        try:
            statuses = messages.read_message(message, DiagnosticArray).status
        except messages.MessageError as error:
            self.write(self._server.time, "view", messages.WARN, f"diagnostics: {error}")
            return
        for status in statuses:
            said = (status.level, status.message)
            if self._said.get(status.name) != said:
                self._said[status.name] = said
                self.write(self._server.time, status.name, status.level, status.message)

    def _on_instruction(self, message: bytes) -> None:
        self._latched["instruction"] = message
        self._instruction.log(message, log_time=drawing.nanoseconds(self._server.time))

    def _on_estop(self, message: bytes) -> None:
        self._latched["estop"] = message
        self._estop.log(message, log_time=drawing.nanoseconds(self._server.time))

    def _on_log(self, message: RosLog) -> None:
        # Nodes stamp their log by their own clock, simulated or not; one log has one time.
        level = _ROS_LEVELS.get(message.level, LogLevel.Unknown)
        self._log(self._server.time, message.name, level, message.msg)

    def write(self, time: float, name: str, level: bytes, text: str) -> None:
        """Write a line at `time` [s]; `level` is a diagnostic's."""
        self._log(time, name, _LEVELS.get(level, LogLevel.Unknown), text)

    def _log(self, time: float, name: str, level: LogLevel, text: str) -> None:
        line = Log(timestamp=drawing.timestamp(time), level=level, message=text, name=name)
        self.log.log(line, log_time=drawing.nanoseconds(time))

    def show_still(self) -> None:
        """Show again what was said once, for whoever has just come."""
        at = drawing.nanoseconds(self._server.time)
        for name, channel in (("instruction", self._instruction), ("estop", self._estop)):
            if name in self._latched and channel.has_sinks():
                channel.log(self._latched[name], log_time=at)
