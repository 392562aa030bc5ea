# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.chunks.alignment import align

TIMES = 0.1 * np.arange(0, 9)
LINE = np.stack([0.3 * TIMES, 0 * TIMES], axis=1)
ONES = np.ones(2)


def find(points, value, velocity, expected, window=0.3):
    return align(TIMES, points, ONES, np.array(value), np.array(velocity), expected, window)


def test_finds_where_the_motion_is_not_where_the_clock_says():
    assert find(LINE, [0.06, 0.0], [0.3, 0.0], expected=0.4) == pytest.approx(0.2, abs=0.01)


def test_a_sideways_gap_does_not_shift_the_entry():
    assert find(LINE, [0.09, 0.02], [0.3, 0.0], expected=0.3) == pytest.approx(0.3, abs=0.01)


def test_a_dwell_advances_by_the_clock():
    assert find(np.zeros((9, 2)), [0.0, 0.0], [0.0, 0.0], expected=0.37) == pytest.approx(0.37)


@pytest.mark.parametrize(("velocity", "entry"), [(0.3, 0.3), (-0.3, 0.5)])
def test_reversal_is_told_apart_by_the_direction(velocity, entry):
    there_and_back = np.stack([0.3 * np.minimum(TIMES, 0.8 - TIMES), 0 * TIMES], axis=1)
    found = find(there_and_back, [0.09, 0.0], [velocity, 0.0], expected=0.4)
    assert found == pytest.approx(entry, abs=0.02)


def test_rotation_alone_is_aligned():
    turn = np.stack([0 * TIMES, 0.2 * TIMES], axis=1)
    assert find(turn, [0.0, 0.05], [0.0, 0.2], expected=0.4) == pytest.approx(0.25, abs=0.01)


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(0.0, 3.0), st.floats(0.0, 1.0))
def test_never_outside_the_chunk_or_the_window(x, y, expected, window):
    entry = find(LINE, [x, y], [0.1, 0.0], expected, window)
    assert TIMES[0] <= entry <= TIMES[-1]
    assert abs(entry - min(expected, TIMES[-1])) <= window + 1e-9


def test_along_the_path_a_little_disagreement_does_not_shift_the_entry_much():
    expected, shift = 0.4, 0.006  # [s], [m]: chunks that scatter along the path at 0.3 m/s
    entries = [find(LINE, [0.3 * expected + d, 0.0], [0.3, 0.0], expected) for d in (-shift, shift)]
    assert np.abs(np.array(entries) - expected).max() < 0.95 * shift / 0.3
    assert np.mean(entries) == pytest.approx(expected, abs=2e-3)  # as much to either side
