# SPDX-License-Identifier: Apache-2.0
"""Ways of several arms side by side: as many steps for each, and each waits where it is until the others are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vla_ros.tasks.two_hands.pair_codec import JointStep

Row = Mapping[str, JointStep]  # a step of every arm, by its name


def side_by_side(ways: Mapping[str, Sequence[JointStep]], here: Row) -> list[Row]:
    """Return rows of ways that begin together; an arm whose way is over, or that has none, stays.

    `here` is where each arm is.
    """
    count = max((len(way) for way in ways.values()), default=0)
    rows: list[Row] = []
    for index in range(count):
        row = {}
        for arm, still in here.items():
            way = ways.get(arm, ())
            row[arm] = way[min(index, len(way) - 1)] if way else still
        rows.append(row)
    return rows


def one_by_one(parts: Sequence[Mapping[str, Sequence[JointStep]]], here: Row) -> list[Row]:
    """Return rows of several parts, one after the other; within each, arms move side by side."""
    rows: list[Row] = []
    for part in parts:
        rows += side_by_side(part, rows[-1] if rows else here)
    return rows
