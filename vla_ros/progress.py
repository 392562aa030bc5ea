# SPDX-License-Identifier: Apache-2.0
"""How far long work is: bars with the time left on a terminal, a plain line every ten seconds in a file or a pipe."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn

PLAIN_EVERY_S = 10.0
_SPEED_OF_S = 300.0  # that a time left goes by: rich's 30 s hold one piece of slow work or none


class WorkProgress(Progress):
    """rich's Progress, which says nothing where there is no terminal; this one says how far it is there too."""

    def __init__(self, *columns: ProgressColumn | str, console: Console, **options: Any) -> None:
        options = {"speed_estimate_period": _SPEED_OF_S, **options}
        super().__init__(*columns, console=console, disable=not console.is_terminal, **options)
        self._ended = threading.Event()
        self._speaker: threading.Thread | None = None

    def start(self) -> None:
        """Begin to show it."""
        super().start()
        if self.disable and self._speaker is None:
            self._ended.clear()
            self._speaker = threading.Thread(target=self._speak, args=(time.monotonic(),), daemon=True)
            self._speaker.start()

    def stop(self) -> None:
        """Show no more of it."""
        super().stop()
        if self._speaker is not None:
            self._ended.set()
            self._speaker.join()
            self._speaker = None

    def _speak(self, began: float) -> None:
        while not self._ended.wait(PLAIN_EVERY_S):
            going = [task for task in self.tasks if not task.finished]
            lines = [plain_line(task) for task in going] or ([] if self.tasks else ["beginning"])
            for line in lines:
                text = f"{line} ({_span(time.monotonic() - began)} so far)"
                self.console.print(text, soft_wrap=True, highlight=False, markup=False)


def plain_line(task: Task) -> str:
    """Return how far a task is as one line without colours: its name, how much of it, what is said of it, time left."""
    parts = []
    if task.total and task.total > 1:
        parts.append(f"{task.completed:.0f} of {task.total:.0f}")
    if task.percentage or not parts:
        parts.append(f"{task.percentage:.0f} %")
    parts += [value for value in task.fields.values() if isinstance(value, str) and value]
    if task.time_remaining:
        parts.append(f"about {_span(task.time_remaining)} left")
    return f"{task.description}: {', '.join(parts)}"


@contextlib.contextmanager
def shown(what: str, console: Console | None = None) -> Iterator[Callable[[float], None]]:
    """Yield what is to be told the share that is done, 0 to 1; it is shown beside the output, on stderr."""
    with shown_in_files(what, console) as tell:
        yield lambda share: tell("", share, 1)


@contextlib.contextmanager
def shown_in_files(what: str, console: Console | None = None) -> Iterator[Callable[[str, float, int], None]]:
    """Yield what is to be told the file under way, "" for none, and how far of how much of it all is done."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with WorkProgress(*columns, console=console or Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=1.0)

        def report(name: str, position: float, size: int) -> None:
            progress.update(task, description=f"{what} {name}".rstrip(), completed=position / max(size, 1))

        yield report


def _span(seconds: float) -> str:
    """Return a time span as 12 s, 3:04 min or 1:02 h."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes}:{rest:02d} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02d} h"
