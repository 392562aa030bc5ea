# SPDX-License-Identifier: Apache-2.0
"""Episodes over processes: one job at a time to each, so that whatever breaks is known by its seed."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from controllers.errors import VlaError
from vla_ros.evaluation.child_process import death, start_child
from vla_ros.evaluation.statistics import EpisodeResult

NOTHING = -1  # seed of an idle worker


@dataclass(frozen=True)
class Broken:
    """An episode that did not come to an end of its own: an exception, or a process that died."""

    seed: int
    reason: str
    trace: str = ""


Run = Callable[[int], EpisodeResult]


def run_all(make_run: Callable[[], Run], seeds: Iterable[int], workers: int) -> Iterator[EpisodeResult | Broken]:
    """Yield each seed's episode as it ends; `make_run` is called once in every process and must pickle."""
    waiting = list(seeds)[::-1]
    pool = [_Worker(make_run) for _ in range(min(workers, len(waiting)))]
    try:
        while waiting or any(worker.busy for worker in pool):
            for worker in pool:
                if waiting and not worker.busy:
                    worker.start(waiting.pop())
            busy = [worker for worker in pool if worker.busy]
            ready = wait([worker.connection for worker in busy])
            for worker in busy:  # several at once: one may have died and been replaced in the pool already
                if worker.connection not in ready:
                    continue
                result = worker.result()
                yield result
                if isinstance(result, Broken) and not worker.alive:
                    pool[pool.index(worker)] = _Worker(make_run)
    finally:
        for worker in pool:
            worker.stop()


class _Worker:
    def __init__(self, make_run: Callable[[], Run]) -> None:
        self._make_run = make_run
        self._process: BaseProcess | None = None
        self._seed = NOTHING
        self.connection: Connection

    @property
    def busy(self) -> bool:
        return self._seed != NOTHING

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.is_alive()

    def start(self, seed: int) -> None:
        if self._process is None:
            self._process, self.connection = start_child(_work, self._make_run)
        self._seed = seed
        with contextlib.suppress(OSError):  # it died idle: the end of its connection says so next
            self.connection.send(seed)

    def result(self) -> EpisodeResult | Broken:
        seed, self._seed = self._seed, NOTHING
        try:
            return self.connection.recv()
        except (EOFError, OSError):  # reset, where it died before it had read its seed
            return Broken(seed, death(self._process))

    def stop(self) -> None:
        if self._process is None:
            return
        self.connection.close()
        self._process.terminate()
        self._process.join(2.0)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _work(connection: Connection, make_run: Callable[[], Run]) -> None:
    run: Run | None = None
    while True:
        try:
            seed = connection.recv()
        except (EOFError, ConnectionError):
            return
        result: EpisodeResult | Broken
        try:
            run = run or make_run()
            result = run(seed)
        except VlaError as error:  # its line says it all
            result = Broken(seed, str(error), "")
        except Exception as error:  # reported with its seed, whatever it is; the evaluation goes on
            result = Broken(seed, f"{type(error).__name__}: {error}", traceback.format_exc())
        try:
            connection.send(result)
        except ConnectionError:
            return  # the parent was killed: nobody is left to tell
