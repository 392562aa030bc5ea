# SPDX-License-Identifier: Apache-2.0
"""What became of the operator's chunks: how late control follows them, or why it does not."""

from __future__ import annotations

from collections import deque

from diagnostic_msgs.msg import DiagnosticStatus

from vla_ros import messages

KEPT = 256  # packets: the last three or four seconds
PLAUSIBLE_S = 2.0  # [s] control on another machine, or a client on one, has another clock


class ChunkReports:
    """Times are this machine's monotonic clock [s]."""

    def __init__(self) -> None:
        self.refused = ""  # why control refused the last chunk; "" when it did not
        self._published: deque[float] = deque(maxlen=KEPT)  # [s]
        self._ticked: deque[float] = deque(maxlen=KEPT)
        self._sent: deque[float] = deque(maxlen=KEPT)
        self._packets: deque[tuple[int, float, float]] = deque(maxlen=KEPT)  # (sequence, arrival, sent)

    def publish(self, sequence: int, arrival: float, sent: float, now: float) -> None:
        """Note that the chunk of a packet `sent` by its client's clock, which arrived at `arrival`, is published."""
        self._published.append(now - arrival)
        self._packets.append((sequence, arrival, sent))

    def on_transition(self, message: DiagnosticStatus) -> None:
        """Take control's report of a chunk of ours: when its loop first samples it, or why it is refused.

        Raises MessageError for what says neither.
        """
        values = messages.diagnostic_values(message)
        if values.get("source") != "teleop":
            return
        self.refused = message.message if message.level == messages.WARN else ""
        if self.refused:
            return
        try:
            sequence, takes_over = int(values["sequence"]), float(values["takes_over"])
        except (KeyError, ValueError) as error:
            raise messages.MessageError(f"control/transitions: no sequence or takes_over ({error})") from None
        for number, arrival, sent in tuple(self._packets):
            if number == sequence:
                self._ticked.extend(_plausible(takes_over - arrival))
                self._sent.extend(_plausible(takes_over - sent))

    @property
    def command_ms(self) -> float | None:
        """Return the median from packet to chunk published; None before the first."""
        return _share_ms(self._published, 0.5)

    @property
    def tick_ms(self) -> float | None:
        """Return the median from packet to the first tick of control that follows it; None when not known."""
        return _share_ms(self._ticked, 0.5)

    def values(self) -> dict[str, str]:
        """Return all of them for diagnostics; `sent_…` where the client runs on this machine, by the same clock."""
        figures = {
            "command_ms": self.command_ms,
            "tick_ms": self.tick_ms,
            "tick_p95_ms": _share_ms(self._ticked, 0.95),
            "sent_ms": _share_ms(self._sent, 0.5),
            "sent_p95_ms": _share_ms(self._sent, 0.95),
        }
        return {name: "" if value is None else f"{value:.3f}" for name, value in figures.items()}


def _plausible(seconds: float) -> list[float]:
    return [seconds] if 0.0 <= seconds < PLAUSIBLE_S else []


def _share_ms(values: deque[float], share: float) -> float | None:
    """Return the value that `share` of all are below [ms]."""
    kept = sorted(tuple(values))
    return 1e3 * kept[min(int(share * len(kept)), len(kept) - 1)] if kept else None
