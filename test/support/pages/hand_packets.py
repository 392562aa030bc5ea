# SPDX-License-Identifier: Apache-2.0
"""When a headset's packets are sent and when they arrive: evenly, in bunches, with gaps, with the clutch let go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

PACKET_S = 1.0 / 72.0  # [s] a headset's display
TRANSIT_S = 0.004  # [s] of a packet that nothing holds up


@dataclass(frozen=True)
class Packet:
    """What both hands say at `sent` [s], and when that arrives [s]."""

    sent: float
    arrives: float
    clutch: bool


@dataclass(frozen=True)
class Network:
    """How packets travel. A gap either loses them, as a page that stands still does, or delivers them at its end."""

    bunch: int = 1  # packets that are delivered together, as a radio that sleeps between its beacons does
    gaps: tuple[tuple[float, float], ...] = ()  # [s] from when to when nothing arrives
    queued: bool = True  # what a gap holds up is delivered at its end

    def packets(
        self, seconds: float, phase: float = 0.0, clutch: Callable[[float], bool] = lambda time: True
    ) -> list[Packet]:
        """Return what is sent in `seconds`, the first at `phase` [s], in the order in which it arrives."""
        found = []
        for number, sent in enumerate(np.arange(phase, seconds, PACKET_S).tolist()):
            arrives = sent + (self.bunch - 1 - number % self.bunch) * PACKET_S + TRANSIT_S
            gap = next((gap for gap in self.gaps if gap[0] <= arrives < gap[1]), None)
            if gap is None or self.queued:
                found.append(Packet(sent, arrives if gap is None else gap[1], clutch(sent)))
        return found
