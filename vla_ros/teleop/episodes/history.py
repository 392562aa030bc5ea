# SPDX-License-Identifier: Apache-2.0
"""What the events of a journal come to: episodes, counts, the present prompt, what can be undone."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vla_ros.teleop.episodes.journal import Event
from vla_ros.teleop.scheduling.task import FACTORS, Cell

DELETE, SKIP, AGAIN = "delete", "skip", "again"
OPERATIONS = (DELETE, SKIP, AGAIN)  # what can be undone


@dataclass(frozen=True)
class PromptedScene:
    """A cell, and the number of the simulated scene for it."""

    cell: Cell
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as an event says it."""
        return {"cell": self.cell.as_dict(), "seed": self.seed}


@dataclass(frozen=True)
class EpisodeRecord:
    """One episode, as far as the journal knows it."""

    name: str
    asked: PromptedScene | None = None  # None: nobody planned it
    instruction: str = ""
    operator: str = ""
    begun: float = 0.0  # [s] since the epoch
    ended: float | None = None
    success: bool | None = None  # None: nobody said
    note: str = ""
    trouble: str = ""  # why it cannot count: it was cut short, or never recorded
    lost: bool = False  # there is no bag of it
    deleted: bool = False

    @property
    def counts(self) -> bool:
        """Say whether it is one of those that the task asks for."""
        return self.success is True and not (self.trouble or self.lost or self.deleted)


class History:
    """Events in, state out; nothing else changes it."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.episodes: dict[str, EpisodeRecord] = {}
        self.prompt: PromptedScene | None = None
        self.before: PromptedScene | None = None  # the prompt before this one
        self.pinned = False  # the operator requested this prompt himself: it stays, however even it is
        self.seeds = 0  # how many scenes were requested
        self.skipped: Counter[Cell] = Counter()
        self._operations: list[Event] = []
        self._done: list[int] = []  # numbers of operations that can be undone, the last one last
        self._undone: list[int] = []  # and of those that can be done again
        for event in events:
            self.take(event)

    def take(self, event: Event) -> None:
        """Take one event into account; an unknown kind, of a later version, is left alone."""
        kind = event["event"]
        handler = getattr(self, f"_on_{kind}", None)
        if handler is not None:
            handler(event)
        if kind in OPERATIONS:
            self._operations.append(event)
            self._done.append(len(self._operations) - 1)
            self._undone.clear()
            self._carry_out(event, True)

    # -- what is known -------------------------------------------------------------------------------------------------
    @property
    def counts(self) -> Counter[Cell]:
        """Return how many accepted episodes there are of each cell."""
        return Counter(r.asked.cell for r in self.episodes.values() if r.counts and r.asked is not None)

    @property
    def present(self) -> list[EpisodeRecord]:
        """Return the episodes that have ended, are there and are not in the trash, in order."""
        found = [r for r in self.episodes.values() if r.ended is not None and not (r.deleted or r.lost)]
        return sorted(found, key=lambda record: record.name)

    @property
    def last(self) -> EpisodeRecord | None:
        """Return the newest of them."""
        return max(self.present, key=lambda record: record.begun, default=None)

    @property
    def undoable(self) -> Event | None:
        """Return the operation that would be undone."""
        return self._operations[self._done[-1]] if self._done else None

    @property
    def repeatable(self) -> Event | None:
        """Return the operation that was undone last and could be done again."""
        return self._operations[self._undone[-1]] if self._undone else None

    # -- events --------------------------------------------------------------------------------------------------------
    def _on_prompt(self, event: Event) -> None:
        self._ask(read_asked(event))
        self.pinned = False
        self.seeds = max(self.seeds, int(event.get("number", -1)) + 1)

    def _on_begin(self, event: Event) -> None:
        name = str(event["episode"])
        self.episodes[name] = EpisodeRecord(
            name, read_asked(event), event.get("instruction", ""), event.get("operator", ""), float(event["time"])
        )

    def _on_end(self, event: Event) -> None:
        self.pinned = False
        self._change(event, ended=float(event["time"]), success=event.get("success"), note=event.get("note", ""))

    def _on_trouble(self, event: Event) -> None:
        self._change(event, trouble=event["reason"], lost=bool(event.get("lost")))

    def _on_found(self, event: Event) -> None:
        """An episode that the journal did not know, or had given up."""
        name = str(event["episode"])
        known = self.episodes.get(name)
        if known is not None:
            self.episodes[name] = dataclasses.replace(known, lost=False, trouble="" if known.lost else known.trouble)
            return
        self.episodes[name] = EpisodeRecord(
            name, read_asked(event), event.get("instruction", ""), "", float(event["time"]), float(event["time"]),
            event.get("success"),
        )  # fmt: skip

    def _on_undo(self, event: Event) -> None:
        if self._done:
            number = self._done.pop()
            self._undone.append(number)
            self._carry_out(self._operations[number], False)

    def _on_repeat(self, event: Event) -> None:
        if self._undone:
            number = self._undone.pop()
            self._done.append(number)
            self._carry_out(self._operations[number], True)

    def _carry_out(self, operation: Event, forwards: bool) -> None:
        if operation["event"] == DELETE:
            self._change(operation, deleted=forwards)
            return
        asked, before = read_asked(operation), read_asked(operation.get("before", {}))
        if operation["event"] == SKIP and asked is not None:
            self.skipped[asked.cell] += 1 if forwards else -1
            if not forwards:
                self._ask(asked)
            self.pinned = not forwards
        elif operation["event"] == AGAIN:
            self._ask(asked if forwards else before)
            self.pinned = True

    def _ask(self, asked: PromptedScene | None) -> None:
        if asked != self.prompt:
            self.before, self.prompt = self.prompt, asked

    def _change(self, event: Event, **values: Any) -> None:
        record = self.episodes.get(event["episode"])
        if record is not None:
            self.episodes[record.name] = dataclasses.replace(record, **values)


def read_asked(event: Mapping[str, Any]) -> PromptedScene | None:
    """Return the cell and the scene that an event names; None where it names none."""
    cell = event.get("cell")
    if not isinstance(cell, Mapping):
        return None
    return PromptedScene(Cell(*(str(cell.get(name, "")) for name in FACTORS)), int(event.get("seed", 0)))
