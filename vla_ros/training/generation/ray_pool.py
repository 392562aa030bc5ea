# SPDX-License-Identifier: Apache-2.0
"""A pool of Ray tasks, on as many machines as a Ray cluster has."""

from __future__ import annotations

import functools
import traceback
from typing import Any

from controllers.errors import VlaError
from vla_ros.training.generation.ledger import SeedRecord
from vla_ros.training.generation.ray_cluster import cores, first_line, join_cluster, one_core_task
from vla_ros.training.generation.seed_queue import Group
from vla_ros.training.generation.worker import Job, Worker
from vla_ros.training.generation.worker_pool import Event, GroupDied, GroupEnded, SeedEnded


class RayPool:
    """Run groups as Ray tasks, one a core; `size` 0: as many at once as the cluster has cores.

    Raises ConfigError when Ray is not installed or there is no cluster at the address.
    """

    def __init__(self, job: Job, address: str, size: int = 0) -> None:
        self._ray = join_cluster(address)
        self._asked = size
        self._job = self._ray.put(job)
        self._task = one_core_task(self._ray, run_group)
        self._groups: dict[Any, Group] = {}

    @property
    def size(self) -> int:
        """Return the cores of the cluster as it is now, or what was requested."""
        return self._asked or cores(self._ray)

    @property
    def busy(self) -> int:
        return len(self._groups)

    def start(self, group: Group) -> None:
        self._groups[self._task.remote(self._job, group)] = group

    def wait(self, timeout_s: float) -> list[Event]:
        ready, _ = self._ray.wait(list(self._groups), num_returns=1, timeout=timeout_s)
        events: list[Event] = []
        for reference in ready:
            group = self._groups.pop(reference)
            try:
                records, unable, trace = self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                events.append(GroupDied(group, f"the Ray task died: {first_line(error)}"))
                continue
            if unable:
                raise RuntimeError(f"a Ray task failed:\n{trace}") if trace else VlaError(unable)
            events += [SeedEnded(group, record) for record in records]
            events.append(GroupEnded(group, records))
        return events

    def close(self) -> None:
        self._ray.shutdown()


def run_group(job: Job, group: Group) -> tuple[tuple[SeedRecord, ...], str, str]:
    """Return the group's records; else why no work can be done at all, with the traceback where that is a bug."""
    try:
        return _worker(_Key(job)).run(group, lambda record: None), "", ""
    except VlaError as error:
        return (), str(error), ""
    except Exception as error:
        return (), str(error) or type(error).__name__, traceback.format_exc()


class _Key:
    """A job as the key of a cache."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.job == other.job

    def __hash__(self) -> int:
        return hash(self.job.place)


@functools.lru_cache(maxsize=1)
def _worker(key: _Key) -> Worker:
    """Return this process's worker: Ray gives one process many tasks."""
    return Worker(key.job)
