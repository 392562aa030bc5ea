# SPDX-License-Identifier: Apache-2.0
"""Work on data in pieces, in as many processes as there are cores; each piece is whole or not there."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


def each_done(do: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Generator[Result]:
    """Yield what comes of each job, as they end; close it to stop the others."""
    if workers <= 1:  # a process of its own begins in the time that a small piece takes
        for job in jobs:
            yield do(job)
        return
    # A Ctrl-C is the parent's to act on: it ends the children.
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with multiprocessing.get_context("spawn").Pool(workers, signal.signal, ignore) as pool:
        yield from pool.imap_unordered(do, jobs)
