# SPDX-License-Identifier: Apache-2.0
"""Parts that are made when somebody looks at them: a catalogue names hundreds of objects, a scene shows a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from vla_ros.objects.parts import Part


class LazyParts(Sequence[Part]):
    """Parts of an object, made once. Sent to another process they are what was made."""

    def __init__(self, make: Callable[[], tuple[Part, ...]]) -> None:
        self._make = make

    @cached_property
    def _parts(self) -> tuple[Part, ...]:
        return self._make()

    def __len__(self) -> int:
        return len(self._parts)

    def __getitem__(self, index: int) -> Part:  # type: ignore[override]
        return self._parts[index]

    def __reduce__(self) -> tuple[type, tuple[tuple[Part, ...]]]:
        return tuple, (self._parts,)
