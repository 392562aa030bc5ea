# SPDX-License-Identifier: Apache-2.0
"""Several things wrong at once: all are told, each in one line with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from controllers.errors import ConfigError

Result = TypeVar("Result")


class ObjectProblems(ConfigError):
    """What is wrong with an object or a folder of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(dict.fromkeys(problems))
        super().__init__("; and ".join(self.problems))


def problems_of(error: ConfigError) -> tuple[str, ...]:
    """Return the single problems an error tells of."""
    return error.problems if isinstance(error, ObjectProblems) else (str(error),)


class Findings:
    """Collect problems and warnings while reading goes on."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []

    def attempt(self, read: Callable[[], Result]) -> Result | None:
        """Return what `read` returns; None where it raises ConfigError, which is kept as a problem."""
        try:
            return read()
        except ConfigError as error:
            self.problems.extend(problems_of(error))
            return None

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def check(self) -> None:
        """Raise ObjectProblems when there is any."""
        if self.problems:
            raise ObjectProblems(self.problems)
