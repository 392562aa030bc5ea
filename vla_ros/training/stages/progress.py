# SPDX-License-Identifier: Apache-2.0
"""Show a training to a person: a bar a stage with its time left, one for all of them, and what was measured last."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from vla_ros.progress import WorkProgress
from vla_ros.tables import print_table
from vla_ros.training.stages.events import LOSSES, PREPARING, VALIDATION, TrainingEvent, TrainingResult

# How long a sample of a stage takes compared with one of the expert's, until it is measured: for the time left.
EFFORT = {"expert": 1.0, "proposals": 35.0, "grasp": 45.0, "matching": 100.0}
SPEED_OVER_S = 300.0  # a machine that slept, or was busy with something else, is fast again
ALL = "all stages"


class TimeLeft:
    """How long the rest of a training takes: measured for stages that have run, guessed by effort for the others."""

    def __init__(self, samples: Mapping[str, tuple[int, int]]) -> None:
        """`samples` has the steps and the batch of each stage that is to be trained."""
        self._samples = dict(samples)
        self._done: dict[str, int] = {}
        self._steps: dict[str, deque[tuple[int, float]]] = {}  # steps and times [s] of the last SPEED_OVER_S
        self._step_s: dict[str, float] = {}

    def note(self, stage: str, step: int, now: float) -> None:
        """Take that a stage has come to this step at `now` [s]."""
        if stage not in self._samples:
            return
        steps = self._steps.setdefault(stage, deque())
        steps.append((step, now))
        while len(steps) > 2 and steps[1][1] < now - SPEED_OVER_S:
            steps.popleft()
        first, began = steps[0]
        self._done[stage] = step
        if step > first:
            self._step_s[stage] = (now - began) / (step - first)

    def steps(self) -> tuple[int, int]:
        """Return the steps made and all there are."""
        return sum(self._done.values()), sum(steps for steps, _ in self._samples.values())

    def seconds(self) -> float | None:
        """Return the time left [s]; None while nothing is measured."""
        measured = {name: s / self._samples[name][1] / EFFORT.get(name, 1.0) for name, s in self._step_s.items()}
        if not measured:
            return None
        unit = sum(measured.values()) / len(measured)
        left = 0.0
        for name, (steps, batch) in self._samples.items():
            a_step = self._step_s.get(name, unit * EFFORT.get(name, 1.0) * batch)
            left += a_step * max(0, steps - self._done.get(name, 0))
        return left


class _StageTimeLeft(TimeRemainingColumn):
    """The time left of a stage; the bar of all has its own, since their steps are not equally long."""

    def render(self, task: Task) -> Text:
        return Text("") if task.description == ALL else super().render(task)


class TrainingProgress:
    """Bars on a terminal; elsewhere a line a validation, and every ten seconds. A context manager."""

    def __init__(self, console: Console, samples: Mapping[str, tuple[int, int]]) -> None:
        self._console, self._left = console, TimeLeft(samples)
        self._progress = WorkProgress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            _StageTimeLeft(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            speed_estimate_period=SPEED_OVER_S,
        )
        self._all = self._progress.add_task(ALL, total=self._left.steps()[1], figures="")
        self._tasks: dict[str, TaskID] = {}
        self._said: dict[str, dict[str, str]] = {}

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def show(self, event: TrainingEvent) -> None:
        """Show how far it has come and what was measured."""
        said = self._said.setdefault(event.stage, {})
        if event.figures:
            said[event.kind] = ", ".join(f"{name} {value:.3g}" for name, value in event.figures.items())
        figures = "; ".join(said[kind] for kind in (LOSSES, VALIDATION) if kind in said)
        if event.stage not in self._tasks:  # begun where it goes on, so that only what is done now counts as speed
            self._tasks[event.stage] = self._progress.add_task(
                event.stage, total=event.total, completed=event.done, figures=figures
            )
        self._progress.update(self._tasks[event.stage], completed=event.done, total=event.total, figures=figures)
        if event.kind == PREPARING:
            return
        self._left.note(event.stage, event.done, time.monotonic())
        left = self._left.seconds()
        words = "" if left is None else f"{duration(left)} left for all stages"
        self._show_all(words)
        if event.kind == VALIDATION and not self._console.is_terminal:
            line = f"{event.stage} {event.done}/{event.total}: {said[VALIDATION]}" + (f"; {words}" if words else "")
            self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _show_all(self, words: str) -> None:
        done, total = self._left.steps()
        self._progress.update(self._all, completed=done, total=total, figures=words)


def duration(seconds: float) -> str:
    """Return a time span in hours and minutes."""
    minutes = round(seconds / 60.0)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min" if minutes else "< 1 min"


def print_result(result: TrainingResult, output: Path, console: Console) -> None:
    """Print the last validation of each stage, and what there is now."""
    if result.figures:
        rows = [(*name.split(".", 1), f"{value:.4g}") for name, value in result.figures.items()]
        print_table(console, ("stage", "figure", "value"), rows)
    if result.interrupted:
        line = "interrupted: what was learned is kept, the same command goes on"
    else:
        line = f"checkpoint: {output}"
    console.print(line, soft_wrap=True, highlight=False, markup=False)
