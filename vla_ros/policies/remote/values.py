# SPDX-License-Identifier: Apache-2.0
"""Reading a message that somebody else made, value by value: what is missing or odd is named by its path."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from vla_ros.policies.remote.message_pack import MessageError

Read = TypeVar("Read")
TEXT_MAX = 10_000  # [characters]


class Values:
    """A mapping of a message, and where in it that lies."""

    def __init__(self, values: Any, path: str = "") -> None:
        """Raises MessageError for what is no mapping."""
        if not isinstance(values, Mapping):
            raise MessageError(f"{path or 'message'} is a {type(values).__name__}: give a mapping")
        self._values, self._path = values, path

    def has(self, key: str) -> bool:
        """Say whether a key is there, with a value."""
        return self._values.get(key) is not None

    def number(self, key: str) -> float:
        """Return a finite number."""
        value = self._get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self._odd(key, "a finite number")
        return float(value)

    def whole(self, key: str) -> int:
        """Return a whole number that is not negative."""
        value = self._get(key)
        if type(value) is not int or not 0 <= value < 2**63:
            raise self._odd(key, "a whole number from 0 up")
        return value

    def truth(self, key: str) -> bool:
        """Return true or false."""
        value = self._get(key)
        if type(value) is not bool:
            raise self._odd(key, "true or false")
        return value

    def text(self, key: str) -> str:
        """Return a text."""
        value = self._get(key)
        if not isinstance(value, str) or len(value) > TEXT_MAX:
            raise self._odd(key, f"text of at most {TEXT_MAX} characters")
        return value

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of texts of one line each."""
        value = self._get(key)
        if not isinstance(value, list) or not all(isinstance(name, str) and name.isprintable() for name in value):
            raise self._odd(key, "a list of names")
        return tuple(value)

    def array(self, key: str, *shape: int | None, dtype: type = np.floating) -> np.ndarray:
        """Return an array of finite numbers; None in `shape` stands for any size but 0."""
        value = self._get(key)
        fits = (
            isinstance(value, np.ndarray)
            and np.issubdtype(value.dtype, dtype)
            and len(value.shape) == len(shape)
            and all(has == wanted if wanted is not None else has > 0 for has, wanted in zip(value.shape, shape))  # noqa: B905
        )
        if not fits:
            sizes = ", ".join("any" if size is None else str(size) for size in shape)
            kind = "float" if dtype is np.floating else dtype.__name__
            raise self._odd(key, f"an array ({sizes}) of {kind}")
        if dtype is np.floating and not np.isfinite(value).all():
            raise self._odd(key, "finite numbers alone")
        return value

    def stacked(self, key: str, size: int, most: int = 1000) -> np.ndarray:
        """Return a list of arrays of `size` finite numbers each as one array (N, size)."""
        values = self._get(key)
        if not isinstance(values, list) or not 0 < len(values) <= most:
            raise self._odd(key, f"a list of 1 to {most} arrays")
        rows = [Values({f"{i}": np.asarray(value)}, self._at(key)).array(f"{i}", size) for i, value in enumerate(values)
                if isinstance(value, np.ndarray)]  # fmt: skip
        if len(rows) != len(values):
            raise self._odd(key, "a list of arrays alone")
        return np.stack(rows)

    def mapping(self, key: str, read: Callable[[Values], Read], most: int = 64) -> dict[str, Read]:
        """Return a mapping whose values are read by `read`; empty where the key is missing."""
        if not self.has(key):
            return {}
        values = self._get(key)
        if not isinstance(values, Mapping) or len(values) > most:
            raise self._odd(key, f"a mapping of at most {most} names")
        return {name: read(Values(value, f"{self._at(key)}.{name}")) for name, value in values.items()}

    def each(self, key: str, read: Callable[[Values], Read], most: int) -> tuple[Read, ...]:
        """Return a list whose values are read by `read`; empty where the key is missing."""
        if not self.has(key):
            return ()
        values = self._get(key)
        if not isinstance(values, list) or len(values) > most:
            raise self._odd(key, f"a list of at most {most}")
        return tuple(read(Values(value, f"{self._at(key)}[{i}]")) for i, value in enumerate(values))

    def inner(self, key: str) -> Values:
        """Return the mapping under a key."""
        return Values(self._get(key), self._at(key))

    @property
    def keys(self) -> tuple[str, ...]:
        """Name what is there."""
        return tuple(self._values)

    def _get(self, key: str) -> Any:
        if not self.has(key):
            has = ", ".join(str(name)[:40] for name in list(self._values)[:20]) or "nothing"
            raise MessageError(f"{self._at(key)} is missing: there is {has}")
        return self._values[key]

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _odd(self, key: str, wanted: str) -> MessageError:
        value = self._values[key]
        if isinstance(value, np.ndarray):
            found = f"an array {value.shape} of {value.dtype}"
        else:
            found = repr(value)[:60] if isinstance(value, bool | int | float | str) else f"a {type(value).__name__}"
        return MessageError(f"{self._at(key)} is {found}: give {wanted}")
