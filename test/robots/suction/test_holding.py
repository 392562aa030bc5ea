# SPDX-License-Identifier: Apache-2.0
"""Sealed cups hold what their limits allow, share it as springs do, and let go one after the other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.robots.suction.holding import CupLimits, Hold, HoldFailure, hold, required_force, shared_load
from vla_ros.robots.suction.limit_analysis import least_utilisation

VACUUM, G = 60e3, 9.81
DOWN = np.array([0.0, 0.0, G])  # the tool's z looks down
SQUARE = 0.03 * np.array([[1.0, 1, 0], [-1, 1, 0], [-1, -1, 0], [1, -1, 0]])
EACH = VACUUM * np.pi * 0.015**2  # [N] suction of a cup
STRONG = CupLimits(material=1e9)


def lift(
    mass=1.0, center=(0.0, 0.0, 0.05), positions=SQUARE, gravity=DOWN, sealed=None, limits=None, turn=None
) -> Hold:
    """Hold one mass still by cups of 15 mm radius."""
    turn = Rotation.identity() if turn is None else turn
    cups = len(positions)
    sealed = np.ones((1, cups), bool) if sealed is None else np.array([sealed])
    force = required_force(mass, np.zeros((1, 3)), turn.apply(gravity)[None])
    axes = np.tile(turn.apply([0.0, 0, 1]), (cups, 1))
    positions, radius = turn.apply(positions), np.full(cups, 0.015)
    return hold(sealed, positions, axes, radius, VACUUM, force, turn.apply(center)[None], limits=limits)


def test_a_cup_holds_pressure_times_area_and_no_more():
    centred = np.zeros((1, 3))
    for share, held in ((0.999, True), (1.001, False)):
        result = lift(share * EACH / G, positions=centred)
        assert result.held == held
        assert result.utilisation == pytest.approx(share)
        assert result.failure == HoldFailure.PULL_OFF
        assert result.lost.any() != held
    assert lift(0.999 * 4 * EACH / G).held
    assert not lift(1.001 * 4 * EACH / G).held


@given(acceleration=st.floats(0.0, 20.0), safety=st.floats(1.0, 4.0), friction=st.floats(0.1, 0.9))
def test_load_cases_of_vacuum_handbooks(acceleration, safety, friction):
    """F = m (g + a) S lifting, m / μ (g + a) S upright (Schmalz, "Theoretical holding force of a suction cup").

    Sideways, m (g + a / μ) S, follows from friction. At F the utilisation is 1 / S, the centre of mass at the lip.
    """
    limits, centred = CupLimits(friction=friction), np.zeros((1, 3))
    suction = EACH
    for gravity, accelerated, theoretical in (
        ([0, 0, G], [0, 0, -acceleration], G + acceleration),
        ([0, 0, G], [acceleration, 0, 0], G + acceleration / friction),
        ([0, G, 0], [0, -acceleration, 0], (G + acceleration) / friction),
    ):
        mass = suction / (safety * theoretical)
        force = required_force(mass, np.array([accelerated], float), np.array([gravity], float))
        result = hold(
            np.ones((1, 1), bool), centred, [[0.0, 0, 1]], 0.015, VACUUM, force, np.zeros((1, 3)), limits=limits
        )
        assert result.utilisation == pytest.approx(1.0 / safety)


def test_a_bending_moment_peels_a_lip_from_one_side():
    """A ring pressed on by F lifts at one side from M = F r / 2 on: section modulus over area of a thin ring."""
    arm = 0.02
    result = lift(1.0, (arm, 0, 0), np.zeros((1, 3)), limits=STRONG)
    assert result.failure == HoldFailure.PEEL
    assert result.utilisation == pytest.approx((G + 2.0 * G * arm / 0.015) / EACH)
    soft = lift(1.0, (arm, 0, 0), np.zeros((1, 3)), limits=CupLimits(material=0.5))
    assert soft.failure == HoldFailure.MATERIAL
    assert soft.utilisation == pytest.approx(G * arm / (np.pi * 0.015 * 0.5))


def test_a_twist_slips_at_friction_times_radius():
    limits = CupLimits(friction=0.4)
    force = np.zeros((1, 3))
    twist = np.array([[0.0, 0, 0.9 * 0.4 * 0.015 * EACH]])
    result = hold(
        np.ones((1, 1), bool), np.zeros((1, 3)), [[0.0, 0, 1]], 0.015, VACUUM, force, force, twist, limits=limits
    )
    assert result.failure == HoldFailure.SLIP
    assert result.utilisation == pytest.approx(0.9)


finite = st.floats(-0.08, 0.08)
places = st.lists(st.tuples(finite, finite, st.floats(-0.02, 0.02)), min_size=1, max_size=7).map(np.array)
points = st.tuples(finite, finite, finite)
directions = (
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda one: np.linalg.norm(one) > 0.2).map(lambda one: G * np.array(one))
)


@given(places, points, directions)
def test_cups_and_load_balance(positions, center, gravity):
    cups = len(positions)
    force, here = required_force(1.3, np.zeros((1, 3)), gravity[None]), np.array([center])
    rng = np.random.default_rng(0)
    axes = np.array([[0.0, 0, 1]]) + rng.normal(0, 0.2, (cups, 3))
    axes = (axes / np.linalg.norm(axes, axis=-1, keepdims=True))[None]
    forces, moments = shared_load(
        np.ones((1, cups), bool),
        positions[None],
        axes,
        np.full((1, cups), 0.015),
        force,
        here,
        np.zeros((1, 3)),
        CupLimits(),
    )
    assert forces.sum(1) == pytest.approx(force, abs=1e-8)
    about = np.cross(positions - here, forces[0]).sum(0) + moments.sum((0, 1))
    assert about == pytest.approx(np.zeros(3), abs=1e-8)


@given(places, points, directions, st.floats(0.1, 10.0))
def test_utilisation_is_proportional_to_the_load(positions, center, gravity, heavier):
    one, other = (lift(mass, center, positions, gravity) for mass in (1.0, heavier))
    assert other.utilisation == pytest.approx(heavier * one.utilisation, rel=1e-6)
    assert other.failure == one.failure


@given(places, points, directions, st.integers(0, 1000))
def test_nothing_depends_on_the_frame(positions, center, gravity, seed):
    turn = Rotation.random(rng=np.random.default_rng(seed))
    here, turned = lift(1.0, center, positions, gravity), lift(1.0, center, positions, gravity, turn=turn)
    assert turned.utilisation == pytest.approx(here.utilisation, rel=1e-6)


@given(st.floats(0.0, 0.3), st.floats(0.0, 0.3), st.floats(0.0, 6.3))
def test_a_centre_of_mass_further_off_is_never_easier(one, other, direction):
    towards = np.array([np.cos(direction), np.sin(direction), 0.0])
    near, far = (lift(1.0, offset * towards) for offset in sorted((one, other)))
    assert near.utilisation <= far.utilisation + 1e-9


@given(places, points, directions)
@settings(max_examples=30)
def test_springs_never_hold_more_than_the_best_way_to_share(positions, center, gravity):
    result = lift(1.0, center, positions, gravity)
    cups = len(positions)
    best = least_utilisation(
        positions,
        np.tile([0.0, 0, 1], (cups, 1)),
        np.full(cups, 0.015),
        np.full(cups, VACUUM),
        -gravity,
        np.array(center),
    )
    assert best <= result.utilisation[0] * (1 + 1e-6) + 1e-9
    assert cups > 1 or best == pytest.approx(result.utilisation[0], rel=0.03)  # tangents: 3 % outside


@given(places, points, directions, points)
@settings(max_examples=30)
def test_one_more_cup_never_lowers_what_could_be_held(positions, center, gravity, more):
    def best(places: np.ndarray) -> float:
        cups = len(places)
        axes = np.tile([0.0, 0, 1], (cups, 1))
        return least_utilisation(places, axes, np.full(cups, 0.015), np.full(cups, VACUUM), -gravity, np.array(center))

    assert best(np.concatenate([positions, [more]])) <= best(positions) * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize("gravity", [[0, 0, G], [G, 0, 0], [0, 0, -G]])
def test_more_of_a_ring_never_holds_less(gravity):
    angle = np.linspace(0, 2 * np.pi, 7)[:6]
    ring = 0.04 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], -1)
    used = [
        lift(1.0, (0, 0, 0.05), ring, np.array(gravity), sealed=np.isin(np.arange(6), on))
        for on in ([0, 3], [0, 1, 3, 4], range(6))
    ]
    values = [float(one.utilisation[0]) for one in used]
    assert values == sorted(values, reverse=True) or max(values) < 1e-9


def test_a_cup_that_lets_go_leaves_the_load_to_the_others_or_takes_all_with_it():
    """A weak cup is overloaded at once: a strong neighbour that carries all by itself still holds."""
    positions, axes = np.array([[0.0, 0, 0], [0.05, 0, 0]]), np.tile([0.0, 0, 1], (2, 1))
    force, center = required_force(np.array([2.0]), np.zeros((1, 3)), DOWN[None]), np.zeros((1, 3))
    vacuum = np.array([[VACUUM, 500.0]])
    both = np.ones((1, 2), bool)
    bent = np.array([[0.0, 0.1, 0.0]])
    result = hold(both, positions, axes, np.full(2, 0.015), vacuum, force, center, bent, STRONG)
    assert result.first_utilisation > 1.0
    assert result.held
    assert result.lost.tolist() == [[False, True]]
    heavier = hold(both, positions, axes, np.full(2, 0.015), vacuum, 3 * force, center, bent, STRONG)
    assert not heavier.held
    assert heavier.lost.all()


def test_no_seal_holds_nothing_and_batches_are_independent():
    rng = np.random.default_rng(1)
    sealed = rng.random((200, 7)) < 0.5
    sealed[0] = False
    positions, axes = rng.normal(0, 0.05, (7, 3)), np.tile([0.0, 0, 1], (7, 1))
    force, center = rng.normal(0, 20, (200, 3)), rng.normal(0, 0.05, (200, 3))
    whole = hold(sealed, positions, axes, np.full(7, 0.015), VACUUM, force, center)
    assert not whole.held[0]
    assert np.isinf(whole.utilisation[0])
    assert whole.failure[0] == HoldFailure.NO_SEAL
    assert not (whole.lost & ~sealed).any()
    for row in range(0, 200, 17):
        here = slice(row, row + 1)
        alone = hold(sealed[here], positions, axes, np.full(7, 0.015), VACUUM, force[here], center[here])
        for field in dataclasses.fields(Hold):
            assert getattr(alone, field.name)[0] == pytest.approx(getattr(whole, field.name)[row])


def test_pushing_into_the_cups_needs_no_suction():
    result = lift(1.0, (0, 0, 0), SQUARE, -DOWN)
    assert result.utilisation == pytest.approx(0.0)
    assert result.held


def test_wrong_shapes_are_refused():
    with pytest.raises(ConfigError, match="grasps, cups"):
        hold(np.ones(3, bool), SQUARE[:3], SQUARE[:3], 0.015, VACUUM, np.zeros(3), np.zeros(3))
