# SPDX-License-Identifier: Apache-2.0
"""A process in an environment of its own as a child of this one: started, asked, ended.

Frames (`frames.py`) over its standard input and output; it ends with this process, by its input.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any, ClassVar

import numpy as np

from controllers.errors import VlaError
from vla_ros.runtime.frames import Frame, FrameError, read_frame, write_frame

STOP_S = 5.0  # [s] that it may take to end once its input has
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
_LAST = 2000  # [B] of what it printed last, for the line that says why it died


class ChildProcess:
    """The process and its two pipes; a context manager. Each kind has a name, an error and a protocol of its own."""

    who: ClassVar[str]  # "LIBERO"
    error: ClassVar[type[VlaError]]
    protocol: ClassVar[int] = 1  # that it must say in its answer to "hello"
    answer_s = 600.0  # [s] for one answer

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start it and ask for its protocol. Raises `error` for another one, or no answer."""
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=dict(environment),
            cwd="/",
            start_new_session=True,  # Ctrl-C is the parent's: it ends its child itself
        )
        self.healthy = True  # it answers; after a failure that is no refusal it is of no further use
        try:
            hello, _ = self.ask("hello")
            if hello.get("protocol") != self.protocol:
                raise self.error(f"{self.who}'s process speaks protocol {hello.get('protocol')}, not {self.protocol}")
        except BaseException:
            self.close()
            raise
        self.versions: dict[str, str] = {str(k): str(v) for k, v in dict(hello.get("versions", {})).items()}

    def ask(self, request: str, arrays: Mapping[str, np.ndarray] | None = None, **values: Any) -> Frame:
        """Return the answer to a request. Raises `error` where there is none, or the answer is a refusal."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise self.error(f"{self.who}'s process has no pipes")
        try:
            write_frame(sink, {"request": request, **values}, arrays)
            # The answer to one request is all that ever comes, so nothing of it waits in the buffer.
            if not select.select([source], [], [], self.answer_s)[0]:
                raise FrameError(f"nothing for {self.answer_s:g} s")
            answer = read_frame(source)
        except (OSError, ValueError, FrameError) as error:  # ValueError: of a pipe that is closed
            self.healthy = False
            raise self.error(
                f"{self.who}'s process did not answer '{request}' ({error}){self._last_words()}"
            ) from error
        if answer is None:
            self.healthy = False
            raise self.error(f"{self.who}'s process ended at '{request}'{self._last_words()}")
        if "error" in answer[0]:
            raise self.error(f"{self.who} refused '{request}': {answer[0]['error']}")
        return answer

    @property
    def pid(self) -> int:
        """Return its process number."""
        return self._process.pid

    def kill(self) -> None:
        """End it without a warning, from any thread: whoever waits for an answer of it hears that it is no more."""
        self._process.kill()

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _last_words(self) -> str:
        if self._log.closed:
            return ""
        self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, self._log.tell() - _LAST))
        lines = [line for line in self._log.read().decode(errors="replace").splitlines() if line.strip()]
        return f": {lines[-1].strip()}" if lines else ""

    def __enter__(self) -> ChildProcess:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
