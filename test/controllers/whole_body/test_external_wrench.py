# SPDX-License-Identifier: Apache-2.0
"""Hands of a follower give way to what a sensor measures on them, and come back."""

import numpy as np
import pytest
from robot_rigs.body_rig import BodyRig
from robot_rigs.two_armed_robot import DT

from controllers.errors import ConfigError, VlaError
from controllers.whole_body.external_wrench import AGE_MAX_S, ExternalWrenches

PUSH = np.array([0.0, 0.0, -20.0, 0.0, 0.0, 0.0])  # [N, N·m]
OUT = 0.02 * np.arange(1, 6)[:, None] * np.array([1.0, 0.0, 0.0])


def run(rig: BodyRig, seconds: float, wrench: np.ndarray | None = None, arm: str = "left") -> None:
    for _ in range(round(seconds / DT)):
        if wrench is not None:
            rig.follower.external_wrenches.tell(arm, rig.now, wrench)
        rig.run(DT)


@pytest.fixture
def rig() -> BodyRig:
    rig = BodyRig()
    rig.submit(rig.columns({"left": 0.0 * OUT, "right": 0.0 * OUT}), step=0.1)
    rig.run(1.0)
    return rig


def test_a_pushed_hand_gives_way_as_its_spring_says_and_comes_back(rig):
    run(rig, 2.0, PUSH)
    admittance = rig.follower._ensemble.body.control.config.admittance
    expected = (20.0 - admittance.force_threshold) / admittance.stiffness  # 6 cm
    assert rig.went("left") == pytest.approx([0.0, 0.0, -expected], abs=4e-3)
    assert rig.went("right") == pytest.approx(np.zeros(3), abs=2e-3)
    run(rig, 2.5)
    assert rig.went("left") == pytest.approx(np.zeros(3), abs=2e-3)
    groups = rig.embodiment.driven_groups
    most = np.concatenate([group.acceleration for group in groups])
    assert (np.abs(np.diff(np.array(rig.commands), 2, axis=0)).max(axis=0) / DT**2 <= 1.001 * most).all()


def test_a_hand_on_its_way_goes_on_with_the_push(rig):
    rig.submit(rig.columns({"left": OUT}), step=0.3)
    run(rig, 3.0, PUSH)
    assert rig.went("left")[0] == pytest.approx(OUT[-1, 0], abs=4e-3)
    assert rig.went("left")[2] < -0.05


def test_a_sensor_that_falls_silent_pushes_no_more(rig):
    run(rig, 1.0, PUSH)
    assert rig.went("left")[2] < -0.04
    run(rig, 2.5)
    assert abs(rig.went("left")[2]) < 2e-3


def test_no_push_is_too_much(rig):
    run(rig, 1.5, 1e6 * PUSH)
    admittance = rig.follower._ensemble.body.control.config.admittance
    assert np.linalg.norm(rig.went("left")) < admittance.offset_max + 5e-3
    assert rig.follower.latched == ""


def test_what_was_stopped_stays_where_it_is_however_it_is_pushed(rig):
    run(rig, 1.0, PUSH)
    rig.follower.emergency_stop()
    run(rig, 0.5, PUSH)
    before = rig.went("left")
    assert before[2] < -0.04  # it does not spring back either
    run(rig, 1.0, PUSH)
    run(rig, 0.5)
    assert rig.went("left") == pytest.approx(before, abs=1e-3)
    rig.follower.release_emergency_stop()
    rig.enable()
    run(rig, 1.0, PUSH)
    assert rig.went("left")[2] < before[2] - 0.03


def test_what_cannot_be_a_push_is_said():
    wrenches = ExternalWrenches(["left"])
    with pytest.raises(ConfigError, match="unknown arm that gives way to a wrench 'lft': did you mean 'left'"):
        wrenches.tell("lft", 0.0, PUSH)
    with pytest.raises(VlaError, match="wrench on arm 'left' is not finite"):
        wrenches.tell("left", 0.0, np.full(6, np.nan))
    wrenches.tell("left", 1.0, PUSH)
    assert wrenches.at(1.0 + 0.5 * AGE_MAX_S)["left"] is PUSH
    assert wrenches.at(1.0 + 2.0 * AGE_MAX_S) == wrenches.at(1.0 - 2.0 * AGE_MAX_S) == {}


def test_an_arm_that_efforts_drive_has_no_say_here():
    rig = BodyRig(command="effort")
    assert rig.follower.external_wrenches is not None
    assert rig.follower.external_wrenches.arms == ()


def test_after_a_way_that_was_blocked_the_next_chunk_gives_way_again(rig):
    body = rig.follower._ensemble.body
    body.come_to_rest(DT)
    assert not body.external_wrenches.heeded
    rig.submit(rig.columns({"left": 0.0 * OUT}), step=0.1)
    run(rig, 1.5, PUSH)
    assert rig.went("left")[2] < -0.04
