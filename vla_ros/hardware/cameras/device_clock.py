# SPDX-License-Identifier: Apache-2.0
"""From a camera's own time to the time of this machine's system clock, which is ROS time."""

from __future__ import annotations

import time
from typing import NamedTuple

DRIFT_MAX = 2e-4  # [s/s] two quartzes of 100 ppm each
STALE_S = 0.5  # [s] a frame that is older when it arrives is dropped
STALE_MAX = 10  # such frames in a row, and the offset is wrong, not the frames late
STEP_S = 0.05  # [s] by which the system clock jumps when somebody sets it


class Arrival(NamedTuple):
    """When the host had a frame, by its two clocks."""

    system: float  # [s] since 1970, may be set
    monotonic: float  # [s] never jumps

    @staticmethod
    def now() -> Arrival:
        """Read both clocks at one instant: again where the process was interrupted in between."""
        for _ in range(10):
            before, system, after = time.monotonic(), time.time(), time.monotonic()
            if after - before < 1e-3:
                break
        return Arrival(system, after)


class DeviceClock:
    """Stamp one camera's frames.

    A stamp that the SDK has translated to the host's clock already is taken as it is. A stamp of the device's own clock
    gets an offset: the least of arrival minus stamp that was seen, allowed to rise by DRIFT_MAX, since the two clocks
    drift apart and a frame can be late and never early. What remains in it is the shortest way from exposure to
    host. It is counted in monotonic time, so that a system clock that is set moves the stamps once and spoils nothing.

    A stamp is never in the future and always later than the one before. Repeated and reordered frames are dropped, and
    those older than STALE_S. A device clock that goes back (32 bits of microseconds are full after 71.6 minutes, or the
    camera was reset) loses one frame and begins anew; one that lost time otherwise does after STALE_MAX frames.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._last: float | None = None  # stamp given out [s]
        self._device: float | None = None  # newest of the device's own [s]
        self._offset: float | None = None  # monotonic minus device [s]
        self._stale = 0  # frames in a row
        self._at = 0.0  # monotonic time of the newest arrival [s]
        self._system_minus_monotonic: float | None = None

    def restart(self) -> None:
        """Forget the device's clock, as after the camera was connected anew; stamps go on after those before."""
        self._device = self._offset = None
        self._stale = 0

    def stamp(self, device: float, host_clock: bool, arrival: Arrival) -> float | None:
        """Return the time of an exposure [s] by the system clock, or None for a frame that is to be dropped."""
        self._follow_system_clock(arrival)
        exposed = device if host_clock else self._translated(device, arrival)
        if exposed is not None:
            exposed = min(exposed, arrival.system)
            late = arrival.system - exposed > STALE_S
            self._stale = self._stale + 1 if late else 0
            if self._stale >= STALE_MAX:
                self.restart()
            if late or (self._last is not None and exposed <= self._last):
                exposed = None
        if exposed is None:
            self.dropped += 1
            return None
        self._last = exposed
        return exposed

    def _follow_system_clock(self, arrival: Arrival) -> None:
        ahead = arrival.system - arrival.monotonic
        if self._system_minus_monotonic is not None and ahead < self._system_minus_monotonic - STEP_S:
            self._last = None  # it was set back, and with it ROS time
        self._system_minus_monotonic = ahead

    def _translated(self, device: float, arrival: Arrival) -> float | None:
        if self._device is not None and device <= self._device:
            if device < self._device:
                self.restart()
            return None
        seen = arrival.monotonic - device
        if self._offset is None:
            self._offset = seen
        else:
            self._offset = min(seen, self._offset + DRIFT_MAX * (arrival.monotonic - self._at))
        self._device, self._at = device, arrival.monotonic
        return device + self._offset + (arrival.system - arrival.monotonic)
