# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.realtime.clock import RosClock


def feed(clock, rate, duration, jitter=0.003, period=0.002, seed=0, start=0.0):
    """Send stamped arrivals of a world that runs at `rate`; return estimates at 1 kHz and the truth."""
    random = np.random.default_rng(seed)
    arrivals = [(t + random.uniform(0, jitter), rate * t) for t in np.arange(start, start + duration, period)]
    arrivals.sort()
    estimates, truth = [], []
    k = 0
    for now in np.arange(start, start + duration, 0.001):
        while k < len(arrivals) and arrivals[k][0] <= now:
            clock.observe(arrivals[k][1], arrivals[k][0])
            k += 1
        estimates.append(clock.now(now))
        truth.append(rate * now)
    return np.array(estimates), np.array(truth)


@pytest.mark.parametrize("rate", [0.5, 0.9, 1.0, 1.5])
def test_follows_a_world_of_any_speed(rate):
    clock = RosClock()
    estimates, truth = feed(clock, rate, 8.0)
    late = (truth - estimates)[4000:]
    assert clock.rate == pytest.approx(rate, abs=0.05)
    assert abs(late.mean()) < 0.004  # the mean transport delay stays in it
    assert late.std() < 5e-4  # its jitter does not
    dt = np.diff(estimates[4000:])
    assert dt.mean() == pytest.approx(0.001 * rate, rel=0.02)
    assert dt.max() < 0.004


@settings(max_examples=10)
@given(st.floats(0.1, 3.0), st.floats(0.0, 0.02), st.integers(0, 99))
def test_never_runs_backwards(rate, jitter, seed):
    estimates, _ = feed(RosClock(), rate, 0.6, jitter=jitter, seed=seed)
    assert (np.diff(estimates[30:]) >= 0.0).all()


def test_stops_with_the_world():
    clock = RosClock(lead_max=0.02)
    feed(clock, 1.0, 2.0)
    assert clock.now(50.0) <= clock.newest_stamp + 0.02


def test_goes_on_after_a_pause_without_catching_up():
    clock = RosClock()
    feed(clock, 1.0, 2.0)
    before = clock.now(2.0)
    clock.observe(2.001, 12.0)  # the world stood still for ten seconds
    assert before <= clock.now(12.0) <= 2.001 + 1e-6


def test_a_restarted_world_restarts_time():
    clock = RosClock()
    feed(clock, 1.0, 2.0)
    clock.observe(0.0, 2.5)
    assert clock.restarts == 1
    assert clock.now(2.5) == 0.0


def test_reordered_stamps_change_nothing():
    clock = RosClock()
    feed(clock, 1.0, 1.0)
    before = clock.now(1.001)
    clock.observe(clock.newest_stamp - 0.01, 1.001)
    assert clock.now(1.001) == before


def test_unknown_before_the_first_state():
    clock = RosClock()
    assert clock.now(123.0) == 0.0
    assert not clock.synchronised
