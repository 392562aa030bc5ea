# SPDX-License-Identifier: Apache-2.0
"""Does a recorder listen, to all that counts, and has it room? By what it says in diagnostics."""

from __future__ import annotations

import time
from collections.abc import Sequence

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from vla_ros import messages, qos
from vla_ros.nodes.recorder.report import HEARD, RECORDER

SILENCE_MAX_S = 3.0  # [s]; it speaks twice a second


class RecorderWatch:
    """The newest of what the recorder says; written by the executor's thread."""

    def __init__(self, node: Node, topics: Sequence[str]) -> None:
        """`topics` are those without which an episode is of no use, relative to the node's namespace."""
        self._wanted = [node.resolve_topic_name(topic) for topic in topics]
        self._heard: frozenset[str] = frozenset()  # topics
        self._trouble = ""
        self._spoke = float("-inf")  # [s] monotonic
        node.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)

    @property
    def problem(self) -> str:
        """Say why an episode would not be recorded now; "" when it would."""
        if time.monotonic() - self._spoke > SILENCE_MAX_S:
            return "no recorder is heard: is it running?"
        if self._trouble:
            return self._trouble
        silent = [topic for topic in self._wanted if topic not in self._heard]
        return f"the recorder hears nothing of {', '.join(silent)}" if silent else ""

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == RECORDER:
                self._heard = frozenset(messages.diagnostic_values(status).get(HEARD, "").split())
                self._trouble = status.message if status.level == messages.ERROR else ""
                self._spoke = time.monotonic()
