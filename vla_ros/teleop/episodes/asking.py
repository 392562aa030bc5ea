# SPDX-License-Identifier: Apache-2.0
"""What the operator is prompted for: the journal's last prompt, as long as it keeps the counts even, else the next."""

from __future__ import annotations

from collections.abc import Callable

from vla_ros.teleop.episodes.history import History, PromptedScene
from vla_ros.teleop.scheduling.prompt import Prompt
from vla_ros.teleop.scheduling.schedule import Schedule


class Asking:
    """Between a schedule and a history: what is asked is an event of the journal."""

    def __init__(self, schedule: Schedule | None, history: History, append: Callable[..., None]) -> None:
        """Without a schedule nothing is ever asked."""
        self._schedule, self._history, self._append = schedule, history, append

    @property
    def prompt(self) -> Prompt | None:
        """Return what is asked now, in words."""
        return self.prompt_for(self._history.prompt)

    def prompt_for(self, asked: PromptedScene | None) -> Prompt | None:
        """Return a cell and scene in words; None where the task does not have it."""
        if self._schedule is None or asked is None or not self._schedule.knows(asked.cell):
            return None
        return self._schedule.prompt(asked.cell, asked.seed)

    def plan(self, afresh: bool = False) -> None:
        """Ask for the next cell where what is asked is done, or would make the counts uneven."""
        history, schedule = self._history, self._schedule
        if schedule is None:
            return
        asked, counts = history.prompt, history.counts
        if asked is not None and not afresh and schedule.knows(asked.cell):
            fits = history.pinned or schedule.still_fits(asked.cell, counts, history.skipped)
            if fits:
                return
        cell = schedule.next(counts, history.skipped)
        if cell is not None:
            self._append("prompt", number=history.seeds, **PromptedScene(cell, schedule.seed(history.seeds)).as_dict())
        elif asked is not None:
            self._append("prompt")

    def ask_for(self, asked: PromptedScene | None, anew: bool = False) -> None:
        """Ask for a cell once more, in the same scene or in a new one."""
        if self._schedule is None or asked is None or not self._schedule.knows(asked.cell):
            return
        if anew:
            number = self._history.seeds
            self._append("prompt", number=number, **PromptedScene(asked.cell, self._schedule.seed(number)).as_dict())
        elif asked != self._history.prompt:
            self._append("prompt", **asked.as_dict())
