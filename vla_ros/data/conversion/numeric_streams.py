# SPDX-License-Identifier: Apache-2.0
"""The numbers of a contract at the times of its frames: each source is decoded only around those times.

Shape legend: T frames, D numbers of a source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.conversion.bag_index import BagIndex
from vla_ros.data.conversion.resampling import ROUNDING_S, bracket, latest, linear, pose_between

Read = Callable[[Any], np.ndarray]  # a decoded message as numbers (D,) or (2, N)
Mix = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class NumericSource:
    """How one source becomes numbers, and what lies between two of its messages."""

    read: Read
    mix: Mix | None  # None: the last message stays in force
    gap_max: float = np.inf  # [s] between the messages around a frame

    @staticmethod
    def lines(read: Read, gap_max: float) -> NumericSource:
        """Lines between the messages."""
        return NumericSource(read, linear, gap_max)

    @staticmethod
    def poses(read: Read, gap_max: float) -> NumericSource:
        """Lines between positions, great circles between orientations."""
        return NumericSource(read, pose_between, gap_max)

    @staticmethod
    def steps(read: Read) -> NumericSource:
        """Steps: commands, and what is published on change."""
        return NumericSource(read, None)


class NumericSampler:
    """Say which messages are needed, take them as they come, then give the numbers."""

    def __init__(self, index: BagIndex, wanted: Mapping[str, NumericSource], times: np.ndarray) -> None:
        """Plan for `times` (T,) [s]. Raises VlaError where a source is silent for too long around one of them."""
        self._bag, self._wanted = index.bag, dict(wanted)
        self._plans: dict[str, tuple[np.ndarray, ...]] = {}
        self.gaps: dict[str, float] = {}  # [s] the longest between the messages around a frame
        for name, source in wanted.items():
            stamps = index.topics[name].stamps
            if source.mix is None:
                at = latest(stamps, times)
                self._plans[name] = (np.unique(at), at, at, np.zeros(len(times)))
                continue
            found = bracket(stamps, times)
            worst = int(np.argmax(found.gap))
            self.gaps[name] = float(found.gap[worst])
            if found.gap[worst] > source.gap_max + ROUNDING_S:
                raise VlaError(
                    f"{index.bag.files.path}: {name} is silent for {found.gap[worst]:.3f} s at {times[worst]:.3f} s, "
                    f"allowed are {source.gap_max:g} s: a recording with a hole; record again, or allow it with "
                    f"--skew-max {np.ceil(10.0 * found.gap[worst]) / 10.0:g}"
                )
            self._plans[name] = (found.used, found.before, found.after, found.share)
        self._rows: dict[str, dict[int, np.ndarray]] = {name: {} for name in wanted}

    @property
    def needed(self) -> dict[str, set[int]]:
        """Return the numbers of the messages of each source that are to be taken."""
        return {name: set(plan[0].tolist()) for name, plan in self._plans.items()}

    def take(self, name: str, number: int, message: BagMessage) -> None:
        """Decode a message. Raises VlaError when it says what is no number."""
        try:
            self._rows[name][number] = self._wanted[name].read(self._bag.decode(message))
        except VlaError as error:
            raise VlaError(f"{self._bag.files.path}: {message.topic}: {error}") from None

    def values(self) -> dict[str, np.ndarray]:
        """Return each source's numbers (T, ...), once all that is needed was taken."""
        values = {}
        for name, (used, before, after, share) in self._plans.items():
            table = np.stack([self._rows[name][number] for number in used.tolist()])
            first, second = table[np.searchsorted(used, before)], table[np.searchsorted(used, after)]
            mix = self._wanted[name].mix
            values[name] = first if mix is None else mix(first, second, share)
        return values
