# SPDX-License-Identifier: Apache-2.0
"""Which prompt a task has next, from what a collection holds so far. Without memory of its own: that is the journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vla_ros.seed_range import SEED_MAX
from vla_ros.teleop.scheduling.evenness import is_even, next_cell
from vla_ros.teleop.scheduling.prompt import Prompt, make_prompt
from vla_ros.teleop.scheduling.task import Cell, CollectTask


class Schedule:
    """A task, queried for its next cell."""

    def __init__(self, task: CollectTask) -> None:
        self.task = task
        self._cells = task.cells
        self._known = frozenset(self._cells)

    def next(self, done: Mapping[Cell, int], skipped: Mapping[Cell, int]) -> Cell | None:
        """Return the cell to do next; None when everything is done."""
        return next_cell(self._cells, done, self.task.each, skipped, self.task.seed)

    def still_fits(self, cell: Cell, done: Mapping[Cell, int], skipped: Mapping[Cell, int]) -> bool:
        """Say whether a cell that was requested may still be requested."""
        return is_even(cell, self._cells, done, self.task.each, skipped)

    def knows(self, cell: Cell) -> bool:
        """Say whether a cell belongs to the task, which may have been changed since it was requested."""
        return cell in self._known

    def seed(self, number: int) -> int:
        """Return the seed of the scene that is requested as the `number`-th."""
        return (self.task.seed + number) % (SEED_MAX + 1)

    def prompt(self, cell: Cell, seed: int) -> Prompt:
        """Return a cell in words."""
        return make_prompt(self.task, cell, seed)

    def counts(self, done: Mapping[Cell, int]) -> dict[str, Any]:
        """Return how far it is, as the operator's page shows it."""
        each = self.task.each
        return {
            "counts": [{"cell": cell.text, "done": done.get(cell, 0), "wanted": each} for cell in self._cells],
            "done": sum(min(done.get(cell, 0), each) for cell in self._cells),
            "wanted": each * len(self._cells),
        }
