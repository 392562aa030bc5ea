# SPDX-License-Identifier: Apache-2.0
"""Cups seal on surfaces that a lip can follow, and say why not on the others."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers.errors import ConfigError
from vla_ros.robots.suction.cup_array import CupArray
from vla_ros.robots.suction.seal import LipLimits, Seal, SealFailure, inner_offsets, rim_offsets, seal
from vla_ros.robots.tools.description import Cup
from vla_ros.robots.tools.named import load_tool

RADIUS, BELLOWS, TILT, STROKE = 0.015, 0.004, 0.26, 0.03
CUP = CupArray.of([Cup("cup", 0.0, 0.0, RADIUS, STROKE, BELLOWS, TILT)])


def on(height, cups: CupArray = CUP, **options) -> Seal:
    """Seal one cup on the surface z = height(x, y) [m]."""
    rim, inner = (cups.radius[0] * offsets for offsets in (rim_offsets(), inner_offsets()))
    distances = [np.array([[height(x, y) for x, y in points]]) for points in (rim, inner)]
    return seal(distances[0], cups, distances[1], **options)


def why(result: Seal) -> SealFailure:
    assert result.sealed.all() == (result.failure == SealFailure.SEALED).all()
    return SealFailure(int(result.failure.flat[0]))


def cylinder(radius: float, turn: float = 0.0):
    def height(x: float, y: float) -> float:
        across = -x * np.sin(turn) + y * np.cos(turn)
        return radius - np.sqrt(radius**2 - across**2) if abs(across) < radius else np.inf

    return height


def sphere(radius: float):
    return lambda x, y: radius - np.sqrt(radius**2 - x**2 - y**2) if x**2 + y**2 < radius**2 else np.inf


def smallest(surface) -> float:
    """Find the smallest radius [m] that the cup seals on."""
    low, high = 0.5 * RADIUS, 100.0 * RADIUS
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if on(surface(middle)).sealed.all() else (middle, high)
    return high


def test_a_plane_seals_perfectly_wherever_the_piston_reaches():
    assert on(lambda x, y: 0.0).quality == pytest.approx(1.0)
    assert on(lambda x, y: STROKE + 0.9 * BELLOWS).sealed.all()
    assert why(on(lambda x, y: STROKE + 1.1 * BELLOWS)) is SealFailure.OUT_OF_REACH
    assert why(on(lambda x, y: -1.1 * BELLOWS)) is SealFailure.BOTTOMED_OUT


@given(lean=st.floats(0.0, 0.5), direction=st.floats(0.0, 6.3))
def test_a_leaning_plane_seals_up_to_the_tilt_of_the_lip(lean, direction):
    result = on(lambda x, y: np.tan(lean) * (x * np.cos(direction) + y * np.sin(direction)))
    assert result.tilt == pytest.approx(lean, abs=1e-9)
    assert result.axis[0] @ [0.0, 0.0, 1.0] == pytest.approx(np.cos(lean))
    if abs(lean - TILT) > 1e-6:
        assert why(result) is (SealFailure.SEALED if lean < TILT else SealFailure.TILT)
    assert result.unevenness == pytest.approx(0.0, abs=1e-12)


def test_the_smallest_cylinder_is_where_the_rim_rises_by_what_the_bellows_give():
    least = smallest(cylinder)
    assert least - np.sqrt(least**2 - RADIUS**2) == pytest.approx(BELLOWS, rel=1e-3)
    assert why(on(cylinder(0.9 * least))) is SealFailure.CURVATURE


def test_the_smallest_sphere_fills_the_cup():
    """On a sphere the rim is a circle, all its springs at rest: what stands into the cup is the limit."""
    least, room = smallest(sphere), BELLOWS + LipLimits().cavity * RADIUS
    assert least - np.sqrt(least**2 - RADIUS**2) == pytest.approx(room, rel=1e-3)
    assert on(sphere(2 * least)).strain == pytest.approx(0.0, abs=1e-9)
    assert why(on(sphere(0.99 * least))) is SealFailure.PROTRUSION


@given(turn=st.floats(0.0, 6.3), radius=st.floats(0.02, 0.1))
def test_a_cylinder_seals_alike_however_it_lies(turn, radius):
    there, turned = on(cylinder(radius)), on(cylinder(radius, turn))
    # between two of 16 points the highest is missed by 1 - cos(2π/16) of the amplitude at most
    assert turned.unevenness == pytest.approx(there.unevenness, rel=0.08)
    quarter = on(cylinder(radius, np.pi / 8))
    assert quarter.quality == pytest.approx(there.quality, rel=1e-6, abs=1e-9)


@given(st.floats(0.03, 1.0), st.floats(0.03, 1.0))
def test_quality_falls_with_curvature(one, other):
    flat, curved = max(one, other), min(one, other)
    assert on(cylinder(curved)).quality <= on(cylinder(flat)).quality + 1e-12


@pytest.mark.parametrize("drop", [0.02, 0.2, np.inf])
@pytest.mark.parametrize("beyond", [-0.9, -0.5, 0.0, 0.5, 0.9])
def test_an_edge_under_the_rim_does_not_seal(drop, beyond):
    result = on(lambda x, y: drop if x > beyond * RADIUS else 0.0)
    assert why(result) is (SealFailure.MISS if np.isinf(drop) else SealFailure.EDGE)
    assert not result.quality.any()
    assert not result.vacuum_share.any()
    assert on(lambda x, y: drop if x > 1.01 * RADIUS else 0.0).sealed.all()


def test_a_hole_inside_a_whole_rim_is_a_miss_and_a_dent_is_not():
    assert why(on(lambda x, y: np.nan if np.hypot(x, y) < 0.002 else 0.0)) is SealFailure.MISS
    assert on(lambda x, y: 0.01 if np.hypot(x, y) < 0.002 else 0.0).sealed.all()
    assert why(on(lambda x, y: -0.01 if np.hypot(x, y) < 0.002 else 0.0)) is SealFailure.PROTRUSION


def test_two_things_under_one_cup_are_told_apart_from_one():
    rim, inner = np.zeros((2, 1, 16)), np.zeros((2, 1, 7))
    things = np.stack([np.full((1, 16), 3), np.where(rim_offsets()[:, 0] > 0, 3, 4)[None]])
    result = seal(rim, CUP, inner, things, np.full((2, 1, 7), 3))
    assert result.failure.tolist() == [[SealFailure.SEALED], [SealFailure.TWO_OBJECTS]]


def test_ribs_do_not_seal_that_a_wave_of_the_same_height_does():
    along = np.arange(16)
    wave, ribs = 0.0015 * np.cos(4 * np.pi * along / 16), 0.0015 * np.cos(np.pi * along)
    result = seal(np.stack([wave, ribs])[:, None], CUP)
    assert np.ptp(result.unevenness) < 1e-12
    assert result.failure.tolist() == [[SealFailure.SEALED], [SealFailure.CURVATURE]]


@given(st.floats(0.0, 1e-4))
def test_a_leak_leaves_what_the_pump_balances(conductance):
    limits = LipLimits()
    result = on(lambda x, y: 0.0, conductance=np.array([[conductance]]))
    share = 1.0 / (1.0 + conductance * np.pi * RADIUS**2 * limits.pump_vacuum / limits.pump_flow)
    flow = conductance * np.pi * RADIUS**2 * share * limits.pump_vacuum
    assert flow == pytest.approx(limits.pump_flow * (1.0 - share), abs=1e-12)  # surface and pump agree
    assert why(result) is (SealFailure.SEALED if share >= limits.vacuum_share else SealFailure.POROUS)
    assert result.vacuum_share == pytest.approx(share if result.sealed.all() else 0.0)


@given(height=st.floats(-0.003, 0.03), seed=st.integers(0, 1000))
def test_moving_along_the_axis_changes_the_reach_alone(height, seed):
    rim = np.random.default_rng(seed).normal(0.0, 5e-4, (1, 16))
    here, there = seal(rim - rim.mean(), CUP), seal(rim - rim.mean() + height, CUP)
    assert there.distance == pytest.approx(height, abs=1e-12)
    assert there.failure == here.failure
    assert there.quality == pytest.approx(here.quality, abs=1e-6)


def test_batches_of_tools_are_judged_cup_by_cup():
    cups = CupArray.of(load_tool("hybrid").cups + load_tool("single_cup").cups)
    rim = np.random.default_rng(0).normal(0.0, 1e-3, (5, 4, 16))
    whole = seal(rim, cups)
    for cup in range(4):
        alone = CupArray(*(getattr(cups, field.name)[cup : cup + 1] for field in dataclasses.fields(cups)))
        one = seal(rim[:, cup : cup + 1], alone)
        assert one.failure[:, 0].tolist() == whole.failure[:, cup].tolist()
        assert one.quality[:, 0] == pytest.approx(whole.quality[:, cup])


def test_wrong_shapes_and_tools_without_cups_are_refused():
    with pytest.raises(ConfigError, match="8 points"):
        seal(np.zeros((1, 4)), CUP)
    with pytest.raises(ConfigError, match=r"\(1, 7\)"):
        seal(np.zeros((1, 16)), CUP, np.zeros((1, 3)))
    with pytest.raises(ConfigError, match="cups"):
        CupArray.of(load_tool("parallel").cups)
