# SPDX-License-Identifier: Apache-2.0
"""One node of a running graph: its process group, its output line by line, and how it ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vla_ros.launching.graph import NodeSpec
from vla_ros.launching.processes.child import LAST

LAST_LINES = 15
_LINE_MAX = 16384  # [bytes] a line without an end is cut here


class NodeProcess:
    """A child in a session of its own, so that signals reach its helpers too and a terminal's Ctrl-C does not."""

    def __init__(self, spec: NodeSpec, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.spec = spec
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self.last_signal: signal.Signals | None = None
        self._buffer = b""
        last = [] if spec.stops_first else [LAST]
        # An interrupt while Python itself starts would end in a trace-back: the child unblocks it when it can answer.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "vla_ros.launching.processes.child", *last, spec.module, *arguments],
                stdin=subprocess.PIPE,  # held open: its end tells the child that this process is gone
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=dict(environment),
                start_new_session=True,
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self._output = self._process.stdout.fileno() if self._process.stdout else -1
        os.set_blocking(self._output, False)

    @property
    def pid(self) -> int:
        """Return the process id, which is the id of its group too."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Return None while it runs, minus the signal number when one killed it."""
        return self._process.poll()

    @property
    def suspended(self) -> bool:
        """Say whether somebody has stopped it (SIGSTOP): it lives and does nothing."""
        try:
            state = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
        return state == "T"

    def fileno(self) -> int:
        """Return the descriptor of its output, for a selector."""
        return self._output

    def read_lines(self) -> tuple[list[str], bool]:
        """Return the whole lines that have come, and whether more can come."""
        try:
            data = os.read(self._output, 65536)
        except BlockingIOError:
            return [], True
        self._buffer += data
        if not data:
            lines, self._buffer = ([self._buffer] if self._buffer else []), b""
        elif b"\n" not in self._buffer and len(self._buffer) > _LINE_MAX:
            lines, self._buffer = [self._buffer], b""
        else:
            *lines, self._buffer = self._buffer.split(b"\n")
        # A progress bar rewrites its line: the last state is what counts.
        texts = [line.decode(errors="replace").rstrip("\r").rpartition("\r")[2] for line in lines]
        self.last_lines.extend(text for text in texts if text.strip())
        return texts, bool(data)

    def rest_of_output(self) -> Iterator[str]:
        """Yield what is still in the pipe, without waiting for helpers that hold it open."""
        while True:
            before = len(self._buffer)
            lines, more = self.read_lines()
            yield from lines
            if not more or (not lines and len(self._buffer) == before):
                return

    def send(self, number: signal.Signals) -> None:
        """Signal the whole group; one that is gone is not an error."""
        self.last_signal = number
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def close(self) -> None:
        """Kill what is left of the group and free the pipes."""
        self.send(signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def ending(self) -> str:
        """Say in words how it ended."""
        code = self.exit_code
        if code is None:
            return "is still running"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"was killed by {signal.Signals(-code).name}"
            return f"was killed by signal {-code}"
        return f"exited with code {code}"
