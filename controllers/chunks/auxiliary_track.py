# SPDX-License-Identifier: Apache-2.0
"""What a chunk asks of everything but the arm: widths, depths, suction, the speed of a moving base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.chunk import ActionChunk

BASE_AXES = ("base/velocity.x", "base/velocity.y", "base/velocity.yaw")


@dataclass(frozen=True)
class AuxiliaryTrack:
    """Values from each of a motion's points on, until the next. Plain lists: the loop reads single numbers."""

    tools: dict[str, list[float]] = field(default_factory=dict)  # by channel
    base: list[list[float]] | None = None  # x, y [m/s], yaw [rad/s]; None: the chunk says nothing of it

    def __bool__(self) -> bool:
        return bool(self.tools) or self.base is not None


def auxiliary_track(
    chunk: ActionChunk, tools: Sequence[str], has_base: bool, count: int, length: int
) -> AuxiliaryTrack:
    """Return what the first `count` points of a chunk ask, the last of them repeated to `length` points.

    A base axis that the chunk does not carry stands still.
    """
    if count == 0:
        return AuxiliaryTrack()
    taken = {name: _column(chunk, name, count, length) for name in tools if name in chunk.channels}
    base = None
    if has_base and any(name in chunk.channels for name in BASE_AXES):
        axes = [_column(chunk, name, count, length) if name in chunk.channels else [0.0] * length for name in BASE_AXES]
        base = [list(point) for point in zip(*axes, strict=True)]
    return AuxiliaryTrack(taken, base)


def _column(chunk: ActionChunk, name: str, count: int, length: int) -> list[float]:
    column = chunk.column(name)
    assert column is not None
    return np.concatenate([column[:count], np.repeat(column[count - 1], length - count)]).tolist()
