# SPDX-License-Identifier: Apache-2.0
"""Which topics are meant, by names in which * and ? stand for anything."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence


class TopicChoice:
    """Names of what is wanted (none: everything) and of what is not. One without a leading / fits in any namespace."""

    def __init__(self, wanted: Sequence[str] = (), excluded: Sequence[str] = ()) -> None:
        self._wanted, self._excluded = _absolute(wanted), _absolute(excluded)

    def __call__(self, name: str) -> bool:
        """Say whether the topic of a full name is meant."""
        wanted = not self._wanted or any(fnmatch.fnmatchcase(name, pattern) for pattern in self._wanted)
        return wanted and not any(fnmatch.fnmatchcase(name, pattern) for pattern in self._excluded)


def is_hidden(name: str) -> bool:
    """Say whether ROS keeps a topic out of its lists: a part of its name begins with _."""
    return any(part.startswith("_") for part in name.split("/"))


def _absolute(patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(pattern if pattern.startswith("/") else f"*/{pattern}" for pattern in patterns if pattern)
