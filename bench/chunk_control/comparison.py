# SPDX-License-Identifier: Apache-2.0
"""Every method down every path under every delay: who runs, in how many processes, and what it comes to."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache

import numpy as np

from bench.chunk_control import paths
from bench.chunk_control.drivers import Entry
from bench.chunk_control.judgement import Judgement, judge
from bench.chunk_control.methods import BASELINES
from bench.chunk_control.rollout import Rollout, roll_out
from bench.chunk_control.streams import PATTERNS
from bench.franka import Franka

OURS = "ours"  # as shipped
# Ours with something changed: name → overrides of StitchConfig.
OURS_CHANGED: dict[str, dict] = {
    "ours, by time": {"alignment": "time"},
    "ours, blend": {"method": "blend"},
    "ours, replace": {"method": "replace"},
}

FILTERED = ", filtered"
ENTRIES = {
    entry.name: entry
    for entry in (
        *(Entry(name + FILTERED * filtered, name, filtered) for name in BASELINES for filtered in (False, True)),
        Entry(OURS),
        *(Entry(name, stitch=overrides) for name, overrides in OURS_CHANGED.items()),
    )
}
PATHS: dict[str, Callable[[np.ndarray], paths.IdealPath]] = {
    # Chunks as ACT, π₀ and their like make them (50 at 30 Hz), as Diffusion Policy and GR00T do (16), and shorter ones.
    "slow eight": lambda start: paths.figure_eight(start, 0.125, 1, 1 / 30, 50),
    "fast eight": lambda start: paths.figure_eight(start, 0.25, 2, 0.1, 16),
    "pick and place": lambda start: paths.pick_and_place(start, 0.1, 16),
    "geometric policy": lambda start: paths.walked(start, 0.1, 8),
}
QUICK_PATH = "reach"  # of 1.5 s: for tests
RECORDED_STEP, RECORDED_POINTS = 0.1, 16  # of the chunks that tell a recording


@dataclass(frozen=True)
class Task:
    """One roll-out. `path` is of PATHS, or the file of a recording."""

    path: str
    pattern: str
    seed: int
    entry: str


def tasks(seeds: int, recording: str | None = None) -> list[Task]:
    """List every roll-out; a delay that a path's horizon cuts down to another one is left out."""
    every = []
    for name in (*PATHS, *([recording] if recording else ())):
        path, seen = ideal_path(name), set()
        for pattern in PATTERNS:
            asked = (pattern.capped(path), pattern.lost)
            if pattern.seconds is not None and asked in seen:
                continue
            seen.add(asked)
            every += [Task(name, pattern.name, seed, entry) for seed in range(seeds) for entry in ENTRIES]
    return every


def few_tasks() -> list[Task]:
    """List one short path at two delays: enough for every figure, for no conclusion."""
    return [Task(QUICK_PATH, pattern, 0, entry) for pattern in ("0 ms", "200 ms") for entry in ENTRIES]


@cache
def franka() -> Franka:
    """Return this process's robot."""
    return Franka()


@cache
def ideal_path(name: str) -> paths.IdealPath:
    """Return a path by its name; another name is the file of a recording."""
    if name == QUICK_PATH:
        return paths.reach(franka().start, 0.1, 8)
    if name in PATHS:
        return PATHS[name](franka().start)
    return paths.read_recording(name, RECORDED_STEP, RECORDED_POINTS)


def run_task(task: Task) -> Rollout:
    """Roll out."""
    pattern = next(pattern for pattern in PATTERNS if pattern.name == task.pattern)
    return roll_out(franka(), ideal_path(task.path), pattern, ENTRIES[task.entry], task.seed)


def judge_task(task: Task) -> Judgement:
    """Roll out and judge."""
    return judge(run_task(task))


def judged(every: list[Task], workers: int) -> Iterator[tuple[Task, Judgement]]:
    """Yield each roll-out's judgement as it is done."""
    if workers <= 1:
        for task in every:
            yield task, judge_task(task)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending = {pool.submit(judge_task, task): task for task in every}
        for future in as_completed(pending):
            yield pending[future], future.result()
