# SPDX-License-Identifier: Apache-2.0
"""Batches made a few ahead: in a thread beside a CPU that learns, in processes for a GPU, which learns faster."""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

AHEAD = 2  # batches a process


class Batches(Protocol):
    """Batches of one step after the other."""

    def next(self) -> object:
        """Return the next batch; raises what making it raised."""
        ...

    def stop(self) -> None:
        """Make no more."""
        ...


def batches_ahead(make: Callable[[int], object], first: int, end: int, processes: int) -> Batches:
    """Make batches of steps first … end - 1 in order, in so many processes, or in a thread of this one where it is 0.

    Both make the same: what is drawn is a function of the step.
    """
    return Ahead(make, first, end) if processes == 0 else AheadInProcesses(make, first, end, processes)


class Ahead:
    """Make batches of steps first … end - 1 in order, in a thread."""

    def __init__(self, make: Callable[[int], object], first: int, end: int) -> None:
        self._queue: queue.Queue = queue.Queue(maxsize=3)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(make, first, end), daemon=True)
        self._thread.start()

    def _run(self, make: Callable[[int], object], first: int, end: int) -> None:
        for step in range(first, end):
            try:
                made: object = make(step)
            except BaseException as error:  # told to whoever waits
                made = error
            while not self._stopped.is_set():
                try:
                    self._queue.put(made, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if self._stopped.is_set() or isinstance(made, BaseException):
                return

    def next(self) -> object:
        """Return the next batch; raises what making it raised."""
        made = self._queue.get()
        if isinstance(made, BaseException):
            raise made
        return made

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()


class AheadInProcesses:
    """Make batches of steps first … end - 1 in order, in processes that share the samples with this one."""

    def __init__(self, make: Callable[[int], object], first: int, end: int, processes: int) -> None:
        loader = DataLoader(
            _Steps(make),
            batch_size=None,  # each is one already
            sampler=range(first, end),
            num_workers=processes,
            prefetch_factor=AHEAD,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_begin,
            multiprocessing_context="fork",  # what makes them is a closure over gigabytes
        )
        self._batches: Iterator[object] = iter(loader)

    def next(self) -> object:
        """Return the next batch; raises what making it raised."""
        try:
            return next(self._batches)
        except Exception as error:
            raise error.with_traceback(None) from None  # its frames would keep the processes alive

    def stop(self) -> None:
        """End the processes."""
        self._batches = iter(())  # torch ends them as their reader goes


class _Steps(Dataset):
    """A batch by its step."""

    def __init__(self, make: Callable[[int], object]) -> None:
        self._make = make

    def __getitem__(self, step: int) -> object:
        return self._make(step)


def _begin(_: int) -> None:
    """Begin a process that makes batches: a Ctrl-C is its parent's to act on, and it has one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    cv2.setNumThreads(0)
