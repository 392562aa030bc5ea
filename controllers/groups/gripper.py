# SPDX-License-Identifier: Apache-2.0
"""From the width channel of chunks to commands that a gripper's driver can take: edges, not noise.

A policy's width trembles from chunk to chunk, and a driver that starts a motion for each command (Franka's takes half
a second for one) would never finish any. `continuous` passes changes that are worth a motion; `binary` knows open and
closed only, with two thresholds, so that a width that lingers between them changes nothing.

A chunk is as old as the pictures it was made from. One that was seen before the fingers last switched knows nothing
of that: it still says open, closes a little later, and would make a second grasp of the first. Such a chunk counts
from where it has come to the same side. So does one that was seen at that moment or hardly later, since what was
commanded takes a while to be told.
"""

from __future__ import annotations

from math import inf

from controllers.control_config import GripperConfig
from controllers.errors import ConfigError

TOLD_AFTER = 0.03  # [s] a switch is known to who looks: control/progress says it each 20 ms
SWITCH = 0.125  # of the full opening: a single change by more than that is a decision, a smaller one a part of a drift


class GripperAdapter:
    """The commanded width, changed by edges of the channel only."""

    def __init__(self, config: GripperConfig, width_max: float) -> None:
        """Take the width [m] when fully open; start wherever `reset` says.

        Raises ConfigError for a deadband that no motion exceeds.
        """
        if config.deadband >= width_max:
            raise ConfigError(f"gripper: 'deadband' must be below {width_max:g} m, got {config.deadband:g}")
        self.config, self.width_max = config, width_max
        self.reset(0.0)

    def reset(self, width: float) -> None:
        """Be at `width` [m] without commanding a motion."""
        self.width = width  # [m] commanded
        self._switched, self._opened = -inf, False  # when it last switched [s], and whether that opened it
        self._knowing = -inf  # [s] when the chunk was seen that has come to know of that

    def update(self, wanted: float, now: float, seen: float) -> float:
        """Take the value [m] at `now` [s] of a chunk that was seen at `seen` [s]; return the commanded width [m]."""
        width = self._asked(wanted)
        change = width - self.width
        decides = abs(change) > SWITCH * self.width_max
        known_from = self._switched + TOLD_AFTER
        # A clock that was set back forgives all.
        ignorant = seen < known_from and self._switched <= now and seen != self._knowing
        if decides and ignorant and (change > 0.0) != self._opened:
            return self.width
        self._knowing = seen
        if decides:
            self._switched, self._opened = now, change > 0.0
        self.width = width
        return width

    def _asked(self, wanted: float) -> float:
        config, width_max = self.config, self.width_max
        wanted = min(max(wanted, 0.0), width_max)
        if config.mode == "binary":
            if wanted < config.close_below * width_max:
                return 0.0
            return width_max if wanted > config.open_above * width_max else self.width
        passed = abs(wanted - self.width) > config.deadband or wanted in (0.0, width_max)
        return wanted if passed else self.width
