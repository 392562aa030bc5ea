# SPDX-License-Identifier: Apache-2.0
"""LIBERO's process as a child of this one: started, asked, ended. It ends with this process, by its standard input."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from controllers.errors import VlaError
from vla_ros.benchmarks.frames import Frame, FrameError, read_frame, write_frame
from vla_ros.benchmarks.libero.environment import ROOT, interpreter

MODULE = "vla_ros.benchmarks.libero.server"
PROTOCOL = 1
STOP_S = 5.0  # [s] that it may take to end once its input has
_LAST = 2000  # [B] of what it printed last, for the line that says why it died


class LiberoError(VlaError):
    """LIBERO's process refused a request, or is no more."""


class LiberoProcess:
    """The process and its two pipes; a context manager."""

    answer_s = 600.0  # [s] for one answer: a task is loaded in a minute on a busy machine

    def __init__(self, command: list[str] | None = None) -> None:
        """Start it; `command` runs another server than LIBERO's. Raises ConfigError without its environment."""
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            command or [str(interpreter()), "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C is the evaluation's: it ends its child itself
        )
        hello, _ = self.ask("hello")
        if hello.get("protocol") != PROTOCOL:
            self.close()
            raise LiberoError(f"LIBERO's process speaks protocol {hello.get('protocol')}, not {PROTOCOL}")
        self.versions: dict[str, str] = {str(k): str(v) for k, v in dict(hello.get("versions", {})).items()}

    def ask(self, request: str, arrays: Mapping[str, np.ndarray] | None = None, **values: Any) -> Frame:
        """Return the answer to a request. Raises LiberoError where there is none, or the answer is a refusal."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise LiberoError("LIBERO's process has no pipes")
        try:
            write_frame(sink, {"request": request, **values}, arrays)
            # The answer to one request is all that ever comes, so nothing of it waits in the buffer.
            if not select.select([source], [], [], self.answer_s)[0]:
                raise FrameError(f"nothing for {self.answer_s:g} s")
            answer = read_frame(source)
        except (OSError, ValueError, FrameError) as error:  # ValueError: of a pipe that is closed
            raise LiberoError(f"LIBERO's process did not answer '{request}' ({error}){self._last_words()}") from error
        if answer is None:
            raise LiberoError(f"LIBERO's process ended at '{request}'{self._last_words()}")
        if "error" in answer[0]:
            raise LiberoError(f"LIBERO refused '{request}': {answer[0]['error']}")
        return answer

    @property
    def pid(self) -> int:
        """Return its process number."""
        return self._process.pid

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

    def __enter__(self) -> LiberoProcess:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIBERO_"))}
    backend = os.environ.get("MUJOCO_GL", "egl")
    threads = {
        name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    }
    return (
        kept
        | threads
        | {
            "PYTHONPATH": str(ROOT),
            "MUJOCO_GL": backend,
            "PYOPENGL_PLATFORM": backend,
            "LIBERO_CONFIG_PATH": os.devnull,  # paths are the package's own, whatever lies in this user's home
        }
    )
