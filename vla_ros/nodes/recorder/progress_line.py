# SPDX-License-Identifier: Apache-2.0
"""How a recording goes, in one line: rewritten on a terminal, now and then in a log."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TextIO

from vla_ros.data.bags.recording import RecordingStatus

LOG_EVERY_S = 10.0


@dataclass
class ProgressLine:
    """Show the state; `refresh` is called several times a second."""

    stream: TextIO = sys.stdout
    _logged: float = 0.0  # [s] duration at the last line of a log
    _width: int = 0

    def refresh(self, duration: float, status: RecordingStatus, lost: int, rate: float) -> None:
        """Show the recording after `duration` [s], with `rate` in [bytes/s]."""
        text = describe(duration, status, lost, rate)
        if self.stream.isatty():
            self.stream.write(f"\r{text:<{self._width}}")
            self.stream.flush()
            self._width = max(self._width, len(text))
        elif duration - self._logged >= LOG_EVERY_S:
            self._logged = duration
            self.stream.write(f"{text}\n")
            self.stream.flush()

    def end(self) -> None:
        """Leave the line as it is and go on below it."""
        if self._width:
            self.stream.write("\n")
            self.stream.flush()
            self._width = 0


def describe(duration: float, status: RecordingStatus, lost: int, rate: float) -> str:
    """Return the state in words."""
    minutes, seconds = divmod(int(duration), 60)
    words = [
        f"{minutes:d}:{seconds:02d}",
        f"{status.messages} messages",
        f"{status.size / 1e6:.1f} MB",
        f"{rate / 1e6:.1f} MB/s",
        f"{lost + status.dropped} lost" if lost + status.dropped else "none lost",
        f"{status.free / 1e9:.1f} GB free",
    ]
    if status.waits_for_episode:
        words.append("waiting for an episode")
    return "  ".join(words)
