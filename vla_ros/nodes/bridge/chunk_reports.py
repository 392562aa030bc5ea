# SPDX-License-Identifier: Apache-2.0
"""What became of the operator's chunks: how late control follows them, or why it does not."""

from __future__ import annotations

from collections import deque
from statistics import median

from diagnostic_msgs.msg import DiagnosticStatus

from vla_ros import messages

KEPT = 64  # packets
PLAUSIBLE_S = 2.0  # [s] control on another machine has another clock


class ChunkReports:
    """Times are this machine's monotonic clock [s]."""

    def __init__(self) -> None:
        self._published: deque[float] = deque(maxlen=KEPT)  # [s]
        self._ticked: deque[float] = deque(maxlen=KEPT)
        self._arrivals: deque[tuple[int, float]] = deque(maxlen=KEPT)  # (sequence, arrival)
        self.refused = ""  # why control refused the last chunk; "" when it did not

    def publish(self, sequence: int, arrival: float, now: float) -> None:
        """Note that the chunk of a packet that arrived at `arrival` is published `now`."""
        self._published.append(now - arrival)
        self._arrivals.append((sequence, arrival))

    def on_seam(self, message: DiagnosticStatus) -> None:
        """Take control's report of a chunk of ours: when its loop first samples it, or why it is refused."""
        values = messages.diagnostic_values(message)
        if values.get("source") != "teleop":
            return
        self.refused = message.message if message.level == messages.WARN else ""
        if self.refused:
            return
        sequence, takes_over = int(values["sequence"]), float(values["takes_over"])
        for number, arrival in tuple(self._arrivals):
            if number == sequence and 0.0 <= takes_over - arrival < PLAUSIBLE_S:
                self._ticked.append(takes_over - arrival)

    @property
    def command_ms(self) -> float | None:
        """Return the median from packet to chunk published; None before the first."""
        return _median_ms(self._published)

    @property
    def tick_ms(self) -> float | None:
        """Return the median from packet to the first tick of control that follows it; None when not known."""
        return _median_ms(self._ticked)


def _median_ms(values: deque[float]) -> float | None:
    kept = tuple(values)
    return 1e3 * median(kept) if kept else None
