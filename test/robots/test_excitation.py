# SPDX-License-Identifier: Apache-2.0
"""An excitation is smooth, rests at its ends, keeps every limit, and is the same for the same seed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from arms.franka_arm import ARM, FRAME, HOME, franka_config, franka_model
from arms.identification_arm import QUICK, excitation

from controllers.errors import ConfigError
from vla_ros.robots.identification.excitation import SETTLE_S
from vla_ros.robots.identification.excitation_search import ExcitationSearch, SearchConfig
from vla_ros.robots.identification.regressor import UnitRegressor

TIMES = np.linspace(0.0, excitation().duration, 3000)
Q, DQ, DDQ = excitation().sample(TIMES)
SMALL = dataclasses.replace(QUICK, draws=4, variations=0)


def search(config: SearchConfig = SMALL, free=lambda q: True, seed: int = 0, control=None, origin=HOME):
    return ExcitationSearch(franka_model(), ARM, control or franka_config(), config, free, seed).run(origin)


def test_velocity_and_acceleration_are_derivatives():
    step = 1e-5
    inside = TIMES[(TIMES > SETTLE_S + 0.01) & (TIMES < SETTLE_S + 6.9)]
    before, now, after = (excitation().sample(inside + shift) for shift in (-step, 0.0, step))
    np.testing.assert_allclose((after[0] - before[0]) / (2 * step), now[1], atol=1e-6)
    np.testing.assert_allclose((after[1] - before[1]) / (2 * step), now[2], atol=1e-5)


def test_it_rests_at_home_at_both_ends_and_between_the_series():
    seams = SETTLE_S + 7.0 * np.arange(3)
    for shift in (-1e-6, 1e-6):
        q, dq, ddq = excitation().sample(seams + shift)
        np.testing.assert_allclose(q, np.tile(HOME, (3, 1)), atol=1e-9)
        np.testing.assert_allclose(dq, 0.0, atol=1e-4)
        np.testing.assert_allclose(ddq, 0.0, atol=1e-3)
    outside = excitation().sample(np.array([-1.0, 0.5, 99.0]))
    np.testing.assert_array_equal(outside[0], np.tile(HOME, (3, 1)))
    assert not outside[1:].any()


def test_it_keeps_every_limit():
    config, control = QUICK, franka_config()
    assert (ARM.lower + config.joint_margin - 2e-3 <= Q).all()  # limits are looked at 240 times a series
    assert (ARM.upper - config.joint_margin + 2e-3 >= Q).all()
    stitch = control.stitch
    assert (np.abs(DQ) <= 1.001 * config.speed_share * stitch.joint_speed_scale * ARM.velocity).all()
    assert (np.abs(DDQ) <= 1.01 * config.speed_share * stitch.joint_acceleration_max).all()
    tools = np.array([franka_model().forward(q)[:3, 3] for q in Q[::10]])
    assert (tools > np.array(control.workspace_lower) + config.box_margin - 1e-3).all()
    assert (tools < np.array(control.workspace_upper) - config.box_margin + 1e-3).all()


def test_it_is_band_limited():
    highest = QUICK.harmonics / QUICK.period  # [Hz]
    moving = (TIMES >= SETTLE_S) & (SETTLE_S + QUICK.period > TIMES)
    spectrum = np.abs(np.fft.rfft(DQ[moving], axis=0))
    frequency = np.fft.rfftfreq(int(moving.sum()), TIMES[1])
    assert spectrum[frequency > 1.5 * highest].max() < 0.05 * spectrum.max()


def test_joints_move_both_ways():
    assert (DQ.max(axis=0) > 0.2).all()
    assert (DQ.min(axis=0) < -0.2).all()


def test_the_seed_decides():
    one, same, other = (search(seed=seed).sample(TIMES)[0] for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.1


def condition(of) -> float:
    state = of.series[0].sample(np.linspace(0.0, QUICK.period, 200))
    return float(np.linalg.cond(UnitRegressor(franka_model()).information(state))) ** 0.5


def test_searching_pays():
    assert condition(search(dataclasses.replace(SMALL, draws=20, variations=40))) < 0.75 * condition(
        search(dataclasses.replace(SMALL, draws=1))
    )


def test_what_is_around_makes_it_smaller():
    def low(q: np.ndarray) -> bool:
        return bool(franka_model().forward(q)[2, 3] > 0.45)

    states = search(free=low).sample(TIMES)[0]
    assert min(franka_model().forward(q)[2, 3] for q in states[::10]) > 0.44
    assert min(franka_model().forward(q)[2, 3] for q in search().sample(TIMES)[0][::10]) < 0.44


def test_a_narrow_workspace_is_kept():
    control = dataclasses.replace(franka_config(), workspace_lower=(0.1, -0.25, 0.3), workspace_upper=(0.6, 0.25, 0.8))
    tools = np.array([franka_model().forward(q)[:3, 3] for q in search(control=control).sample(TIMES)[0][::10]])
    assert (tools > np.array([0.15, -0.2, 0.35]) - 2e-3).all()
    assert (tools < np.array([0.55, 0.2, 0.75]) + 2e-3).all()


def test_no_room_is_said():
    with pytest.raises(ConfigError, match="starts from is at a limit, outside the box, or touches something"):
        search(free=lambda q: False)
    with pytest.raises(ConfigError, match="no motion fits"):
        search(free=lambda q: bool(np.allclose(q, HOME)))


@pytest.mark.parametrize(
    ("field", "value"), [("period", 1.0), ("fits", 0), ("speed_share", 1.5), ("harmonics", 2), ("period", float("nan"))]
)
def test_nonsense_is_refused(field, value):
    with pytest.raises(ConfigError, match=f"'{field}' must be"):
        dataclasses.replace(QUICK, **{field: value})


def test_a_chunk_shows_the_last_moment_and_the_next_second():
    chunk = excitation().chunk(3.0, 103.0, FRAME, 5)
    assert chunk.stamp == pytest.approx(102.7)
    assert chunk.channels == tuple(f"{joint}/position" for joint in ARM.joints)
    np.testing.assert_allclose(chunk.values, excitation().sample(chunk.stamp - 100.0 + chunk.times)[0], atol=1e-12)
    assert chunk.times[-1] == pytest.approx(1.3)
