# SPDX-License-Identifier: Apache-2.0
"""Errors a user can act on: one line that names the value, what is allowed and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

NAMES_MAX = 30  # valid names that are listed
GIVEN_MAX = 200  # [characters] of a wrong name that are repeated and compared: it may be a whole file


class VlaError(Exception):
    """Base of every error this project raises on purpose; the command line prints it as one line, exit code 2."""


class ConfigError(VlaError):
    """A configuration value, argument or file that cannot be used."""


class ChunkError(VlaError):
    """An action chunk that must not be executed; the message is the reason shown at the gate."""


def unknown_name(kind: str, given: str, valid: Iterable[str]) -> str:
    """Say that `given` is not a known `kind`, naming the nearest valid name and the first NAMES_MAX of them."""
    names, given = sorted(valid), given[:GIVEN_MAX]
    given = given if given.isprintable() else ascii(given)[1:-1]  # errors are one line
    shown = names if len(names) <= NAMES_MAX else [*names[:NAMES_MAX], f"and {len(names) - NAMES_MAX} more"]
    nearest = difflib.get_close_matches(given, names, n=1, cutoff=0.5)
    hint = f"did you mean '{nearest[0]}'? " if nearest else ""
    return f"unknown {kind} '{given}': {hint}valid: {', '.join(shown) or 'none'}"
