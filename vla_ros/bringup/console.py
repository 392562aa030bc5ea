# SPDX-License-Identifier: Apache-2.0
"""What a launch shows: each node's lines under its name, in colour on a terminal, and all of it in a log file."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

_COLORS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)  # ANSI foregrounds that read on light and dark
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Console:
    """Print to a stream and append the same, without colour, to a log file."""

    def __init__(self, names: Sequence[str], log: Path | None = None, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._color = self._stream.isatty()
        self._width = max((len(name) for name in names), default=0)
        self._colors = {name: _COLORS[i % len(_COLORS)] for i, name in enumerate(names)}
        self._log = log.open("a", buffering=1, encoding="utf-8") if log else None

    def node_line(self, name: str, line: str) -> None:
        """Show one line of a node."""
        self._write(f"[{name}]".ljust(self._width + 2), self._colors.get(name, 0), line)

    def say(self, text: str) -> None:
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

    def _write(self, prefix: str, color: int, line: str) -> None:
        space = " " if prefix else ""
        if self._log:
            self._log.write(f"{prefix}{space}{_ESCAPES.sub('', line)}\n")
        if self._color and prefix:
            prefix = f"\x1b[{color}m{prefix}\x1b[0m"
        elif not self._color:
            line = _ESCAPES.sub("", line)
        try:
            self._stream.write(f"{prefix}{space}{line}\n")
            self._stream.flush()
        except (BrokenPipeError, OSError):
            # Nobody reads any more (`| head`, a closed terminal): the run and its log go on, the arm comes first.
            self._stream = open("/dev/null", "w")  # noqa: SIM115
            self._color = False
