# SPDX-License-Identifier: Apache-2.0
"""A pool of workers that is this process: for tests in which no process dies, a second less for each run."""

from __future__ import annotations

from vla_ros.training.generation.seed_queue import Group
from vla_ros.training.generation.worker import Job, Worker
from vla_ros.training.generation.worker_pool import Event, GroupEnded, SeedEnded


class PoolHere:
    """One worker, which works while it is waited for."""

    size = 1

    def __init__(self, job: Job, size: int) -> None:
        assert size == 1
        self._job = job
        self._worker: Worker | None = None
        self._group: Group | None = None

    @property
    def busy(self) -> int:
        return int(self._group is not None)

    def start(self, group: Group) -> None:
        self._group = group

    def wait(self, timeout_s: float) -> list[Event]:
        group, self._group = self._group, None
        if group is None:
            return []
        self._worker = self._worker or Worker(self._job)
        events: list[Event] = []
        records = self._worker.run(group, lambda record: events.append(SeedEnded(group, record)))
        return [*events, GroupEnded(group, records)]

    def close(self) -> None:
        pass
