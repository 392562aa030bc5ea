# SPDX-License-Identifier: Apache-2.0
"""A robot on wheels leans on none of its edges, however hard its base and arms are asked to accelerate."""

import dataclasses

import numpy as np
import pytest
from robot_rigs.whole_robot import DT, controlled, described

from bench.whole_body_checks.zero_moment import ZeroMoment
from controllers.errors import ConfigError
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.description import MovingBase
from controllers.whole_body.targets import BodyTarget
from controllers.whole_body.tip_over import TipOver
from controllers.whole_body_config import WholeBodyConfig

SQUARE = ((0.2, 0.2), (-0.2, 0.2), (-0.2, -0.2), (0.2, -0.2))


def quick(support):
    """Return a ByteMini whose base brakes as hard as a car: by itself it would fall over."""
    base = MovingBase((2.0, 2.0, 3.0), (6.0, 6.0, 9.0), support)
    return WholeBody(dataclasses.replace(described(), base=base), WholeBodyConfig())


def least_room(control, edges):
    """Drive to and fro and round; return how near an edge the zero moment point came [m], by what the floor bears."""
    least, seen = np.inf, ZeroMoment(control.body.urdf, DT)
    for tick in range(1500):
        way = 1.0 if (tick // 250) % 2 else -1.0
        assert control.tick(BodyTarget(base=np.array([way * 2.0, -way, way * 2.0])), DT)
        point = seen.add(control.base_place, control.model.q_whole)
        least = least if point is None else min(least, edges.room(point))
    return least


def test_arms_that_swing_lean_the_robot_no_further_than_the_wheels_hold():
    """Arms flung to and fro as hard as their joints can, so that their angular momentum counts, on a narrow base."""
    narrow = ((0.1, 0.05), (0.1, -0.05), (0.0, -0.05), (0.0, 0.05))  # about the centre of mass
    base = MovingBase((0.8, 0.6, 1.2), (0.8, 0.8, 1.5), narrow)
    control = WholeBody(dataclasses.replace(described(), base=base))
    edges, seen, least = TipOver(narrow, 0.0), ZeroMoment(control.body.urdf, DT), np.inf
    starts = {name: control.q[control.parts[name]].copy() for name in control.hands}
    for tick in range(1000):
        way = 0.5 if (tick // 100) % 2 else -0.5
        joints = {name: start + way for name, start in starts.items()}
        assert control.tick(BodyTarget(joints=joints, base=np.zeros(3)), DT)
        point = seen.add(control.base_place, control.model.q_whole)
        least = least if point is None else min(least, edges.room(point))
    assert least > 0.02  # [m] of a margin of 0.03


def test_the_base_accelerates_no_more_than_the_wheels_hold():
    support = described().base.support
    edges = TipOver(support, 0.0)
    assert least_room(quick(()), edges) < -0.1  # [m] without the rows it would tip
    assert least_room(quick(support), edges) > 0.01


def test_the_point_of_a_robot_at_rest_is_below_its_centre():
    edges = TipOver(SQUARE, 0.05)
    assert edges.edges == 4
    assert edges.room(np.array([0.1, 0.0])) == pytest.approx(0.1)
    assert edges.room(np.array([0.3, 0.0])) == pytest.approx(-0.1)


def test_a_triangle_has_three_edges_whatever_the_order():
    assert TipOver(((0.3, 0.0), (-0.2, 0.2), (-0.2, -0.2)), 0.0).edges == 3


def test_two_contacts_are_refused():
    with pytest.raises(ConfigError, match="three or more contacts"):
        MovingBase((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), SQUARE[:2])


def test_a_robot_that_does_not_drive_has_no_rows():
    assert controlled("ur5e").tip_over.count == 0
