# SPDX-License-Identifier: Apache-2.0
"""An analog trigger to a gripper's width, without dropping what is held when the clutch is engaged."""

from __future__ import annotations

TAKE_OVER = 0.1  # share of the trigger's way after which it means what it says


class GripperTrigger:
    """Open at 0, closed at 1. After engaging it opens nothing until it is moved, or agrees with the gripper once."""

    def __init__(self, width_max: float) -> None:
        """`width_max` [m] is the opening at 0."""
        self._width_max = width_max
        self._kept = 0.0  # [m]
        self._latched: float | None = None  # the trigger's value at engaging, while that still holds

    def engage(self, value: float, width: float) -> None:
        """Note where the trigger is, and the width [m] that is commanded."""
        self._latched, self._kept = value, width

    def width(self, value: float) -> float:
        """Return the width [m] for the trigger at `value`."""
        wanted = (1.0 - value) * self._width_max
        if self._latched is not None:
            moved = abs(value - self._latched) > TAKE_OVER
            agrees = wanted - self._kept < TAKE_OVER * self._width_max  # closing further drops nothing
            if not (moved or agrees):
                return self._kept
            self._latched = None
        return wanted
