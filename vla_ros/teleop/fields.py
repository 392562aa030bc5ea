# SPDX-License-Identifier: Apache-2.0
"""Fields of a JSON object from outside, each taken once and checked; whatever is left over is refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from controllers.errors import VlaError, unknown_name
from vla_ros.documents import DocumentError, parse_json
from vla_ros.printable import printable

_MISSING = object()
# Controls, halves of a character, line ends, and what turns the direction of the text around it.
_UNWANTED = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class ProtocolError(VlaError):
    """A message that is not one of ours; the text is the reason its sender is told."""


def strict_json(text: str | bytes) -> Any:
    """Return what JSON says, all numbers finite. Raises ProtocolError with the reason."""
    try:
        return parse_json(text, "message", finite=True)
    except DocumentError as error:
        raise ProtocolError(str(error).removeprefix("message: ")) from None


class Fields:
    """One JSON object of a message. Every method raises ProtocolError that names the field."""

    def __init__(self, where: str, content: object) -> None:
        """Take `content`, which must be an object; `where` names it in errors."""
        if not isinstance(content, dict):
            raise ProtocolError(f"{where} must be an object, got {kind(content)}")
        self._where, self._left = where, dict(content)
        self._names = tuple(content)

    def has(self, name: str) -> bool:
        """Say whether a field is there."""
        return name in self._left

    def text(self, name: str, most: int, default: str | None = None) -> str:
        """Take a text of at most `most` characters, without control characters."""
        value = self._take(name, _MISSING if default is None else default)
        if not isinstance(value, str):
            raise self._wrong(name, "a text", value)
        if len(value) > most:
            raise ProtocolError(f"{self._where}: '{name}' has {len(value)} characters, allowed {most}")
        if any(unicodedata.category(letter) in _UNWANTED or letter in _TURNS for letter in value):
            raise ProtocolError(f"{self._where}: '{name}' holds a control character")
        return value.strip()

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """Take one of `choices`."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self._wrong(name, f"one of {', '.join(choices)}", value)
        if value not in choices:
            raise ProtocolError(f"{self._where}: {unknown_name(name, printable(value[:40]), choices)}")
        return value

    def truth(self, name: str) -> bool:
        """Take true or false."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "true or false", value)
        return value

    def whole(self, name: str, low: int, high: int) -> int:
        """Take a whole number of `low` to `high`."""
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(name, "a whole number", value)
        if not low <= value <= high:
            raise ProtocolError(f"{self._where}: '{name}' is {str(value)[:30]}, allowed {low} to {high}")
        return value

    def number(self, name: str, low: float, high: float) -> float:
        """Take a finite number of `low` to `high`."""
        return self._number(name, self._take(name), low, high)

    def numbers(self, name: str, count: int, low: float, high: float) -> tuple[float, ...]:
        """Take `count` finite numbers of `low` to `high`."""
        values = self._take(name)
        if not isinstance(values, list) or len(values) != count:
            raise self._wrong(name, f"{count} numbers", values)
        return tuple(self._number(name, value, low, high) for value in values)

    def part(self, name: str, default: Mapping[str, Any] | None = None) -> Fields:
        """Take an object in this one."""
        return Fields(f"{self._where}: '{name}'", self._take(name, _MISSING if default is None else dict(default)))

    @property
    def names(self) -> tuple[str, ...]:
        """Name the fields that were given."""
        return self._names

    def end(self, known: Sequence[str]) -> None:
        """Refuse what is left over; `known` are the names that may be there."""
        for name in self._left:
            raise ProtocolError(f"{self._where}: {unknown_name('field', printable(str(name)[:40]), known)}")

    def _take(self, name: str, default: object = _MISSING) -> Any:
        value = self._left.pop(name, default)
        if value is _MISSING:
            raise ProtocolError(f"{self._where}: '{name}' is missing")
        return value

    def _number(self, name: str, value: object, low: float, high: float) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise self._wrong(name, "a number", value)
        try:
            number = float(value)
        except OverflowError:
            number = float("inf")
        if not isfinite(number):
            raise ProtocolError(f"{self._where}: '{name}' holds a value that is not finite")
        if not low <= number <= high:
            raise ProtocolError(f"{self._where}: '{name}' is {number:g}, allowed {low:g} to {high:g}")
        return number

    def _wrong(self, name: str, wanted: str, value: object) -> ProtocolError:
        return ProtocolError(f"{self._where}: '{name}' must be {wanted}, got {kind(value)}")


def kind(value: object) -> str:
    """Say in a word or two what a JSON value is."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return {str: "a text", int: "a number", float: "a number", dict: "an object"}.get(type(value), "something else")
