# SPDX-License-Identifier: Apache-2.0
"""Launch arguments: `name:=value` words to checked, typed values."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass

from controllers.errors import ConfigError, unknown_name

Value = bool | int | float | str
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True)
class LaunchArgument:
    """One `name:=value` of a job; the type is that of `default`.

    `minimum` and `maximum` bound numbers, both included, in the unit the description gives.
    """

    name: str
    default: Value
    description: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    refuse: Callable[[str], None] | None = None  # raises ConfigError for a text that cannot be

    def __post_init__(self) -> None:
        if not self.description:
            raise ConfigError(f"launch argument '{self.name}' has no description")
        self.check(self.default)

    def parse(self, text: str) -> Value:
        """Convert a word of the command line. Raises ConfigError that names what is allowed."""
        kind = type(self.default)
        if kind is str:
            value: Value = in_home(text)
        elif kind is bool:
            if text.lower() not in _BOOLEANS:
                raise ConfigError(f"{self.name}:={text}: not a switch; use true or false")
            value = _BOOLEANS[text.lower()]
        else:
            try:
                value = int(text) if kind is int else float(text)
            except ValueError:
                raise ConfigError(f"{self.name}:={text}: not {self._kind_in_words()}; {self.allowed()}") from None
        self.check(value)
        return value

    def check(self, value: Value) -> None:
        """Raise ConfigError when a value of the right type is not allowed."""
        if isinstance(value, str):
            if "\0" in value:
                raise ConfigError(f"{self.name}: must not contain a NUL character")
            if self.choices and value not in self.choices:
                raise ConfigError(unknown_name(self.name, value, self.choices))
            if self.refuse is not None:
                self.refuse(value)
        elif not isinstance(value, bool):
            too_low = self.minimum is not None and value < self.minimum
            too_high = self.maximum is not None and value > self.maximum
            if too_low or too_high or not math.isfinite(value):
                raise ConfigError(f"{self.name}:={value}: out of range; {self.allowed()}")

    def allowed(self) -> str:
        """Say in words what values are allowed."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if isinstance(self.default, bool):
            return "true or false"
        if isinstance(self.default, str):
            return "text"
        if self.minimum is not None and self.maximum is not None:
            return f"{self._kind_in_words()} from {self.minimum:.10g} to {self.maximum:.10g}"
        if self.minimum is not None:
            return f"{self._kind_in_words()} from {self.minimum:.10g} up"
        return self._kind_in_words()

    def _kind_in_words(self) -> str:
        return "a whole number" if isinstance(self.default, int) else "a number"


def in_home(text: str) -> str:
    """Return a text, or the path that one with ~/ means: behind `:=` no shell puts the home in its place."""
    return os.path.expanduser(text) if text.startswith("~/") else text


def secret_on_the_command_line(name: str, known: Container[str]) -> str:
    """Return why a secret is not taken as `name:=value`; "" for what is none: a secret NAME is read from NAME_file."""
    if name in known or f"{name}_file" not in known:
        return ""
    return (
        f"{name}:=…: every user of this machine can read a command line: write it into a file that only you may read "
        f"(chmod 600), and give {name}_file:=FILE"
    )


def parse_assignments(words: Sequence[str], declared: Iterable[LaunchArgument]) -> dict[str, Value]:
    """Turn `name:=value` words into a value for every declared argument; the defaults fill the rest.

    Raises ConfigError for a word of another shape, an unknown or repeated name, or a value that is not allowed.
    """
    arguments = {argument.name: argument for argument in declared}
    values: dict[str, Value] = {}
    for word in words:
        name, separator, text = word.partition(":=")
        if not separator:
            hint = f"; did you mean {word.replace('=', ':=', 1).lstrip('-')}?" if "=" in word else ""
            raise ConfigError(f"'{word}' is not a launch argument: write name:=value{hint}")
        if name not in arguments:
            raise ConfigError(
                secret_on_the_command_line(name, arguments) or unknown_name("launch argument", name, arguments)
            )
        if name in values:
            raise ConfigError(f"launch argument '{name}' is given twice")
        values[name] = arguments[name].parse(text)
    return {name: values.get(name, argument.default) for name, argument in arguments.items()}
