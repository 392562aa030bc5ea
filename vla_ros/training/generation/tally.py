# SPDX-License-Identifier: Apache-2.0
"""What seeds came to, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from vla_ros.training.generation.ledger import SeedRecord


class Tally:
    """Count records: of a whole folder, or of what was done since a moment."""

    def __init__(self, records: Iterable[SeedRecord] = ()) -> None:
        self.made: Counter[str] = Counter()  # by kind
        self.tried: Counter[str] = Counter()
        self.rejected: dict[str, Counter[str]] = {}  # by kind, then reason
        self.frames: Counter[str] = Counter()
        self.seconds = 0.0  # [s] simulated, of all kinds
        self._timed_seconds = self._wall_s = 0.0
        for record in records:
            self.add(record)

    def add(self, record: SeedRecord) -> None:
        """Count one more."""
        self._count(record, 1)

    def remove(self, record: SeedRecord) -> None:
        """Take one back: what it gave was lost before it was committed."""
        self._count(record, -1)

    @property
    def speed(self) -> float:
        """Return the seconds simulated a second of one core, what was rejected included; 0 before anything is known."""
        return self._timed_seconds / self._wall_s if self._wall_s > 0.0 else 0.0

    def success(self, kind: str) -> float:
        """Return the share of the seeds tried that gave an episode."""
        return self.made[kind] / max(1, self.tried[kind])

    def reasons(self, kind: str) -> list[tuple[str, int]]:
        """Return the reasons without their details, the most frequent first."""
        return [(reason, count) for reason, count in self.rejected.get(kind, Counter()).most_common() if count]

    def _count(self, record: SeedRecord, one: int) -> None:
        self.tried[record.kind] += one
        if record.made:
            self.made[record.kind] += one
            self.frames[record.kind] += one * record.frames
            self.seconds += one * record.seconds
        else:
            self.rejected.setdefault(record.kind, Counter())[_cause(record.reason)] += one
        if record.wall_s > 0.0:
            self._timed_seconds += one * record.seconds
            self._wall_s += one * record.wall_s


def _cause(reason: str) -> str:
    """Return a reason without what differs from seed to seed: numbers, and whatever follows a colon."""
    return re.sub(r"\d+(\.\d+)?", "N", reason.partition(":")[0].strip())
