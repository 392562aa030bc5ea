# SPDX-License-Identifier: Apache-2.0
"""Which combination is next, so that what is there is even at every moment, whenever somebody stops."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence

from vla_ros.teleop.scheduling.task import Cell


def missing(cells: Sequence[Cell], done: Mapping[Cell, int], each: int) -> list[Cell]:
    """Return the cells of which there are not enough yet."""
    return [cell for cell in cells if done.get(cell, 0) < each]


def next_cell(
    cells: Sequence[Cell], done: Mapping[Cell, int], each: int, skipped: Mapping[Cell, int] | None = None, seed: int = 0
) -> Cell | None:
    """Return the cell to do next; None when all are done.

    The one with the fewest episodes, so that counts differ by at most one; one that was skipped waits a round for each
    time. Among equals the one whose action, object, background and position have been rarest so far: long before every
    cell has an episode, each object has been in each position. Then by a fixed shuffle, so that nobody does all of one
    kind in a row.
    """
    waits = skipped or {}
    rarity = _rarity(cells, done)

    def order(cell: Cell) -> tuple[int, float, int]:
        return done.get(cell, 0) + waits.get(cell, 0), rarity[cell], _shuffled(cell, seed)

    return min(missing(cells, done, each), key=order, default=None)


def is_even(
    cell: Cell, cells: Sequence[Cell], done: Mapping[Cell, int], each: int, skipped: Mapping[Cell, int]
) -> bool:
    """Say whether a cell is one of those that could be next without making the counts uneven."""
    open_cells = missing(cells, done, each)
    fewest = min((done.get(item, 0) + skipped.get(item, 0) for item in open_cells), default=0)
    return cell in open_cells and done.get(cell, 0) + skipped.get(cell, 0) == fewest


def _rarity(cells: Sequence[Cell], done: Mapping[Cell, int]) -> dict[Cell, float]:
    """Return how common each cell's names are so far: the episodes of each name, of as many as it will have."""
    share: Counter[tuple[int, str]] = Counter()
    total: Counter[tuple[int, str]] = Counter()
    for cell in cells:
        for name in enumerate(cell.values):
            share[name] += done.get(cell, 0)
            total[name] += 1
    return {cell: sum(share[name] / total[name] for name in enumerate(cell.values)) for cell in cells}


def _shuffled(cell: Cell, seed: int) -> int:
    return zlib.crc32(f"{seed}/{'/'.join(cell.values)}".encode())
