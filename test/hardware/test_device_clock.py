# SPDX-License-Identifier: Apache-2.0
"""A camera's time as ROS time: close, never in the future, never back."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.hardware.cameras.device_clock import Arrival, DeviceClock

EPOCH, BOOT, PERIOD, SHORTEST = 1.7e9, 5000.0, 1.0 / 30.0, 0.012  # [s]


def stamps(device_rate: float = 1.0, count: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return true exposures, stamps and arrivals [s] of frames that take from SHORTEST to 60 ms longer."""
    clock, random = DeviceClock(), np.random.default_rng(seed)
    exposed = PERIOD * np.arange(count)
    late = np.maximum.accumulate(exposed + SHORTEST + random.exponential(0.008, count).clip(0.0, 0.06))
    given = [
        clock.stamp(77.0 + t * device_rate, False, Arrival(EPOCH + a, BOOT + a))
        for t, a in zip(exposed, late, strict=True)
    ]
    assert None not in given
    return EPOCH + exposed, np.array(given), EPOCH + late


@pytest.mark.parametrize("rate", [1.0, 1.0 + 1e-4, 1.0 - 1e-4])
def test_a_devices_clock_is_followed_though_it_drifts_and_frames_are_late(rate):
    exposed, given, arrived = stamps(rate)
    error = (given - exposed - SHORTEST)[300:]
    assert np.abs(error).max() < 2e-3
    assert (given <= arrived).all()
    assert (np.diff(given) > 0.0).all()


def test_global_time_is_taken_as_it_is_but_never_of_the_future():
    clock = DeviceClock()
    assert clock.stamp(EPOCH, True, Arrival(EPOCH + 0.03, BOOT)) == EPOCH
    assert clock.stamp(EPOCH + 0.5, True, Arrival(EPOCH + 0.06, BOOT + 0.03)) == pytest.approx(EPOCH + 0.06, abs=1e-6)


def feed(clock: DeviceClock, device: float, after: float, system: float = 0.0) -> float | None:
    return clock.stamp(device, False, Arrival(EPOCH + after + system, BOOT + after))


def test_repeated_reordered_and_old_frames_are_dropped():
    clock = DeviceClock()
    assert feed(clock, 1.0, 0.01) is not None
    assert feed(clock, 1.0, 0.02) is None
    assert feed(clock, 1.1, 0.11) is not None
    assert feed(clock, 1.05, 0.12) is None
    assert feed(clock, 1.2, 0.21) is not None
    assert feed(clock, 1.3, 0.91) is None  # 0.6 s on its way
    assert clock.dropped == 3


def test_a_device_clock_that_begins_anew_costs_one_frame():
    """It does after 2**32 microseconds and when the camera was reset."""
    clock, full = DeviceClock(), 2**32 * 1e-6
    given = [feed(clock, (full - 1.0 + PERIOD * k) % full, PERIOD * k + 0.01) for k in range(90)]
    assert given.count(None) == 1
    kept = [stamp for stamp in given if stamp is not None]
    assert (np.diff(kept) > 0.0).all()
    assert kept[-1] == pytest.approx(EPOCH + 89 * PERIOD + 0.01, abs=2e-3)


def test_a_device_clock_that_lost_time_unseen_is_followed_again():
    """A camera that was reset while it was unplugged may come back with a later time than it had, and too early."""
    clock = DeviceClock()
    for k in range(30):
        assert feed(clock, PERIOD * k, PERIOD * k + 0.01) is not None
    given = [feed(clock, 2.0 + PERIOD * k, 9.0 + PERIOD * k) for k in range(30)]
    assert given[:10] == [None] * 10
    assert None not in given[10:]
    assert given[-1] == pytest.approx(EPOCH + 9.0 + 29 * PERIOD, abs=1e-3)
    clock.restart()
    assert feed(clock, 12.0, 30.0) == pytest.approx(EPOCH + 30.0, abs=1e-3)


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_a_system_clock_that_is_set_moves_the_stamps_and_nothing_else(step):
    clock = DeviceClock()
    for k in range(30):
        feed(clock, PERIOD * k, PERIOD * k + 0.01)
    given = [feed(clock, PERIOD * k, PERIOD * k + 0.01, step) for k in range(30, 60)]
    assert None not in given
    assert given[-1] == pytest.approx(EPOCH + step + 59 * PERIOD + 0.01, abs=2e-3)
