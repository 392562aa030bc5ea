# SPDX-License-Identifier: Apache-2.0
"""What a node between control and a robot says on `diagnostics`: at once where it changes, else now and then."""

from __future__ import annotations

import time
from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from vla_ros import messages, qos

REPORT_S = 1.0


class TroubleReport:
    """One status by one name; trouble that is new is an error in the log as well."""

    def __init__(self, node: Node, name: str) -> None:
        self._node, self._name = node, name
        self._said = ("", 0.0)  # what, and when [s] monotonic
        self._publisher = node.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)

    def say(self, trouble: str, fine: str, values: Mapping[str, str]) -> bool:
        """Say the trouble, or `fine` where there is none; return whether it was due."""
        said, when = self._said
        if trouble == said and time.monotonic() - when < REPORT_S:
            return False
        if trouble and trouble != said:
            self._node.get_logger().error(trouble)
        self._said = (trouble, time.monotonic())
        level = messages.ERROR if trouble else messages.OK
        status = messages.diagnostic(self._name, level, trouble or fine, values)
        self._publisher.publish(messages.diagnostic_array(self._node.get_clock().now().nanoseconds * 1e-9, status))
        return True
