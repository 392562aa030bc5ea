# SPDX-License-Identifier: Apache-2.0
"""What a chunk asks beside the path: widths, depths, suction, the speed of a moving base, where elbows are to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.chunk import ActionChunk, elbow_channel

BASE_AXES = ("base/velocity.x", "base/velocity.y", "base/velocity.yaw")


@dataclass(frozen=True)
class AuxiliaryTrack:
    """Values from each of a motion's points on, until the next. Plain lists: the loop reads single numbers."""

    tools: dict[str, list[float]] = field(default_factory=dict)  # by channel
    base: list[list[float]] | None = None  # x, y [m/s], yaw [rad/s]; None: the chunk says nothing of it
    elbows: dict[str, list[float]] = field(default_factory=dict)  # [rad] by arm

    def __bool__(self) -> bool:
        return bool(self.tools) or self.base is not None or bool(self.elbows)


def auxiliary_track(
    chunk: ActionChunk, tools: Sequence[str], has_base: bool, count: int, length: int, arms: Sequence[str] = ()
) -> AuxiliaryTrack:
    """Return what the first `count` points of a chunk ask, the last of them repeated to `length` points.

    A base axis that the chunk does not carry stands still. `arms` are those whose elbows are free.
    """
    if count == 0:
        return AuxiliaryTrack()
    taken = {name: _column(chunk, name, count, length) for name in tools if name in chunk.channels}
    base = None
    if has_base and any(name in chunk.channels for name in BASE_AXES):
        axes = [_column(chunk, name, count, length) if name in chunk.channels else [0.0] * length for name in BASE_AXES]
        base = [list(point) for point in zip(*axes, strict=True)]
    elbows = {
        arm: _column(chunk, name, count, length) for arm in arms if (name := elbow_channel(arm)) in chunk.channels
    }
    return AuxiliaryTrack(taken, base, elbows)


def _column(chunk: ActionChunk, name: str, count: int, length: int) -> list[float]:
    column = chunk.column(name)
    assert column is not None
    return np.concatenate([column[:count], np.repeat(column[count - 1], length - count)]).tolist()
