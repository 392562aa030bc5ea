# SPDX-License-Identifier: Apache-2.0
"""One episode as `vla launch` runs it: a process of its own that ends when this one does."""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from vla_ros.launching.environment import module_environment
from vla_ros.launching.graph import NodeSpec
from vla_ros.launching.processes.process import NodeProcess
from vla_ros.launching.report import read_result

LIMIT_S = 600.0  # [s] of wall time: one that hangs must not keep a night's evaluation
STOP_S = 5.0  # [s] that a launch may take to bring its arm to rest and its nodes to an end


class EpisodeLaunch:
    """A launch under way."""

    def __init__(self, seed: int, domain: int, run_directory: Path, words: Sequence[str], module: str) -> None:
        """Start `module` with the words of `vla launch`."""
        self.seed, self.domain, self.run_directory = seed, domain, run_directory
        self._started = time.monotonic()
        self._timed_out = False
        # As ./vla does: what the command itself takes to start is counted too.
        environment = module_environment() | {"VLA_STARTED_AT": f"{time.time():.6f}"}
        named = [f"domain_id:={domain}", f"run_directory:={run_directory}"]
        # A group of its own, so that Ctrl-C reaches it through us alone: the launcher takes a second one for haste.
        self._process = NodeProcess(NodeSpec("launch", "", module=module), [*words, *named], environment)

    @property
    def ended(self) -> bool:
        """Say whether it is over; takes what it printed, which its log file holds too."""
        for _ in self._process.rest_of_output():
            pass
        if self._process.exit_code is None and not self._timed_out and self.wall_s > LIMIT_S:
            self._timed_out = True
            self.interrupt()
        if self._process.exit_code is None and self.wall_s > LIMIT_S + STOP_S:
            self._process.send(signal.SIGKILL)
        return self._process.exit_code is not None

    @property
    def wall_s(self) -> float:
        """Return how long it has been running [s]."""
        return time.monotonic() - self._started

    def interrupt(self) -> None:
        """Ask it to bring the arm to rest and end."""
        self._process.send(signal.SIGINT)

    def close(self) -> None:
        """Make sure that it is gone; its nodes go with it."""
        self._process.close()

    def report(self) -> Mapping[str, Any]:
        """Return its report; when it has none to its end, why."""
        report = read_result(self.run_directory)
        if self._timed_out:
            return {"failure": f"did not end within {LIMIT_S:g} s"}
        if "exit_code" in report:  # the launcher's word: the episode writes no more than its part
            return report
        last = self._process.last_lines[-1] if self._process.last_lines else ""
        return {"failure": f"the launch {self._process.ending()}{': ' if last else ''}{last}"}


def stop_all(launches: Sequence[EpisodeLaunch]) -> None:
    """End launches that are under way, arms first brought to rest."""
    for launch in launches:
        launch.interrupt()
    deadline = time.monotonic() + STOP_S
    while time.monotonic() < deadline and not all([launch.ended for launch in launches]):
        time.sleep(0.05)
    for launch in launches:
        launch.close()
