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
        self._said, self._when = "", 0.0  # what, and when [s] monotonic
        self._refused, self._refused_at = "", float("-inf")  # the newest command that was dropped, likewise
        self._of_refusals = False  # what was said last is of one
        self._publisher = node.create_publisher(DiagnosticArray, "diagnostics", qos.EVENTS)

    def refuse(self, why: str) -> None:
        """Note why a command was dropped: where nothing else is the matter that is the trouble, for a while."""
        self._refused, self._refused_at = why, time.monotonic()

    def say(self, trouble: str, fine: str, values: Mapping[str, str]) -> None:
        """Say the trouble, or `fine` where there is none, if that is due."""
        now = time.monotonic()
        of_refusals = not trouble and now - self._refused_at < REPORT_S
        if of_refusals:
            trouble = self._refused
        # Refusals come in streams, each with other numbers: they are one trouble.
        same = trouble == self._said or (of_refusals and self._of_refusals)
        if same and now - self._when < REPORT_S:
            return
        if trouble and trouble != self._said:
            self._node.get_logger().error(trouble)
        self._said, self._when, self._of_refusals = trouble, now, of_refusals
        level = messages.ERROR if trouble else messages.OK
        status = messages.diagnostic(self._name, level, trouble or fine, values)
        self._publisher.publish(messages.diagnostic_array(self._node.get_clock().now().nanoseconds * 1e-9, status))
