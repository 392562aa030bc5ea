# SPDX-License-Identifier: Apache-2.0
"""A Franka Hand, whose connection lives in a process of its own (hand_process.py)."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

from controllers.errors import ConfigError

CONNECT_S = 20.0  # [s] for the process to start and the hand to say how far it is open


class PandaHand:
    """Say what opening is wanted, know what it is."""

    def __init__(self, address: str) -> None:
        """Connect. Raises ConfigError where no hand answers, or it does not know its own zero."""
        self.width: float | None = None  # [m]
        self.fault = ""
        self._closed = False
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "vla_ros.hardware.panda.hand_process", address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env=os.environ | {"PYTHONPATH": path},
        )
        assert self._process.stdin is not None
        os.set_blocking(self._process.stdin.fileno(), False)  # nobody waits for a hand
        self._known = threading.Event()
        threading.Thread(target=self._listen, name="panda hand", daemon=True).start()
        if not self._known.wait(CONNECT_S) or self.fault:
            why = self.fault or f"the hand at {address} says nothing for {CONNECT_S:.0f} s"
            self.close()
            raise ConfigError(f"{address}: {why}")

    def want(self, width: float) -> None:
        """Have it opened or closed to `width` [m]."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{width:.5f}\n")
        except OSError:
            return  # full or gone, which its listener says

    def _listen(self) -> None:
        assert self._process.stdout is not None
        why = "its process ended"
        for line in self._process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "width":
                self.width = float(rest)
                self._known.set()
            elif word == "fault":
                why = rest
        if not self._closed:
            self.fault = f"hand: {why}"
        self._known.set()

    def close(self) -> None:
        """Let go of the hand, which goes on holding what it holds."""
        self._closed = True
        self._process.kill()
        self._process.wait()
