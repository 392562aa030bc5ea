# SPDX-License-Identifier: Apache-2.0
"""Show a generation to a person: a bar a dataset while it runs, a table when it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn

from vla_ros.progress import WorkProgress
from vla_ros.tables import print_table
from vla_ros.training.generation.folder import WorkPlace
from vla_ros.training.generation.generation import Generation
from vla_ros.training.generation.maker import KINDS

SPEED_OVER_S = 600.0  # of which the time left is estimated: episodes come in groups
REASONS_SHOWN = 20


class GenerationProgress:
    """A bar for each dataset, with its speed and the time left; a context manager."""

    def __init__(self, console: Console) -> None:
        self._progress = WorkProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            speed_estimate_period=SPEED_OVER_S,
        )
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._announced = False

    def __enter__(self) -> GenerationProgress:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def show(self, generation: Generation) -> None:
        """Show what there is so far."""
        if generation.stopping and not self._announced:
            self._announced = True
            self._console.print("finishing the episodes under way; Ctrl-C again ends at once")
        elapsed = max(1e-3, time.monotonic() - generation.began)
        for kind, wanted in generation.wanted.items():
            made = generation.whole.made[kind]
            if not wanted:
                continue
            if kind not in self._tasks:  # begun where it goes on, so that only what is made now counts as speed
                self._tasks[kind] = self._progress.add_task(kind, total=wanted, completed=made, speed="")
            speed = (
                f"{generation.run.made[kind] / elapsed:.2f} episodes/s, {100 * generation.run.success(kind):.0f} % of "
                f"seeds, {generation.run.seconds / elapsed:.1f} × real time"
                if generation.run.tried[kind]
                else ""
            )
            self._progress.update(self._tasks[kind], completed=min(made, wanted), speed=speed)
        if generation.merging is not None:
            if "merging" not in self._tasks:
                self._tasks["merging"] = self._progress.add_task("merging", total=1.0, speed="")
            self._progress.update(self._tasks["merging"], completed=generation.merging)


def summary(generation: Generation, place: WorkPlace) -> dict[str, float]:
    """Return the figures of a generation, name → number."""
    elapsed = time.monotonic() - generation.began
    values: dict[str, float] = {}
    for kind in KINDS:
        values[f"{kind}_episodes"] = generation.whole.made[kind]
        values[f"{kind}_success_rate"] = generation.whole.success(kind)
        values |= {f"{kind}_rejected_{reason}": count for reason, count in generation.whole.reasons(kind)}
        values[f"{kind}_frames"] = generation.whole.frames[kind]
        values[f"{kind}_bytes"] = _size(place.dataset(kind)) + _size(place.parts(kind))
    return values | {
        "sim_speed": generation.whole.speed,
        "corrupt": len(generation.corrupt),
        "corrupt_rate": generation.corrupt_rate,
        "unreadable_parts": len(generation.unreadable),
        "worker_deaths": generation.deaths,
        "run_s": elapsed,
        "run_episodes_per_s": generation.run.made.total() / max(1e-3, elapsed),
        "run_times_real_time": generation.run.seconds / max(1e-3, elapsed),
    }


def print_report(generation: Generation, place: WorkPlace, console: Console) -> None:
    """Print what there is, what was rejected and how fast it went."""
    values = summary(generation, place)
    kinds = [kind for kind in KINDS if generation.wanted[kind]]
    rows: list[tuple[str, ...]] = []

    def row(name: str, cell: Callable[[str], str]) -> None:
        rows.append((name, *(cell(kind) for kind in kinds)))

    row("episodes", lambda kind: f"{values[f'{kind}_episodes']} of {generation.wanted[kind]}")
    row("seeds that gave one", lambda kind: f"{100 * values[f'{kind}_success_rate']:.1f} %")
    row("frames", lambda kind: f"{values[f'{kind}_frames']}")
    row("size", lambda kind: f"{values[f'{kind}_bytes'] / 1e6:.1f} MB")
    console.print(f"{place.root}:", soft_wrap=True, markup=False, highlight=False)
    print_table(console, ("figure", *kinds), rows)
    rejected = [(kind, *reason) for kind in KINDS for reason in generation.whole.reasons(kind)]
    if rejected:
        reasons = [(reason, str(count), kind) for kind, reason, count in rejected[:REASONS_SHOWN]]
        print_table(console, ("rejected", "seeds", "of"), reasons)
    lines = [
        f"{values['sim_speed']:.1f} s simulated a second of a core; this run {values['run_episodes_per_s']:.2f} "
        f"episodes/s, {values['run_times_real_time']:.1f} × real time"
    ]
    if generation.deaths:
        lines.append(f"{generation.deaths} workers died; what they had not committed was made again")
    if generation.corrupt or generation.unreadable:
        lines.append(
            f"{len(generation.corrupt)} corrupt episodes ({100 * generation.corrupt_rate:.1f} %) and "
            f"{len(generation.unreadable)} unreadable parts were left out; their seeds were made again"
        )
    if generation.interrupted:
        lines.append("interrupted: what is committed is kept, the same command goes on")
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
