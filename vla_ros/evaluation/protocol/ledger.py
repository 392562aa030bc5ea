# SPDX-License-Identifier: Apache-2.0
"""Who has looked at the test seeds: a line when a test begins, before its first episode, and one when it is done.

Each line is written to two files: `tests.jsonl` beside the weights, which goes where they are copied, published or
cloned, and one of this user, which outlives folders and knows of weights that are gone. Both are read and count as one.
A test that was interrupted counts: its results could be seen.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, parse_json

NAME = "tests.jsonl"
BEGUN, FINISHED = "begun", "finished"


@dataclass(frozen=True)
class Entry:
    """A line."""

    run: str  # of one test, interruptions included
    event: str  # begun | finished
    date: str  # UTC, ISO 8601
    weights: str  # digest
    policy: str
    rows: str  # digest of the rows, scenes and seeds
    code: str  # digest
    version: str
    seeds: tuple[int, int]  # first, and the one after the last
    success: dict[str, float] = field(default_factory=dict)  # of a finished test, by row

    def __post_init__(self) -> None:
        texts = (self.run, self.event, self.date, self.weights, self.policy, self.rows, self.code, self.version)
        if not all(isinstance(text, str) for text in texts) or self.event not in (BEGUN, FINISHED):
            raise ValueError("not a test's line")
        first, stop = self.seeds
        object.__setattr__(self, "seeds", (int(first), int(stop)))


@dataclass(frozen=True)
class Looks:
    """What ledgers know when a test begins."""

    before: tuple[Entry, ...] = ()  # beginnings of tests of the same weights, oldest first
    others: int = 0  # other weights that were tested on some of the same seeds
    unreadable: int = 0  # lines that nobody can read; each may have been a look

    @property
    def number(self) -> int:
        """Return which look at these weights this one is."""
        return 1 + len(self.before)

    def words(self) -> str:
        """Say it, so that nobody takes a second look for the first."""
        if self.before:
            dates = ", ".join(entry.date[:10] for entry in self.before)
            said = f"THESE WEIGHTS WERE TESTED BEFORE on {dates}: this is look {self.number}"
        else:
            said = "first look at these weights"
        said += f"; other weights tested on these scenes before: {self.others or 'none'}"
        return said + (f"; {self.unreadable} lines of the ledger cannot be read" if self.unreadable else "")


class Ledger:
    """The files of one test."""

    def __init__(self, folder: Path | None) -> None:
        """Take the folder of the weights; None where there is none. Raises ConfigError when nothing can be written."""
        self.files = [*([] if folder is None else [folder / NAME]), user_ledger()]
        self.writable = [file for file in self.files if _may_write(file)]
        if not self.writable:
            raise ConfigError(
                f"--test: its ledger cannot be written ({', '.join(map(str, self.files))}): set XDG_STATE_HOME"
            )

    def looks(self, weights: str, seeds: range, but: str = "") -> Looks:
        """Return who tested these weights, or others on these seeds; `but` for the run that asks."""
        entries, unreadable = self._read()
        same = [entry for entry in entries if entry.run != but and _overlap(entry.seeds, seeds)]
        before = {entry.run: entry for entry in sorted(same, key=lambda entry: entry.date, reverse=True)}
        mine = [entry for entry in before.values() if entry.weights == weights]
        others = {entry.weights for entry in same} - {weights}
        return Looks(tuple(sorted(mine, key=lambda entry: entry.date)), len(others), unreadable)

    def append(self, entry: Entry) -> None:
        """Write a line to every file that can be written, at once and onto the disk."""
        line = (json.dumps(asdict(entry)) + "\n").encode()
        for file in self.writable:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
                there = file.read_bytes() if file.exists() else b""
                torn = b"\n" if there and not there.endswith(b"\n") else b""
                with file.open("ab") as stream:
                    stream.write(torn + line)
                    stream.flush()
                    os.fsync(stream.fileno())
            except OSError as error:
                raise ConfigError(
                    f"{file}: cannot be written ({error.strerror}): a test must leave its line"
                ) from error

    def _read(self) -> tuple[list[Entry], int]:
        entries: dict[tuple[str, str], Entry] = {}
        unreadable: set[str] = set()  # the same line of both files is one
        for file in self.files:
            for line in _lines(file):
                try:
                    entry = Entry(**parse_json(line, "line"))
                except (DocumentError, TypeError, ValueError):
                    unreadable.add(line)
                else:
                    entries[entry.run, entry.event] = entry
        return list(entries.values()), len(unreadable)


def user_ledger() -> Path:
    """Return this user's file."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "vla_ros" / NAME


def _lines(file: Path) -> Iterable[str]:
    try:
        return [line for line in file.read_bytes().decode(errors="replace").split("\n") if line.strip()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"{file}: the ledger of tests cannot be read ({error.strerror}): make it readable") from error


def _may_write(file: Path) -> bool:
    if file.exists():
        return file.is_file() and os.access(file, os.W_OK)
    there = next(parent for parent in file.absolute().parents if parent.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)


def _overlap(one: tuple[int, int], other: range) -> bool:
    return one[0] < other.stop and other.start < one[1]
