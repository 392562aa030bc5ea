# SPDX-License-Identifier: Apache-2.0
"""What a launch shows: each node's lines under its name, in colour on a terminal, and all of it in a log file.

The log begins anew when it is full, `log.txt`; what was full stays beside it as `log.1.txt` and so on, the newest few.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from vla_ros.new_file import PRIVATE, open_own
from vla_ros.printable import printable

LOG_BYTES_MAX, LOGS_KEPT = 16 << 20, 4  # of a log, and how many full ones
_COLORS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # ANSI foregrounds that read on light and dark
_COLOR = re.compile(r"(\x1b\[[0-9;]*m)")


class Console:
    """Print to a stream and append the same, without colour, to a log file."""

    def __init__(
        self,
        names: Sequence[str],
        log: Path | None = None,
        stream: TextIO | None = None,
        log_bytes_max: int = LOG_BYTES_MAX,
    ) -> None:
        self._stream = stream or sys.stdout
        self._color = self._stream.isatty()
        self._width = max((len(name) for name in names), default=0)
        self._colors = {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(names)}
        self._log = None if log is None else _private_log(log)
        self._path, self._log_bytes_max = log, log_bytes_max
        self._written = 0  # [bytes] into the present log

    def node_line(self, name: str, line: str) -> None:
        """Show one line of a node."""
        self._write(f"[{name}]".ljust(self._width + 2), self._colors.get(name, 0), line)

    def log(self, text: str) -> None:
        """Show a line of the launcher itself."""
        self._write("vla:", 1, text)

    def quote(self, line: str) -> None:
        """Show a line once more, indented."""
        self._write("   |", 2, line)

    def show(self, text: str) -> None:
        """Show text as it is."""
        for line in text.splitlines():
            self._write("", 0, line)

    def close(self) -> None:
        """Close the log file."""
        if self._log:
            self._log.close()
            self._log = None

    def _begin_anew_when_full(self) -> None:
        if self._log is None or self._path is None or self._written < self._log_bytes_max:
            return
        self._log.close()
        self._written = 0
        for number in range(LOGS_KEPT - 1, 0, -1):
            if (full := _full_log(self._path, number)).exists():
                full.replace(_full_log(self._path, number + 1))
        self._path.replace(_full_log(self._path, 1))
        self._log = _private_log(self._path)

    def _write(self, prefix: str, color: int, line: str) -> None:
        space = " " if prefix else ""
        colored, plain = _tamed(line)
        if self._log:
            entry = f"{prefix}{space}{plain}\n"
            self._log.write(entry)
            self._written += len(entry.encode())
            self._begin_anew_when_full()
        if self._color and prefix:
            prefix = f"\x1b[{color}m{prefix}\x1b[0m"
        try:
            self._stream.write(f"{prefix}{space}{colored if self._color else plain}\n")
            self._stream.flush()
        except (BrokenPipeError, OSError):
            # Nobody reads any more (`| head`, a closed terminal): the run and its log go on, the arm comes first.
            self._stream = open("/dev/null", "w")  # noqa: SIM115
            self._color = False


def _full_log(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}.{number}{path.suffix}")


def _private_log(path: Path) -> TextIO:
    """Open a log for the end of what it holds; nobody else may read it: the link to a page is in it."""
    descriptor = open_own(path, os.O_WRONLY | os.O_APPEND, PRIVATE)
    os.fchmod(descriptor, PRIVATE)  # it was there before
    return open(descriptor, "a", buffering=1, encoding="utf-8")


def _tamed(line: str) -> tuple[str, str]:
    """Return a line with its colours, and without: nothing else that it holds may command a terminal.

    A node says what others sent it, an instruction for instance.
    """
    parts = _COLOR.split(line)
    parts[::2] = [printable(part, keep="\t") for part in parts[::2]]
    return "".join(parts), "".join(parts[::2])
