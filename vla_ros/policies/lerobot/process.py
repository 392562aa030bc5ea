# SPDX-License-Identifier: Apache-2.0
"""LeRobot's process: holds one checkpoint, and answers whole observations with chunks. Several robots may share it."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from controllers.errors import VlaError
from vla_ros.policies.lerobot.environment import interpreter
from vla_ros.runtime.child_process import ChildProcess
from vla_ros.runtime.own_environment import ROOT

MODULE = "vla_ros.policies.lerobot.worker"
BUSY_S = 0.2  # [s] after which a request that is under way is not waited for when all ends


class LeRobotError(VlaError):
    """LeRobot's process refused a request, or is no more."""


class _Child(ChildProcess):
    who, error = "LeRobot", LeRobotError


class LeRobotProcess:
    """The process, started when it is first needed, and again after it ended. Safe to ask from several threads."""

    def __init__(
        self, checkpoint: Path, device: str, load_s: float, answer_s: float, command: Sequence[str] | None = None
    ) -> None:
        """Start nothing yet. `load_s`, `answer_s`: how long it may load, and think about a chunk [s].

        `command` runs another worker than ours.
        """
        self._checkpoint, self._device, self._load_s, self._answer_s = checkpoint, device, load_s, answer_s
        self._command = command
        self._child: _Child | None = None
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start it and have it load the checkpoint, unless that is done.

        Raises ConfigError without an environment, LeRobotError when it cannot be loaded.
        """
        with self._lock:
            self._started()

    def actions(self, arrays: Mapping[str, np.ndarray], task: str, steps: int) -> np.ndarray:
        """Return rows (H, D) of a chunk, `steps` at most, for what is seen: pictures (T, H, W, 3), states (T, S).

        Raises LeRobotError where there are none; one that is no more, or does not answer, is started again next time.
        """
        with self._lock:
            child = self._started()
            try:
                values, found = child.ask("infer", arrays, task=task, steps=steps)
            except LeRobotError:
                if not child.healthy:
                    self._end()
                raise
            if "actions" not in found:
                self._end()
                raise LeRobotError(
                    f"LeRobot's process answered 'infer' without actions ({', '.join(values) or 'nothing'})"
                )
            return found["actions"]

    def close(self) -> None:
        """End it, and what somebody still waits for."""
        if not self._lock.acquire(timeout=BUSY_S):
            if (child := self._child) is not None:
                child.kill()
            self._lock.acquire()
        try:
            self._end()
        finally:
            self._lock.release()

    def _started(self) -> _Child:
        if self._child is None:
            command = self._command or [str(interpreter()), "-P", "-m", MODULE]
            self._child = child = _Child(command, _environment())
            try:
                child.answer_s = self._load_s
                child.ask("load", checkpoint=str(self._checkpoint), device=self._device)
                child.answer_s = self._answer_s
            except BaseException:
                self._end()
                raise
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.close()


def _environment() -> dict[str, str]:
    """Return this process's variables without those of its own Python; of ours the child may import `vla_ros` alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return kept | {"PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}
