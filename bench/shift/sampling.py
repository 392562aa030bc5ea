# SPDX-License-Identifier: Apache-2.0
"""What each process of a graph takes: memory, file handles, threads; and what the run folder takes on the disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MIB = 1024.0 * 1024.0


@dataclass
class Series:
    """One quantity of one process over time; a process that was started again is another life."""

    times: list[float] = field(default_factory=list)  # [s] since the shift began
    values: list[float] = field(default_factory=list)
    lives: list[int] = field(default_factory=list)

    def add(self, time: float, value: float, life: int) -> None:
        """Add a sample."""
        self.times.append(time)
        self.values.append(value)
        self.lives.append(life)


class Sampler:
    """Sample processes by name; `series` has the quantities by (quantity, process)."""

    def __init__(self) -> None:
        self.series: dict[tuple[str, str], Series] = {}
        self._born: dict[int, float] = {}  # [s] since the shift began, by pid

    def add(self, quantity: str, name: str, time: float, value: float, life: int = 0) -> None:
        """Add one value."""
        self.series.setdefault((quantity, name), Series()).add(time, value, life)

    def sample(self, time: float, pids: Mapping[str, int], warm_up: float) -> None:
        """Sample every process that is older than `warm_up` [s], in which it loads; one that is gone adds nothing."""
        for name, pid in pids.items():
            if time - self._born.setdefault(pid, time) < warm_up:
                continue
            try:
                process = psutil.Process(pid)
                with process.oneshot():
                    rss, threads = process.memory_info().rss, process.num_threads()
                handles = process.num_fds()
            except psutil.Error:
                continue
            self.add("rss_mib", name, time, rss / MIB, pid)
            self.add("handles", name, time, handles, pid)
            self.add("threads", name, time, threads, pid)


def disk_mib(folder: Path) -> float:
    """Return what a folder's files take [MiB]; one that goes meanwhile does not count."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512 if path.is_file() else 0
        except OSError:
            continue
    return total / MIB
