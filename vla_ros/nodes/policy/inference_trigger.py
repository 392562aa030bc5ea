# SPDX-License-Identifier: Apache-2.0
"""When to infer: little remains of the last chunk, and the robot is slow enough to be looked at."""

from __future__ import annotations

import time

from rclpy.node import Node

from vla_ros.nodes.arm.progress import ControlProgress
from vla_ros.nodes.parameters import declare

SILENCE_MAX_S = 0.5  # [s] after which control's last progress says nothing any more


class InferenceTrigger:
    """Two parameters of the node, and what control and the joints said last."""

    def __init__(self, node: Node) -> None:
        """Declare the parameters; both may be changed while the node runs."""
        self._remaining = declare(
            node,
            "trigger_remaining_s",
            10.0,
            "infer when less remains of the chunk [s]",
            0.0,
            60.0,
            change=lambda value: setattr(self, "_remaining", value),
        )
        self._settle_speed = declare(
            node,
            "settle_speed",
            0.0,
            "infer only when no joint is faster [rad/s]; 0: do not wait",
            0.0,
            1.0,
            change=lambda value: setattr(self, "_settle_speed", value),
        )
        self.reset()

    def reset(self) -> None:
        """Forget what was said."""
        self._progress: tuple[float, ControlProgress] | None = None  # arrival [s, monotonic]
        self.speed = 0.0  # [rad/s] of the fastest joint

    def note_progress(self, progress: ControlProgress) -> None:
        """Take control's newest word."""
        self._progress = (time.monotonic(), progress)

    @property
    def due(self) -> bool:
        """Say whether a new chunk is wanted now."""
        if 0.0 < self._settle_speed < self.speed:
            return False
        if self._progress is None or time.monotonic() - self._progress[0] > SILENCE_MAX_S:
            return True  # nobody executes chunks: they are shown all the same (shadow mode)
        return self._progress[1].remaining_s <= self._remaining
