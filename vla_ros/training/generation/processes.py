# SPDX-License-Identifier: Apache-2.0
"""A pool of processes on this machine."""

from __future__ import annotations

import contextlib
import os
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from controllers.errors import VlaError
from vla_ros.evaluation.child_process import death, start_child
from vla_ros.runtime.parent_death import end_with
from vla_ros.training.generation.ledger import SeedRecord
from vla_ros.training.generation.seed_queue import Group
from vla_ros.training.generation.worker import Job, Worker
from vla_ros.training.generation.worker_pool import Event, GroupDied, GroupEnded, SeedEnded

SILENT_MAX_S = 900.0  # a seed takes seconds; a graphics driver or a search that hangs must not hold up a night


@dataclass(frozen=True)
class _Unable:
    """No work can be done at all: the reason, and where it is not the user's to mend, the traceback."""

    reason: str
    trace: str = ""


class ProcessPool:
    """Run groups in `size` processes; one that dies is replaced."""

    def __init__(self, job: Job, size: int, silent_max_s: float = SILENT_MAX_S) -> None:
        self._processes = [_Process(job) for _ in range(size)]
        self._silent_max_s = silent_max_s

    @property
    def size(self) -> int:
        return len(self._processes)

    @property
    def busy(self) -> int:
        return sum(process.group is not None for process in self._processes)

    def start(self, group: Group) -> None:
        next(process for process in self._processes if process.group is None).start(group)

    def wait(self, timeout_s: float) -> list[Event]:
        busy = {process.connection: process for process in self._processes if process.group is not None}
        events: list[Event] = []
        for connection in wait(list(busy), timeout_s):
            events += busy[connection].events()  # type: ignore[index]  # wait returns what it was given
        for process in busy.values():
            if process.group is not None and time.monotonic() - process.heard > self._silent_max_s:
                events.append(process.give_up(f"the worker process said nothing for {self._silent_max_s:.0f} s"))
        return events

    def close(self) -> None:
        for process in self._processes:
            process.stop()


class _Process:
    connection: Connection

    def __init__(self, job: Job) -> None:
        self._job = job
        self._process: BaseProcess | None = None
        self.group: Group | None = None
        self.heard = 0.0  # [s] monotonic

    def start(self, group: Group) -> None:
        if self._process is None:
            self._process, self.connection = start_child(_work, self._job, os.getpid())
        self.group, self.heard = group, time.monotonic()
        with contextlib.suppress(OSError):  # it died idle: the end of its connection says so next
            self.connection.send(group)

    def events(self) -> list[Event]:
        """Return everything it has said by now. Raises VlaError when it cannot work at all."""
        events: list[Event] = []
        while self.group is not None and self.connection.poll():
            try:
                said = self.connection.recv()
            except (EOFError, OSError):
                return [*events, self._died()]
            self.heard = time.monotonic()
            if isinstance(said, _Unable):
                raise VlaError(said.reason) if not said.trace else RuntimeError(f"a worker failed:\n{said.trace}")
            if isinstance(said, SeedRecord):
                events.append(SeedEnded(self.group, said))
            else:
                events.append(GroupEnded(self.group, said))
                self.group = None
        return events

    def give_up(self, reason: str) -> GroupDied:
        """Kill it, for that reason."""
        assert self.group is not None
        died = GroupDied(self.group, reason)
        self.stop()
        return died

    def _died(self) -> GroupDied:
        return self.give_up(death(self._process))

    def stop(self) -> None:
        if self._process is None:
            return
        if self.group is not None:
            self._process.kill()
        self.connection.close()
        self._process.join(2.0)  # an idle one ends with its connection
        self._process.kill()
        self._process.join()
        self._process, self.group = None, None


def _work(connection: Connection, job: Job, parent: int) -> None:
    end_with(parent)  # when it is killed nobody may go on writing into what is another's then
    with contextlib.suppress(EOFError, ConnectionError):  # the parent has gone, or wants no more
        _serve(connection, job)


def _serve(connection: Connection, job: Job) -> None:
    worker: Worker | None = None
    while True:
        group = connection.recv()
        try:
            worker = worker or Worker(job)
            connection.send(worker.run(group, connection.send))
        except VlaError as error:
            connection.send(_Unable(str(error)))
        except Exception as error:
            connection.send(_Unable(str(error), traceback.format_exc()))
