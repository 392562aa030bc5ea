# SPDX-License-Identifier: Apache-2.0
"""A chunk is read where the arm is on it, not where the clock would have it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from policy_making.chunk_script import chunk_at, seen_at, seen_where

from vla_ros.policies.chunking.progress import as_executed

WAY = 0.015 * np.arange(1, 11)[:, None] * np.array([1.0, 0.0, 0.0]) + [0.4, 0.0, 0.3]  # 0.15 m/s


@pytest.mark.parametrize("behind", [0.0, 0.1, 0.23, 0.4])
def test_an_arm_that_is_behind_has_the_chunk_later(behind):
    chunk = chunk_at(0.0, WAY)
    where = [np.interp(0.6 - behind, chunk.times, WAY[:, axis]) for axis in range(3)]
    assert as_executed(chunk, seen_where(0.6, where)).stamp == pytest.approx(behind, abs=0.02)


def test_an_arm_that_was_pushed_aside_is_where_the_clock_says():
    chunk = chunk_at(0.0, WAY)
    where = [np.interp(0.6, chunk.times, WAY[:, axis]) for axis in range(3)] + np.array([0.0, 0.02, 0.01])
    assert as_executed(chunk, seen_where(0.6, where)).stamp == pytest.approx(0.0, abs=0.011)


def test_in_a_dwell_and_of_an_unknown_arm_the_clock_decides():
    still = chunk_at(0.0, np.tile(WAY[:1], (10, 1)))
    assert as_executed(still, seen_where(0.6, WAY[0])).stamp == 0.0
    chunk, seen = chunk_at(0.0, WAY), seen_at(0.6)
    assert as_executed(chunk, seen_where(0.6, WAY[0] + [0.0, 0.2, 0.0])) is chunk  # nowhere near it
    unknown = dataclasses.replace(seen, commanded=dataclasses.replace(seen.commanded, arms={}))
    assert as_executed(chunk, unknown) is chunk
