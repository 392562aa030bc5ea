# SPDX-License-Identifier: Apache-2.0
"""Which chunks were accepted, in order: duplicates and overtaken chunks are refused. Immutable."""

from __future__ import annotations

from dataclasses import dataclass, replace

from controllers.chunks.chunk import ActionChunk
from controllers.chunks.motion import Motion, Start, Transition
from controllers.chunks.splicing import Auxiliaries, splice
from controllers.chunks.stitching import MotionBounds
from controllers.control_config import StitchConfig
from controllers.errors import ChunkError


@dataclass(frozen=True)
class ChunkTimeline:
    """Which chunks were accepted; `accept` returns the next timeline with its motion."""

    last: tuple[tuple[str, float, int], ...] = ()  # (source, stamp, sequence) of each source's newest chunk

    def check_order(self, chunk: ActionChunk, source: str) -> None:
        """Raise ChunkError for a chunk that a newer one of the same source has overtaken.

        A lower sequence with a newer stamp is a source that was restarted, and is welcome.
        """
        for name, stamp, sequence in self.last:
            if name == source and chunk.stamp < stamp:
                raise ChunkError(f"chunk {chunk.sequence} is older than chunk {sequence}, which came first: reordered")
            if name == source and chunk.stamp == stamp and chunk.sequence <= sequence:
                raise ChunkError(f"chunk {chunk.sequence} was received twice")

    def accept(
        self,
        chunk: ActionChunk,
        source: str,
        start: Start,
        beside: Auxiliaries,
        config: StitchConfig,
        bounds: MotionBounds,
    ) -> tuple[ChunkTimeline, Motion, Transition]:
        """Join `chunk` to `start`, as fast as `bounds` allow."""
        others = tuple(entry for entry in self.last if entry[0] != source)
        timeline = replace(self, last=(*others, (source, chunk.stamp, chunk.sequence)))
        return timeline, *splice(chunk, beside, source, start, config, bounds)
