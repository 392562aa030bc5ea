# SPDX-License-Identifier: Apache-2.0
"""When to infer: the last chunk is there and far enough, and the robot is slow enough to be looked at."""

from __future__ import annotations

import time

from rclpy.node import Node

from controllers.chunks.chunk import ActionChunk
from vla_ros.nodes.arm.progress import ControlProgress
from vla_ros.nodes.parameters import declare
from vla_ros.policies.chunking.delay import DelayConfig
from vla_ros.policies.look_timing import LookTiming

LATE_MAX_S = 10.0  # [s] by which any chunk comes
ACCEPTED_S = 0.3  # in which control has said that it follows a chunk
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
        self._clock = node.get_clock()
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
        self._timing = LookTiming(warmup=DelayConfig().warmup)
        self._sent: tuple[int, float] = (-1, 0.0)  # sequence of the last chunk, [s, monotonic] when it went to control

    def note_progress(self, progress: ControlProgress) -> None:
        """Take control's newest word."""
        self._progress = (time.monotonic(), progress)

    def note_chunk(self, chunk: ActionChunk) -> None:
        """Take a chunk that goes to control now."""
        now = self._now()
        late = now - chunk.stamp
        if not 0.0 <= late <= LATE_MAX_S:  # cameras of another clock than this node's
            late = chunk.inference_s
        self._timing.add(late, chunk.duration, now)
        self._sent = chunk.sequence, time.monotonic()

    @property
    def due(self) -> bool:
        """Say whether a new chunk is wanted now."""
        if 0.0 < self._settle_speed < self.speed:
            return False
        if self._progress is None or time.monotonic() - self._progress[0] > SILENCE_MAX_S:
            return True  # nobody executes chunks: they are shown all the same (shadow mode)
        progress = self._progress[1]
        sequence, sent = self._sent
        # Control says a little later that it follows a chunk; of one that it refuses it never does.
        on_its_way = progress.sequence < sequence and time.monotonic() - sent < ACCEPTED_S
        if self._timing.waits and on_its_way:
            return False
        return progress.remaining_s <= self._remaining and self._timing.due(progress.remaining_s, self._now())

    def _now(self) -> float:
        return self._clock.now().nanoseconds * 1e-9
