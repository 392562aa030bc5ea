# SPDX-License-Identifier: Apache-2.0
"""A bar over all rows of a test. It tells how far, never how good: nobody shall stop at a result."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from vla_ros.evaluation.protocol.run import Part, ReleaseTest
from vla_ros.progress import WorkProgress


class TestProgress:
    """A context manager whose `show` is what `ReleaseTest.run` reports to."""

    __test__ = False

    def __init__(self, test: ReleaseTest, console: Console) -> None:
        self._parts = test.parts
        self._scenes = test.protocol.scenes
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = WorkProgress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("test", total=self._scenes * len(self._parts))
        self._part: Part | None = None

    def __enter__(self) -> TestProgress:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def show(self, part: Part, ended: int) -> None:
        """Show the part under way and all scenes so far."""
        number = self._parts.index(part)
        what = f"part {number + 1} of {len(self._parts)}: {part.row.title}, {part.settings.episode.policy}"
        completed = number * self._scenes + ended
        if part is not self._part and ended:  # an earlier run's scenes: they took no time, and tell of no speed
            self._progress.reset(self._task, completed=completed, description=what)
        else:
            self._progress.update(self._task, completed=completed, description=what)
        self._part = part
