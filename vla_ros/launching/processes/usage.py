# SPDX-License-Identifier: Apache-2.0
"""Memory and processor time of a running graph, read from /proc once a second; memory less often, which costs more."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_MEMORY_EVERY = 4  # samples: the kernel walks every page of a process for its PSS


class UsageSampler:
    """Follow named processes; memory is PSS, so that libraries shared by several count once."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.pids = dict(pids)
        self.pss_mib = 0.0  # [MiB] largest sum seen
        self.pss_mib_by_process: dict[str, float] = dict.fromkeys(pids, 0.0)  # at the largest sum
        self.cpu_s_by_process: dict[str, float] = dict.fromkeys(pids, 0.0)
        self._cpu_s_before = {name: _cpu_s(pid) for name, pid in pids.items()}  # the launcher has worked already
        self._started = time.monotonic()
        self._last_sample = self._started
        self._samples = 0

    def replace(self, name: str, pid: int) -> None:
        """Follow the process that has taken the place of a dead one; processor time goes on from what that had."""
        self.pids[name] = pid
        self._cpu_s_before[name] = -self.cpu_s_by_process[name]

    def sample(self) -> None:
        """Take one sample; a process that has ended keeps its last figures."""
        if self._samples % _MEMORY_EVERY == 0:
            pss = {name: _pss_mib(pid) for name, pid in self.pids.items()}
            total = sum(pss.values())
            if total > self.pss_mib:
                self.pss_mib, self.pss_mib_by_process = total, pss
        self._samples += 1
        for name, pid in self.pids.items():
            self.cpu_s_by_process[name] = max(self.cpu_s_by_process[name], _cpu_s(pid) - self._cpu_s_before[name])
        self._last_sample = time.monotonic()

    def cores_by_process(self) -> dict[str, float]:
        """Return the mean number of cores each process has used."""
        elapsed = max(self._last_sample - self._started, 1e-3)
        return {name: seconds / elapsed for name, seconds in self.cpu_s_by_process.items()}


def _pss_mib(pid: int) -> float:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024.0
    except (OSError, IndexError, ValueError):
        pass
    return 0.0


def _cpu_s(pid: int) -> float:
    try:
        # The command's name may hold spaces; the fields count from the parenthesis behind it.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    except (OSError, IndexError, ValueError):
        return 0.0
