# SPDX-License-Identifier: Apache-2.0
"""An analog trigger to what an end effector is told, without dropping what is held when the clutch is engaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from vla_ros.robots.groups import SUCTION, EndEffectorGroup

TAKE_OVER = 0.1  # share of the trigger's way after which it means what it says
SUCTION_ON, SUCTION_OFF = 0.6, 0.4  # of the trigger's way: what is held is not dropped by a finger that trembles


class Trigger(Protocol):
    """Tell one end effector by a trigger of 0 to 1."""

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the channels it tells."""
        ...

    def engage(self, value: float, commanded: Mapping[str, float]) -> None:
        """Note where the trigger is, and what is commanded by channel."""
        ...

    def values(self, value: float) -> list[float]:
        """Return what each of `channels` is told for the trigger at `value`."""
        ...


class GripperTrigger:
    """Open at 0, closed at 1. After engaging it opens nothing until it is moved, or agrees with the gripper once."""

    def __init__(self, name: str, width_max: float) -> None:
        """`width_max` [m] is the opening at 0."""
        self.channels = (f"{name}/width",)
        self._width_max = width_max
        self._kept = 0.0  # [m]
        self._latched: float | None = None  # the trigger's value at engaging, while that still holds

    def engage(self, value: float, commanded: Mapping[str, float]) -> None:
        """Note where the trigger is, and the width [m] that is commanded."""
        self._latched, self._kept = value, commanded.get(self.channels[0], 0.0)

    def values(self, value: float) -> list[float]:
        """Return the width [m] for the trigger at `value`."""
        wanted = (1.0 - value) * self._width_max
        if self._latched is not None:
            moved = abs(value - self._latched) > TAKE_OVER
            agrees = wanted - self._kept < TAKE_OVER * self._width_max  # closing further drops nothing
            if not (moved or agrees):
                return [self._kept]
            self._latched = None
        return [wanted]


class SuctionTrigger:
    """All cups suck while the trigger is pulled. After engaging nothing changes until it is moved."""

    def __init__(self, cups: tuple[str, ...]) -> None:
        self.channels = tuple(f"{cup}/suction" for cup in cups)
        self._kept = [0.0] * len(cups)
        self._latched: float | None = None  # the trigger's value at engaging, while that still holds
        self._on = False

    def engage(self, value: float, commanded: Mapping[str, float]) -> None:
        """Note where the trigger is, and which cups are commanded to suck."""
        self._kept = [commanded.get(channel, 0.0) for channel in self.channels]
        self._latched, self._on = value, any(self._kept)

    def values(self, value: float) -> list[float]:
        """Return 1 for each cup that is to suck, 0 for one that is not."""
        if self._latched is not None and abs(value - self._latched) <= TAKE_OVER:
            return self._kept
        self._latched = None
        self._on = value > (SUCTION_OFF if self._on else SUCTION_ON)
        return [float(self._on)] * len(self.channels)


def make_trigger(tool: EndEffectorGroup) -> Trigger:
    """Return the trigger of an end effector."""
    return SuctionTrigger(tool.cups) if tool.kind == SUCTION else GripperTrigger(tool.name, tool.width_max)
