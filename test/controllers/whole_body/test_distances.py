# SPDX-License-Identifier: Apache-2.0
"""Distances of links and of a table: bounds that bound, gradients that are derivatives, and what they keep apart."""

import dataclasses

import numpy as np
import pytest
from robot_rigs.whole_robot import DT, controlled, described, follow, shifted

from controllers.whole_body.controller import WholeBody
from controllers.whole_body.description import Box
from controllers.whole_body.distances import MEASURED
from controllers.whole_body.shapes import pairs_of
from controllers.whole_body.targets import BodyTarget


def measured_afresh(control):
    """Return the true distances of all pairs [m] (P,), without changing what the control knows."""
    known = control.distances.least.copy(), control.distances.distances.copy(), control.distances.gradients.copy()
    control.distances.reset(control.T_odom_base)
    true = control.distances.distances.copy()
    control.distances.least[:], control.distances.distances[:], control.distances.gradients[:] = known
    return true


def test_no_pair_is_nearer_than_its_bound_though_few_are_measured():
    control = controlled(table=True)
    assert len(control.distances.least) > 8 * MEASURED
    rng = np.random.default_rng(2)
    for _ in range(12):
        follow(control, shifted(control, rng.uniform(-0.5, 0.5, 3)), 0.1)
        assert (control.distances.least <= measured_afresh(control) + 1e-5).all()  # [m] as exact as GJK is


def test_gradients_are_derivatives_those_of_the_base_too():
    control = controlled(table=True)
    follow(control, shifted(control, [0.0, 0.03, -0.08]), 1.0)
    q, place = control.q.copy(), control.base_place.copy()
    moved, axes = control.model.moved, control.model.axes
    control.reset(q, place)
    near = np.flatnonzero((control.distances.distances > 0.0) & (control.distances.distances < 0.1))
    gradients = control.distances.gradients[near].copy()
    seen = np.zeros_like(gradients)
    step = 2e-4
    for variable in range(control.model.size):
        for sign in (-1.0, 1.0):
            there, stand = q.copy(), place.copy()
            if variable < moved:
                axis, yaw = axes[variable], place[2]
                way = [(np.cos(yaw), np.sin(yaw), 0.0), (-np.sin(yaw), np.cos(yaw), 0.0), (0.0, 0.0, 1.0)][axis]
                stand += sign * step * np.array(way)
            else:
                there[variable - moved] += sign * step
            control.reset(there, stand)
            seen[:, variable] += sign * control.distances.distances[near] / (2.0 * step)
    # Where two faces are parallel the nearest points leap, and with them the derivative by a turn.
    agrees = np.isclose(gradients, seen, atol=2e-2).all(axis=1)
    assert len(near) >= 6
    assert agrees.mean() > 0.7
    table = np.isin(near, pairs_of(control.distances._shapes.names, "table"))
    assert not gradients[~table][:, :moved].any()  # the base leaves the robot's own links as far apart


def test_odometry_that_leaps_leaves_no_bound_behind():
    control = controlled(table=True)
    target = shifted(control, np.zeros(3), riding=True)
    target = BodyTarget({name: dataclasses.replace(one, T=control.model.T_base_ee[name].copy())
                         for name, one in target.hands.items()})  # fmt: skip
    for place in ([0.1, 0.05, 0.1], [-0.2, 0.0, -0.3], [0.05, -0.3, 0.4]):
        control.observe_base(np.array(place))
        follow(control, target, DT)
        assert (control.distances.least <= measured_afresh(control) + 1e-5).all()


def pressed(control):
    """Press the hands 0.4 m down; return the least distance of all pairs on the way [m]."""
    target, least = shifted(control, [0.05, 0.0, -0.4]), np.inf
    for tick in range(1000):
        assert control.tick(target, DT)
        if tick % 10 == 0:
            least = min(least, control.distances.minimum(control.T_odom_base))
    return least


def test_hands_stop_above_a_table():
    kept = controlled(table=True)
    assert 0.005 < pressed(kept) < 0.02  # [m] they are as near as they may be, and no nearer
    blind = controlled(table=True)
    blind.distances.count = 0
    blind.distances._write = lambda dt: None
    assert pressed(blind) < 0.0  # without the rows they would be in it


@pytest.mark.parametrize("way", [(0.8, 0.0, 0.0), (0.5, 0.3, 0.0), (0.6, 0.1, 0.1)])
def test_a_base_that_is_driven_at_a_wall_stops_before_it(way):
    wall = Box("wall", (0.1, 6.0, 2.0), (1.2, 0.0, 1.0))
    body = dataclasses.replace(described(), obstacles=(wall,))
    kept, blind = WholeBody(body), WholeBody(body)
    blind.distances.count = 0
    blind.distances._write = lambda dt: None
    least = {kept: np.inf, blind: np.inf}
    for tick in range(1250):
        for control in least:
            assert control.tick(BodyTarget(base=np.array(way)), DT)
            if tick % 25 == 0:
                least[control] = min(least[control], control.distances.minimum(control.T_odom_base))
    assert least[kept] > 0.008
    assert least[blind] < 0.0


@pytest.mark.parametrize("front", [0.14, 0.1, 0.085])
def test_a_base_that_can_hardly_brake_on_its_wheels_stops_before_a_wall_as_well(front):
    """The front wheels so near below the centre of mass [m] that braking hard would tip the robot over them."""
    wall = Box("wall", (0.1, 6.0, 0.5), (1.1, 0.0, 0.25))
    base, back = described().base, [(-0.18, -0.16), (-0.18, 0.16)]
    base = dataclasses.replace(base, support=((front, 0.16), (front, -0.16), *back))
    control, least = WholeBody(dataclasses.replace(described(), obstacles=(wall,), base=base)), np.inf
    for tick in range(1500):
        assert control.tick(BodyTarget(base=np.array([0.8, 0.0, 0.0])), DT)
        if tick % 25 == 0:
            least = min(least, control.distances.minimum(control.T_odom_base))
    assert least > 0.008
    assert control.base_place[0] > 0.8  # it drove up to it


def test_arms_that_are_told_to_cross_stay_apart():
    control = controlled()
    left, right = (control.tool_pose(name) for name in control.hands)
    swapped = shifted(control, np.zeros(3))
    swapped.hands["left"].T[:], swapped.hands["right"].T[:] = right, left
    least = np.inf
    for tick in range(1500):
        assert control.tick(swapped, DT)
        if tick % 10 == 0:
            least = min(least, control.distances.minimum(control.T_odom_base))
    assert 0.003 < least < 0.02


def test_links_that_begin_too_near_are_not_thrown_apart():
    """Folded hands, nearer than the margin: they may stay, and go no nearer."""
    control = controlled(distance=0.05)
    least = control.distances.minimum(control.T_odom_base)
    assert least < 0.05
    follow(control, shifted(control, np.zeros(3)), 0.5)
    assert np.abs(control.dq).max() < 0.05
    assert control.distances.minimum(control.T_odom_base) > least - 2e-3
