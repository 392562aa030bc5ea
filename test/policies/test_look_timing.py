# SPDX-License-Identifier: Apache-2.0
"""When to look: at once where chunks come soon, late in a chunk where they come late, and never never again."""

from __future__ import annotations

import pytest

from vla_ros.policies.look_timing import LookTiming

HORIZON = 0.4


def after(*latencies: float, warmup: int = 0) -> LookTiming:
    """Return what has seen chunks come so late, the last one at 10 s."""
    timing = LookTiming(warmup)
    for latency in latencies:
        timing.add(latency, HORIZON, 10.0)
    return timing


def test_before_the_first_chunk_it_is_due():
    assert LookTiming().due(0.0, 0.0)


@pytest.mark.parametrize("latency", [0.0, 0.1, 0.2])
def test_chunks_that_come_soon_are_asked_for_at_once(latency):
    timing = after(*[latency] * 5)
    assert not timing.waits
    assert timing.due(HORIZON, 10.0)


@pytest.mark.parametrize(("latency", "most"), [(0.25, 0.15), (0.3, 0.1), (0.4, 0.05), (1.0, 0.05)])
def test_what_remains_and_what_is_late_fit_into_a_chunk(latency, most):
    timing = after(*[latency] * 5)
    assert timing.waits
    assert timing.due(most - 1e-3, 10.1)
    assert not timing.due(most + 1e-3, 10.1)


def test_now_and_then_late_is_late():
    assert after(*[0.1] * 18, 0.5, 0.5).waits
    assert not after(0.5, *[0.1] * 20).waits  # long ago


def test_loading_does_not_count():
    assert not after(30.0, 0.1, warmup=1).waits


def test_an_arm_that_does_not_get_on_is_looked_at_again():
    timing = after(*[0.5] * 5)
    assert not timing.due(0.3, 10.0 + 1.9 * HORIZON)
    assert timing.due(0.3, 10.0 + 2.1 * HORIZON)
    assert timing.due(0.3, 9.0)  # simulated time began anew
