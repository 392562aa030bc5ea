# SPDX-License-Identifier: Apache-2.0
"""Those who do the work, here or on many machines: they take groups of seeds, and say what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vla_ros.training.generation.ledger import SeedRecord
from vla_ros.training.generation.seed_queue import Group


@dataclass(frozen=True)
class SeedEnded:
    """A seed came to an end; what it gave is not committed yet."""

    group: Group
    record: SeedRecord


@dataclass(frozen=True)
class GroupEnded:
    """A group is committed; seeds that are not among the records were not begun."""

    group: Group
    records: tuple[SeedRecord, ...]


@dataclass(frozen=True)
class GroupDied:
    """The process that had a group is no more, and nothing of the group is committed."""

    group: Group
    reason: str


Event = SeedEnded | GroupEnded | GroupDied


class WorkerPool(Protocol):
    """Workers, wherever they are."""

    @property
    def size(self) -> int:
        """Return how many groups are worked on at once."""

    @property
    def busy(self) -> int:
        """Return how many groups are being worked on."""

    def start(self, group: Group) -> None:
        """Give a group to one who is free."""

    def wait(self, timeout_s: float) -> list[Event]:
        """Return what happened, at the latest after `timeout_s`. Raises VlaError when no work can be done at all."""

    def close(self) -> None:
        """Send all away; what they have not committed is lost."""
