# SPDX-License-Identifier: Apache-2.0
"""A test's hold on a simulated Panda in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rig.fci.motion_log import Motion, read_motion

SUPPORT = Path(__file__).resolve().parents[2]


class PandaStation:
    """Start a simulated arm and hand; do to them what a test wants."""

    _number = 0

    def __init__(self, **settings: int) -> None:
        """Listen at an address of this machine that no other station has."""
        PandaStation._number += 1
        process = os.getpid()
        self.address = f"127.{1 + process // 254 % 250}.{1 + process % 254}.{PandaStation._number}"
        words = [sys.executable, "-P", "-m", "rig.fci.process", self.address]
        words += [f"{key}={value}" for key, value in settings.items()]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(SUPPORT.parents[1]), str(SUPPORT)])}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True, env=environment)
        if self._answer() != "ready":
            raise RuntimeError("the simulated arm does not start")

    def tell(self, do: str, **values: object) -> object:
        """Have something done; return the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **values}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> object:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    @property
    def state(self) -> dict:
        """Return what is true of arm and hand now."""
        return self.tell("state")  # type: ignore[return-value]

    def motion(self) -> Motion:
        """Return what the arm did since this was asked last."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "motion.npy"
            self.tell("save", path=str(path))
            return read_motion(path)

    def kill(self) -> None:
        """Be gone at once, as a robot whose power is cut."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End."""
        if self.process.poll() is None:
            self.kill()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
