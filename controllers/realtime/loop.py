# SPDX-License-Identifier: Apache-2.0
"""A loop on absolute deadlines: sleep most of the way, spin as long as sleeps are late, and say how late it was.

Deadlines are multiples of the period from the start, so that lateness never adds up. A loop that falls behind
by more than one period skips the missed ones: a burst of catch-up ticks would command with wrong dt.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError

MCL_CURRENT_AND_FUTURE = 3
WINDOW = 1 << 16  # ticks kept for statistics: a minute at 1 kHz
# How long is spun follows the worst that sleeping was late by: at once where it gets worse, by half in 350 ticks where
# it gets better. A fixed 0.2 ms costs a tenth of a core at 500 Hz, and a sleep in real-time scheduling is late by 0.05.
SPIN_MARGIN, SPIN_DECAY = 1.5, 0.998


@dataclass(frozen=True)
class LoopReport:
    """How punctual the loop was over the last window."""

    ticks: int
    overruns: int  # deadlines missed by a period or more since the start
    lateness_median_ms: float
    lateness_p99_ms: float
    lateness_p999_ms: float
    lateness_max_ms: float
    tick_median_us: float
    tick_p99_us: float


class PacedLoop:
    """Call `tick` at a fixed rate on the monotonic clock."""

    def __init__(self, rate_hz: float, tick: Callable[[float], None], spin_s: float = 2e-4) -> None:
        """Call `tick(monotonic time [s])` at `rate_hz`; at most the last `spin_s` [s] before a deadline are spun."""
        if not 1.0 <= rate_hz <= 5000.0:
            raise ConfigError(f"loop rate must be 1 to 5000 Hz, got {rate_hz:g}")
        self.period = 1.0 / rate_hz
        self._tick, self._spin_max = tick, spin_s
        self._lateness, self._duration = np.zeros(WINDOW), np.zeros(WINDOW)
        self.ticks = self.overruns = 0
        self.lateness = 0.0  # [s] of the tick under way, from the first deadline that was not served
        self._running = False

    def run(self, duration: float | None = None) -> None:
        """Tick until `stop` is called, or for `duration` [s]. What `tick` raises ends the loop."""
        self._running = True
        monotonic, sleep = time.monotonic, time.sleep
        period, spin_max, tick = self.period, self._spin_max, self._tick
        spin = spin_max
        start = monotonic()
        count = overslept = 0
        while self._running:
            count += 1
            deadline = start + count * period
            if duration is not None and deadline - start > duration:
                break
            wait = deadline - monotonic() - spin
            if wait > 0.0:
                sleep(wait)
            now = monotonic()
            if wait > 0.0:
                spin = min(spin_max, max(SPIN_MARGIN * (now - deadline + spin), SPIN_DECAY * spin))
            while now < deadline:
                now = monotonic()
            # Deadlines that passed inside the tick before count from when they were due; those that passed while
            # it was itself late are part of its own lateness.
            self.lateness = now - deadline + overslept * period
            tick(now)
            end = monotonic()
            k = self.ticks & (WINDOW - 1)
            self._lateness[k], self._duration[k] = self.lateness, end - now
            self.ticks += 1
            missed = int((end - deadline) / period)
            overslept = missed - int((now - deadline) / period)
            self.overruns += missed
            count += missed

    def stop(self) -> None:
        """End `run` after the current tick; may be called from another thread or a signal handler."""
        self._running = False

    def report(self) -> LoopReport:
        """Summarise the last window; not for the loop's own thread, it sorts."""
        count = min(self.ticks, WINDOW)
        if count == 0:
            return LoopReport(0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        lateness = np.percentile(self._lateness[:count], [50, 99, 99.9, 100]) * 1e3
        duration = np.percentile(self._duration[:count], [50, 99]) * 1e6
        return LoopReport(self.ticks, self.overruns, *map(float, lateness), *map(float, duration))


def prefer_real_time(priority: int = 50) -> tuple[str, ...]:
    """Ask for SCHED_FIFO and locked memory, freeze the garbage collector; return a warning for each refusal.

    Call it once, in the process of the loop, after everything was allocated.
    """
    warnings = []
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except (OSError, AttributeError) as error:
        warnings.append(f"real-time scheduling is not permitted ({error}): set rtprio in /etc/security/limits.conf")
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "mlockall") or libc.mlockall(MCL_CURRENT_AND_FUTURE) != 0:
        warnings.append("memory could not be locked: set memlock in /etc/security/limits.conf")
    freeze_collector()
    gc.disable()  # the loop makes no cycles, so nothing is lost by not looking for them
    return tuple(warnings)


def freeze_collector() -> None:
    """Have the garbage collector never scan again what lives now; the end of the process frees it all the same."""
    gc.collect()
    gc.freeze()
    # What stays frozen outlives its library at the end, and libraries that count what is left complain on stderr.
    atexit.register(gc.unfreeze)
