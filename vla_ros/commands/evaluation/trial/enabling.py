# SPDX-License-Identifier: Apache-2.0
"""Control of a real robot's episode, enabled once, as soon as it can be: whoever says "begin" lets the arm move."""

from __future__ import annotations

import subprocess
import sys
import time

from vla_ros.launching.environment import module_environment

RETRY_S = 1.0  # [s] until control is asked again: the graph is still starting, or an e-stop is latched


class Enabling:
    """Run `vla enable` for one ROS domain until it succeeds; never again after that, whatever disables control."""

    command = ("-m", "vla_ros.cli", "enable")  # of this Python

    def __init__(self, domain: int) -> None:
        """Take the domain of a graph that may not be up yet."""
        self._words = [sys.executable, *self.command, "--domain-id", str(domain)]
        self._process: subprocess.Popen[str] | None = None
        self._again = 0.0
        self._enabled = False

    def poll(self) -> str:
        """Go on asking; return what the person is to know, if anything."""
        if self._enabled or time.monotonic() < self._again:
            return ""
        if self._process is None:
            self._process = subprocess.Popen(
                self._words, env=module_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
        if self._process.poll() is None:
            return ""
        said = (self._process.communicate()[0].splitlines() or [""])[-1]
        self._enabled, self._process = self._process.returncode == 0, None
        self._again = time.monotonic() + RETRY_S
        if self._enabled:
            return "control is enabled: the arm may move"
        return f"waits: {said}" if "e-stop" in said else ""

    def close(self) -> None:
        """Ask no more."""
        self._enabled = True
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
