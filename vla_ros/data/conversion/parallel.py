# SPDX-License-Identifier: Apache-2.0
"""Many bags at once, a process each; results come in the order of the bags, so the dataset does not depend on luck."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import VlaError
from vla_ros.data.conversion.bag_to_dataset import FOREIGN_BYTES, ConversionSettings, ConvertedBag, convert_bag
from vla_ros.runtime.parent_death import end_with

# One thread a process: W processes of W threads each would fight for the same cores.
_SINGLE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
AHEAD = 2  # results a worker may be ahead of the bag that is waited for: they lie in memory


@dataclass(frozen=True)
class Unusable:
    """A bag that cannot be used, and why."""

    reason: str


Outcome = ConvertedBag | Unusable
Convert = Callable[[Path, ConversionSettings], ConvertedBag]


def convert_all(
    paths: Sequence[Path], settings: ConversionSettings, workers: int, convert: Convert = convert_bag
) -> Iterator[tuple[Path, Outcome]]:
    """Yield each bag with what came out of it, in order; a process that dies costs its own bag alone."""
    if workers < 2 or len(paths) < 2:
        for path in paths:
            yield path, _attempt(convert, path, settings)
        return
    waiting = deque(paths)
    running: deque[tuple[Path, Future[Outcome]]] = deque()
    pool = _pool(workers)
    try:
        while waiting or running:
            try:
                while waiting and len(running) < workers * AHEAD:
                    running.append((waiting[0], pool.submit(_attempt, convert, waiting[0], settings)))
                    waiting.popleft()
            except BrokenProcessPool:  # a process died just now: whoever waits for a result is told below
                if not running:
                    pool = _pool(workers)
                    continue
            path, future = running.popleft()
            try:
                outcome = future.result()
            except BrokenProcessPool:
                # All that ran is lost and nobody knows whose fault it was: this one again, by itself.
                pool.shutdown(wait=False, cancel_futures=True)
                outcome = _alone(convert, path, settings)
                waiting.extendleft(other for other, _ in reversed(running))
                running.clear()
                pool = _pool(workers)
            yield path, outcome
        pool.shutdown()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _attempt(convert: Convert, path: Path, settings: ConversionSettings) -> Outcome:
    try:
        return convert(path, settings)
    except VlaError as error:
        return Unusable(str(error) if str(path) in str(error) else f"{path}: {error}")
    except FOREIGN_BYTES as error:
        return Unusable(f"{path}: cannot be converted ({type(error).__name__}: {error}): run `vla bag check {path}`")


def _alone(convert: Convert, path: Path, settings: ConversionSettings) -> Outcome:
    with _pool(1) as pool:
        try:
            return pool.submit(_attempt, convert, path, settings).result()
        except BrokenProcessPool:
            return Unusable(
                f"{path}: the process that converted it died, perhaps of memory: run `vla bag check {path}`"
            )


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _prepare, (os.getpid(),))


def _prepare(parent: int) -> None:
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    for name in _SINGLE_THREAD:
        os.environ[name] = "1"
    os.nice(5)  # a robot may be running beside
