# SPDX-License-Identifier: Apache-2.0
"""A robot on wheels leans on none of its edges, however hard its base and arms are asked to accelerate."""

import dataclasses

import numpy as np
import pytest
from whole_robot import DT, controlled, described

from controllers.errors import ConfigError
from controllers.whole_body.config import WholeBodyConfig
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.description import MovingBase
from controllers.whole_body.targets import BodyTarget
from controllers.whole_body.tip_over import GRAVITY, TipOver

SQUARE = ((0.2, 0.2), (-0.2, 0.2), (-0.2, -0.2), (0.2, -0.2))


def quick(support):
    """Return a ByteMini whose base brakes as hard as a car: by itself it would fall over."""
    base = MovingBase((2.0, 2.0, 3.0), (6.0, 6.0, 9.0), support)
    return WholeBody(dataclasses.replace(described(), base=base), WholeBodyConfig())


def least_room(control, edges):
    """Drive to and fro and round; return how near an edge the zero moment point came [m], by differences."""
    least, seen = np.inf, []
    for tick in range(1500):
        way = 1.0 if (tick // 250) % 2 else -1.0
        assert control.tick(BodyTarget(base=np.array([way * 2.0, -way, way * 2.0])), DT)
        T = control.T_odom_base.copy()
        seen.append((T, (T @ [*control.model.center, 1.0])[:3]))
        if len(seen) > 2:
            (_, first), (T, second), (_, third) = seen[-3:]
            a = (third - 2.0 * second + first) / DT**2
            zero_moment = second[:2] - second[2] / (GRAVITY + a[2]) * a[:2]
            least = min(least, edges.room(T[:2, :2].T @ (zero_moment - T[:2, 3])))
    return least


def test_the_base_accelerates_no_more_than_the_wheels_hold():
    support = described().base.support
    edges = TipOver(support, 0.0)
    assert least_room(quick(()), edges) < -0.1  # [m] without the rows it would tip
    assert least_room(quick(support), edges) > 0.01


def test_the_point_of_a_robot_at_rest_is_below_its_centre():
    edges = TipOver(SQUARE, 0.05)
    assert edges.count == 4
    assert edges.room(np.array([0.1, 0.0])) == pytest.approx(0.1)
    assert edges.room(np.array([0.3, 0.0])) == pytest.approx(-0.1)


def test_a_triangle_has_three_edges_whatever_the_order():
    assert TipOver(((0.3, 0.0), (-0.2, 0.2), (-0.2, -0.2)), 0.0).count == 3


def test_two_contacts_are_refused():
    with pytest.raises(ConfigError, match="three or more contacts"):
        MovingBase((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), SQUARE[:2])


def test_a_robot_that_does_not_drive_has_no_rows():
    assert controlled("ur5e").tip_over.count == 0
