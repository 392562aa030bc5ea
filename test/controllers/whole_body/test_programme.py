# SPDX-License-Identifier: Apache-2.0
"""The programme: its optimum, what gives way before what, and that boxes never do."""

import numpy as np
import pytest

from controllers.whole_body.programme import Programme


def programme(size=2, tasks=2, soft=2):
    one = Programme(size, tasks, soft)
    one.lower[:], one.upper[:] = -1.0, 1.0
    one.weights[:] = 1e-6
    return one


def test_two_wishes_meet_by_weight():
    one = programme(1, 2)
    one.A[:, 0], one.b[:] = [1.0, 2.0], [0.0, 1.0]  # x = 0 at weight 1, x = 0.5 at weight 4
    assert one.solve(2, 0)
    assert one.x[0] == pytest.approx(0.4, abs=1e-4)


def test_progress_waits_for_what_the_box_leaves():
    """x = 4 s is wanted and x is at most 1: a quarter of the way's speed, and nothing of it is off the way."""
    one = programme(1, 1)
    one.progress_weight = 1e-4
    one.A[0] = [1.0, -4.0]
    assert one.solve(1, 0)
    assert one.x[0] == pytest.approx(1.0, abs=1e-4)
    assert one.progress == pytest.approx(0.25, abs=1e-3)


def test_progress_stays_at_its_least():
    one = programme(1, 1)
    one.progress_weight, one.progress_min = 1e-4, 0.5
    one.A[0] = [1.0, -4.0]
    assert one.solve(1, 0)
    assert one.progress == 0.5


def test_a_row_comes_before_every_task():
    one = programme()
    one.A[:2, :2], one.b[:2] = np.eye(2), 0.8
    one.rows[0, :2], one.rows_lower[0] = [-1.0, 0.0], -0.1  # x0 ≤ 0.1
    assert one.solve(2, 1)
    np.testing.assert_allclose(one.x, [0.1, 0.8], atol=1e-4)
    assert one.slack < 1e-5


def test_a_box_comes_before_a_row_which_is_left_by_as_little_as_possible():
    one = programme()
    one.A[:2, :2] = np.eye(2)
    one.rows[0, :2], one.rows_lower[0] = [1.0, 0.0], 3.0  # x0 ≥ 3, the box ends at 1
    assert one.solve(2, 1)
    assert one.x[0] == 1.0
    assert one.slack == pytest.approx(2.0, abs=1e-6)


def test_of_two_rows_that_contradict_each_other_the_heavier_is_kept():
    one = programme()
    one.give_way[:2] = 1e-6, 1e-9
    one.A[:2, :2] = np.eye(2)
    one.rows[0, :2], one.rows_lower[0] = [1.0, 0.0], 0.3  # x0 ≥ 0.3 …
    one.rows[1, :2], one.rows_lower[1] = [-500.0, 0.0], 100.0  # … and x0 ≤ −0.2
    assert one.solve(2, 2)
    assert one.x[0] == pytest.approx(-0.2, abs=1e-3)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_not_solved(bad):
    one = programme()
    one.A[:2, :2], one.b[0] = np.eye(2), bad
    assert not one.solve(2, 0)
