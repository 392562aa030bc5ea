# SPDX-License-Identifier: Apache-2.0
"""Approximate-time synchronisation: one sample of each stream, taken as close to the reference's stamp as allowed."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from controllers.errors import ConfigError, unknown_name

DEPTH = 8  # samples kept of each stream


class Synchronizer:
    """Match streams by their exposure stamps; the newest complete set wins."""

    def __init__(self, streams: Sequence[str], reference: str, tolerance: float) -> None:
        """Match every stream to `reference` within `tolerance` [s]."""
        if reference not in streams:
            raise ConfigError(unknown_name("reference stream", reference, streams))
        self._reference, self._tolerance = reference, tolerance
        self._samples: dict[str, deque[tuple[float, Any]]] = {name: deque(maxlen=DEPTH) for name in streams}
        self._last = float("-inf")

    def add(self, stream: str, stamp: float, sample: Any) -> tuple[float, dict[str, Any]] | None:
        """Take a sample; return the set it completes, with the reference's stamp [s], each reference at most once."""
        samples = self._samples[stream]
        if samples and stamp < samples[-1][0] - 1.0:  # time was set back: what is older will never match again
            self.clear()
        samples.append((stamp, sample))
        for reference_stamp, _ in reversed(self._samples[self._reference]):
            if reference_stamp <= self._last:
                return None
            matches = {name: self._nearest(name, reference_stamp) for name in self._samples}
            matched = {name: match[0] for name, match in matches.items() if match is not None}
            if len(matched) == len(matches):
                self._last = reference_stamp
                return reference_stamp, matched
        return None

    def clear(self) -> None:
        """Forget everything."""
        for samples in self._samples.values():
            samples.clear()
        self._last = float("-inf")

    def _nearest(self, stream: str, stamp: float) -> tuple[Any] | None:
        best = min(self._samples[stream], key=lambda item: abs(item[0] - stamp), default=None)
        return None if best is None or abs(best[0] - stamp) > self._tolerance else (best[1],)
