# SPDX-License-Identifier: Apache-2.0
"""Rows between the rows of a table: shapes that nobody drew, of the same kind and with the same kinds of details."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

STRAYED = 0.05  # standard deviation of the logarithm by which a number leaves the two that it lies between
BEYOND = 0.25  # share of their distance by which it may lie outside them


def like(one: Any, others: Iterable[Any]) -> list[Any]:
    """Return those rows that the same fields are left out of: a hexagon is no block with studs."""
    return [other for other in others if _left_out(other) == _left_out(one)]


def _left_out(row: Any) -> list[bool]:
    return [_nothing(value) for value in row]


def _nothing(value: Any) -> bool:
    """Say whether a field says that something is not there: a boat without a house has one of four zeros."""
    if isinstance(value, tuple):
        return all(map(_nothing, value))
    return value is None or (isinstance(value, float) and value == 0.0)


def mixed(one: Any, other: Any, rng: np.random.Generator) -> Any:
    """Return a row with the fields of two rows of a table: numbers between theirs, all else of the one or the other."""
    fields = [_between(first, second, rng) for first, second in zip(one, other, strict=True)]
    return type(one)(*fields) if hasattr(one, "_fields") else tuple(fields)


def _between(one: Any, other: Any, rng: np.random.Generator) -> Any:
    if hasattr(one, "_fields") and type(one) is type(other):
        return mixed(one, other, rng)
    share, strayed = rng.uniform(-BEYOND, 1.0 + BEYOND), float(np.exp(STRAYED * rng.normal()))
    picked = one if rng.uniform() < 0.5 else other
    if _alike(one, other):
        return _blend(one, other, share, strayed)
    return picked


def _alike(one: Any, other: Any) -> bool:
    """Say whether both are numbers, or tuples of numbers of one form."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) > 0 and all(map(_alike, one, other))
    return all(isinstance(value, float) for value in (one, other))


def _blend(one: Any, other: Any, share: float, strayed: float) -> Any:
    if isinstance(one, tuple):
        return tuple(_blend(first, second, share, strayed) for first, second in zip(one, other, strict=True))
    if one == other:  # what both have alike, such as a fruit that is cut nowhere, stays so
        return one
    low, high = sorted((one, other))
    if low > 0.0:  # what both have above nothing, such as a radius, is never nothing
        return strayed * float(np.clip(one + share * (other - one), 0.7 * low, 1.4 * high))
    return strayed * (one + min(max(share, 0.0), 1.0) * (other - one))
