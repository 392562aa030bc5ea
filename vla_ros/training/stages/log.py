# SPDX-License-Identifier: Apache-2.0
"""What a training has measured, kept: log.csv, curves.png, and TensorBoard's events where it is installed."""

from __future__ import annotations

import contextlib
import csv
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from controllers.errors import ConfigError
from vla_ros.training.stages.events import LOSSES, PREPARING, VALIDATION, TrainingEvent

DRAW_EVERY_S = 30.0  # a training of small steps validates more often than anybody looks, and drawing takes a second
HEADER = ("time", "stage", "kind", "step", "name", "value")
Curves = dict[tuple[str, str, str], dict[int, float]]  # stage, kind, name → step → value


class TrainingLog:
    """Keep events in a folder; a context manager."""

    def __init__(self, folder: Path, writes: bool = True) -> None:
        self._folder, self._csv, self._writes = folder, folder / "log.csv", writes
        self._events: Any = None
        self._drawn_at, self._undrawn = time.monotonic(), False

    def __enter__(self) -> TrainingLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._undrawn:
                with self._told_of_a_full_disk():
                    self._draw()
        finally:
            if self._events is not None:
                self._events.close()

    def keep(self, event: TrainingEvent) -> None:
        """Append what was measured; the curves are drawn anew now and then, and at the end.

        Raises ConfigError when the disk is full.
        """
        if event.kind == PREPARING or not self._writes:
            return
        with self._told_of_a_full_disk():
            self._append(event)
            self._events = self._events or _event_writer(self._folder / "tensorboard")
            for name, value in event.figures.items():
                if self._events is not None:
                    self._events.add_scalar(f"{event.stage}/{event.kind}/{name}", value, event.done)
            self._undrawn |= event.kind == VALIDATION
            if self._undrawn and time.monotonic() - self._drawn_at > DRAW_EVERY_S:
                self._draw()

    def _draw(self) -> None:
        draw_curves(read_log(self._csv), self._folder / "curves.png")
        self._drawn_at, self._undrawn = time.monotonic(), False

    @contextlib.contextmanager
    def _told_of_a_full_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            remedy = "make room, then train again"
            raise ConfigError(f"{self._folder}: cannot be written ({error.strerror}): {remedy}") from None

    def _append(self, event: TrainingEvent) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        begins = not self._csv.exists()
        with self._csv.open("a", newline="") as file:
            writer = csv.writer(file)
            if begins:
                writer.writerow(HEADER)
            for name, value in event.figures.items():
                writer.writerow([f"{time.time():.0f}", event.stage, event.kind, event.done, name, f"{value:.6g}"])


def read_log(path: Path) -> Curves:
    """Return what log.csv holds; a step that was made again after an interruption counts as it was the last time."""
    curves: Curves = defaultdict(dict)
    with path.open(newline="") as file:
        for row in csv.reader(file):
            if len(row) == len(HEADER) and row[3].isdecimal():  # neither the header nor a torn last line
                curves[row[1], row[2], row[4]][int(row[3])] = float(row[5])
    return {key: dict(sorted(values.items())) for key, values in curves.items()}


def draw_curves(curves: Curves, path: Path) -> None:
    """Draw losses at the left, validation figures at the right, a row a stage."""
    from matplotlib.figure import Figure

    stages = list(dict.fromkeys(stage for stage, _, _ in curves))
    figure = Figure(figsize=(11, 2.6 * len(stages)), layout="constrained")
    axes = figure.subplots(len(stages), 2, squeeze=False)
    for row, stage in zip(axes, stages, strict=True):
        for axis, kind in zip(row, (LOSSES, VALIDATION), strict=True):
            for (of, sort, name), values in curves.items():
                if (of, sort) == (stage, kind):
                    # Figures are of several units, so each is drawn as a share of its largest, which the legend says.
                    largest = max(map(abs, values.values()))
                    scale, label = (largest or 1.0, f"{name} ({largest:.3g})") if kind == VALIDATION else (1.0, name)
                    axis.plot(list(values), [v / scale for v in values.values()], ".-", ms=3, lw=1, label=label)
            if axis.lines:
                axis.legend(fontsize=7)
            what = "losses" if kind == LOSSES else "validation, as shares of the largest (in brackets)"
            axis.set_title(f"{stage}: {what}", fontsize=9)
            axis.grid(alpha=0.3)
        row[0].set_yscale("log")
        row[0].yaxis.set_minor_formatter("{x:.2g}")
        row[0].tick_params(axis="y", which="both", labelsize=7)
    part = path.with_name(f".{path.name}")
    figure.savefig(part, format="png", dpi=90)
    os.replace(part, path)


def _event_writer(folder: Path) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder))
