# SPDX-License-Identifier: Apache-2.0
"""The one conversion between the monotonic clock, which paces the loop, and ROS time, which stamps data.

A control loop sleeps on the monotonic clock but must think in ROS time: under a simulator that time is only
seen through the stamps of joint states, late by a varying transport delay, and may run slower than the wall.
The estimate is a phase-locked line through (arrival, stamp):

    ros(t) = ros₀ + rate · (t − t₀),   each arrival moves ros₀ by a share of its error and rate by a smaller one

so that jitter of the arrivals averages out. It never runs backwards, and it runs at most `lead_max` past the
newest stamp, so that a simulator that stops, stops the loop's time. A mean transport delay stays in it: the
estimate is the time of the newest *received* state, carried on.
"""

from __future__ import annotations

PHASE_GAIN = 0.05
RATE_GAIN = 0.0005
INTERVAL_GAIN = 0.02
RATE_RANGE = (0.0, 4.0)  # a simulator may run up to four times real time
RESTART_S = 0.2  # [s] a stamp this far before the newest one is a restarted simulation


class RosClock:
    """ROS time [s] at any monotonic time [s], from stamped arrivals."""

    def __init__(self, lead_max: float = 0.02) -> None:
        """Let the estimate run at most `lead_max` [s] ahead of the newest stamp."""
        self._lead_max = lead_max
        self.restarts = 0  # how often time was set back
        self._reset()

    def _reset(self) -> None:
        self.synchronised = False
        self.rate = 1.0
        self.newest_stamp = 0.0
        self._ros = self._monotonic = 0.0
        self._interval = 0.0  # [s] mean time between arrivals
        self._last = float("-inf")

    def observe(self, stamp: float, arrival: float) -> None:
        """Take a state stamped `stamp` [s, ROS] that arrived at `arrival` [s, monotonic]."""
        if self.synchronised and stamp < self.newest_stamp - RESTART_S:
            restarts = self.restarts
            self._reset()
            self.restarts = restarts + 1
        if not self.synchronised:
            self.synchronised = True
            self.newest_stamp = self._ros = self._last = stamp
            self._monotonic = arrival
            return
        if stamp <= self.newest_stamp:
            return  # reordered or repeated: nothing new is known
        elapsed = max(arrival - self._monotonic, 0.0)
        # The mean, not this interval: two states that arrive together say nothing about the rate.
        self._interval += INTERVAL_GAIN * (elapsed - self._interval) if self._interval else elapsed
        predicted = self._ros + self.rate * elapsed
        error = stamp - predicted
        if abs(error) > RESTART_S:  # paused or stepped: take the new phase at once
            self._ros, self.rate = stamp, 1.0
        else:
            self._ros = predicted + PHASE_GAIN * error
            low, high = RATE_RANGE
            self.rate = min(high, max(low, self.rate + RATE_GAIN * error / max(self._interval, 1e-4)))
        self._monotonic = arrival
        self.newest_stamp = stamp

    @property
    def newest_arrival(self) -> float:
        """Return when the newest stamp came in [s, monotonic]: stamps that do not advance are no news."""
        return self._monotonic

    def now(self, monotonic: float) -> float:
        """Return ROS time [s] at `monotonic` [s], never less than before (except after a restart); 0 if unknown."""
        if not self.synchronised:
            return 0.0
        estimate = self._ros + self.rate * (monotonic - self._monotonic)
        estimate = min(estimate, self.newest_stamp + self._lead_max)
        if estimate > self._last:
            self._last = estimate
        return self._last
