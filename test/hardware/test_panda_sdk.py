# SPDX-License-Identifier: Apache-2.0
"""The Panda's driver against a simulated arm: panda-py's own libfranka speaks the robot's protocol to it."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from arms.franka_arm import HOME, franka_model
from eventually import eventually

pytest.importorskip("panda_py", reason="panda_py is not installed: VLA_EXTRAS=hardware ./vla … installs it")

from rig.fci.model_library import compiler
from rig.fci.station import PandaStation

from controllers.errors import ConfigError
from vla_ros.hardware.panda.arm import FIRM
from vla_ros.hardware.panda.position_stream import CATCH_UP_SPEED
from vla_ros.hardware.panda.sdk import PandaSdk

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C compiler makes the library that libfranka loads")
PERIOD = 0.002  # [s]
RATE = 1.0 + 1e-9  # [N·m] that torques may change by in a millisecond: libfranka's limit
SHIFT = np.array([0.3, -0.3, 0.3, 0.3, 0.3, 0.3, 0.3])  # [rad]


@pytest.fixture(scope="module")
def station() -> Iterator[PandaStation]:
    """A simulated arm and hand."""
    station = PandaStation()
    yield station
    station.close()


@pytest.fixture(scope="module")
def connected(station: PandaStation) -> Iterator[PandaSdk]:
    """Their driver."""
    sdk = PandaSdk(station.address)
    yield sdk
    sdk.close()
    assert station.state["mode"] == "IDLE", "it left the arm in motion or in error"


@pytest.fixture
def sdk(station: PandaStation, connected: PandaSdk) -> PandaSdk:
    """The driver, the arm at home and at rest, the hand open."""
    station.tell("push", torque=[0.0] * 7)
    station.tell("thing", width=0.0)
    if np.abs(read(connected).position - HOME).max() > 1e-3 or connected.fault:
        station.tell("place", q=HOME.tolist())  # which aborts the motion
        assert eventually(lambda: connected.read() is not None and connected.fault)
        connected.recover()
        assert eventually(lambda: not connected.fault)
    connected.grip(0.08)
    assert eventually(lambda: read(connected).width > 0.079 and np.abs(read(connected).position - HOME).max() < 1e-3)
    drive(connected, "position", lambda t: HOME, 0.1)
    station.motion()
    return connected


def read(sdk: PandaSdk):
    reading = sdk.read()
    assert reading is not None
    return reading


def drive(
    sdk: PandaSdk, kind: str, command: Callable[[float], np.ndarray], seconds: float
) -> tuple[np.ndarray, np.ndarray]:
    """Stream commands of the time [s]; return when each was told [s, monotonic], and what."""
    began = time.monotonic()
    told: list[tuple[float, np.ndarray]] = []
    while (t := time.monotonic() - began) < seconds:
        sdk.read()
        values = command(t)
        sdk.drive(kind, values)
        told.append((time.monotonic(), values))
        time.sleep(PERIOD)
    times, values = zip(*told, strict=True)
    return np.array(times), np.array(values)


def smooth(t: float, seconds: float) -> float:
    return 0.5 - 0.5 * np.cos(np.pi * min(t / seconds, 1.0))


def test_what_the_arm_says_is_read(sdk, station):
    reading = read(sdk)
    assert time.monotonic() - reading.stamp < 0.05
    np.testing.assert_allclose(reading.position, HOME, atol=2e-3)
    np.testing.assert_allclose(reading.velocity, 0.0, atol=5e-3)
    assert reading.width == pytest.approx(0.08, abs=1e-3)
    weight = franka_model().gravity_effort(HOME)
    assert np.abs(weight).max() > 15.0
    np.testing.assert_allclose(reading.effort, 0.0, atol=0.2)  # beyond the weight

    station.tell("push", torque=[0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0])
    drive(sdk, "position", lambda t: HOME, 0.6)
    assert read(sdk).effort[3] == pytest.approx(-5.0, abs=0.3)


def test_positions_are_followed(sdk, station):
    drive(sdk, "position", lambda t: HOME + SHIFT * smooth(t, 1.2), 2.0)
    np.testing.assert_allclose(read(sdk).position, HOME + SHIFT, atol=6e-3)  # 0.1 N·m of friction at 25 N·m/rad
    motion = station.motion()
    assert motion.moving.all()
    assert not sdk.fault
    assert np.abs(np.diff(motion.tau, axis=0)).max() <= RATE


def test_efforts_are_given_as_they_are_told(sdk, station):
    model = franka_model()

    def law(t: float) -> np.ndarray:
        state = read(sdk)
        model.update(state.position, state.velocity)
        goal = HOME + 0.3 * SHIFT * np.sin(4.0 * t)
        return model.M @ (100.0 * (goal - state.position) - 16.0 * state.velocity) + model.coriolis

    times, wanted = drive(sdk, "effort", law, 1.5)
    motion = station.motion()
    assert np.abs(motion.q - HOME).max() > 0.03
    # What the arm had a few milliseconds later, which libfranka's 100 Hz filter takes.
    late = 0.004
    at = np.searchsorted(times, motion.arrived - late) - 1
    rows = (at >= 100) & (motion.arrived < times[-1])
    off = np.abs(motion.tau[rows] - wanted[at[rows]])
    assert np.median(off.max(axis=1)) < 0.35, np.median(off, axis=0)
    assert np.abs(wanted).max() > 2.0
    assert not sdk.fault


def test_efforts_whose_sender_hangs_end_at_a_place(sdk, station):
    tau = np.array([6.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0])
    drive(sdk, "effort", lambda t: tau, 0.1)
    ctypes.PyDLL(None).usleep(1_500_000)  # with Python's lock held: nothing of Python runs
    motion = station.motion()
    assert np.abs(motion.dq[-1]).max() < 1e-2
    began = int(np.argmax(np.abs(motion.tau[:, 0]) > 3.0))
    way = np.abs(motion.q - motion.q[began]).max(axis=0)
    assert way[0] > 0.02
    assert way.max() < 0.3
    assert sdk.read() is not None
    assert not sdk.fault


def test_held_after_efforts_it_neither_sags_nor_jumps(sdk, station):
    station.tell("push", torque=[0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0])  # a load it was not told of
    drive(sdk, "effort", lambda t: np.array([0.0, 0.0, 0.0, -3.0, 0.0, 0.0, 0.0]), 0.5)
    where = read(sdk).position
    sdk.hold()
    time.sleep(0.6)
    held = read(sdk).position
    assert np.abs(held - where).max() < 0.02
    assert np.abs(held - where)[3] < 3.0 / FIRM.stiffness[3] + 0.004  # the spring's own
    for _ in range(5):
        sdk.hold()
        time.sleep(0.05)
    motion = station.motion()
    assert motion.moving.all()
    assert np.abs(np.diff(motion.tau, axis=0)).max() <= RATE


def test_held_after_positions_it_stays_where_it_was_told_to_be_however_often(sdk, station):
    station.tell("push", torque=[0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0])
    for _ in range(5):
        drive(sdk, "position", lambda t: HOME, 0.2)
        sdk.hold()
        time.sleep(0.1)
    assert np.abs(read(sdk).position - HOME).max() < 3.0 / FIRM.stiffness[3] + 0.003


def test_in_motion_it_is_held_and_driven_again_without_a_step_of_torque(sdk, station):
    swing = np.array([5.0, 0.0, 0.0, 3.0, 0.3, 0.0, 0.1])
    for sign in (1.0, -1.0, 1.0, -1.0):
        drive(sdk, "effort", lambda t, sign=sign: sign * swing, 0.12)
        sdk.hold()
        time.sleep(0.15)
    motion = station.motion()
    assert not sdk.fault
    assert motion.moving.all()
    assert np.abs(motion.dq).max() > 0.8  # panda-py's own springs would swing it up from about here
    assert np.abs(np.diff(motion.tau, axis=0)).max() <= RATE
    time.sleep(0.6)
    sdk.read()
    assert np.abs(read(sdk).velocity).max() < 0.02


def test_positions_that_stutter_at_speed_do_not_make_it_swing(sdk, station):
    def stuttering(t: float) -> np.ndarray:
        if 0.05 < t % 0.4 < 0.055:
            time.sleep(0.1)
        return HOME + 0.5 * SHIFT * np.sin(5.0 * t)

    drive(sdk, "position", stuttering, 2.5)
    assert not sdk.fault
    assert np.abs(station.motion().dq).max() < 1.7  # 0.75 rad/s are asked for
    sdk.hold()
    time.sleep(0.8)
    assert np.abs(read(sdk).velocity).max() < 0.05


def test_a_leap_of_positions_is_made_slowly(sdk, station):
    goal = HOME + 0.34 * np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0])  # the gate lets 0.35 pass
    drive(sdk, "position", lambda t: goal, 2.0)
    assert not sdk.fault
    np.testing.assert_allclose(read(sdk).position, goal, atol=6e-3)
    assert np.abs(station.motion().dq).max() < 1.5 * CATCH_UP_SPEED


def test_the_hand_holds_what_is_between_its_fingers_and_lets_go_of_it(sdk, station):
    station.tell("thing", width=0.04)
    begun = len(station.state["goals"])
    for width in np.linspace(0.08, 0.0, 15):
        sdk.grip(width)
        time.sleep(0.02)
    assert eventually(lambda: station.state["grasped"])
    assert eventually(lambda: abs(read(sdk).width - 0.04) < 1e-3)
    for _ in range(10):
        sdk.grip(0.0)
        time.sleep(0.02)
    sdk.grip(0.08)
    assert eventually(lambda: read(sdk).width > 0.079)
    kinds = [kind for kind, _, _ in station.state["goals"][begun:]]
    assert (kinds[0], kinds[-1]) == ("grasp", "move"), kinds
    assert len(kinds) <= 4, kinds
    assert not sdk.fault


def test_a_hand_on_its_way_is_stopped_for_a_newer_goal(sdk, station):
    sdk.grip(0.0)
    time.sleep(0.25)
    assert 0.02 < station.state["width"] < 0.078
    sdk.grip(0.08)
    assert eventually(lambda: read(sdk).width > 0.079)
    assert station.state["width"] > 0.079


def test_a_reflex_is_a_fault_and_nothing_moves_until_it_is_recovered(sdk, station):
    drive(sdk, "effort", lambda t: np.zeros(7), 0.1)
    sdk.recover()  # of nothing: it must not be meant for what comes
    station.tell("reflex", error="cartesian_reflex")
    assert eventually(lambda: sdk.read() is not None and sdk.fault)
    assert "cartesian_reflex" in sdk.fault
    drive(sdk, "effort", lambda t: np.array([8.0, 0, 0, 0, 0, 0, 0]), 0.3)
    sdk.hold()
    drive(sdk, "position", lambda t: HOME + 0.1, 0.3)
    assert station.state["mode"] == "REFLEX"
    assert "cartesian_reflex" in sdk.fault
    assert time.monotonic() - read(sdk).stamp < 0.1, "it is still read"
    sdk.recover()
    assert eventually(lambda: not sdk.fault)
    where = read(sdk).position
    time.sleep(0.2)
    assert station.state["mode"] == "MOVE", "it is held again"
    assert np.abs(read(sdk).position - where).max() < 1e-3, "recovery moves nothing"
    drive(sdk, "position", lambda t: where + 0.1 * smooth(t, 0.5), 1.2)
    np.testing.assert_allclose(read(sdk).position, where + 0.1, atol=6e-3)


def test_the_arms_stop_button_is_a_fault_that_ends_when_it_is_recovered(sdk, station):
    drive(sdk, "effort", lambda t: np.zeros(7), 0.1)
    station.tell("user_stop", pressed=True)
    assert eventually(lambda: sdk.read() is not None and sdk.fault)
    sdk.recover()
    time.sleep(0.2)
    assert "stop" in sdk.fault.lower()
    station.tell("user_stop", pressed=False)
    time.sleep(0.2)
    assert sdk.fault, "it went by itself"
    sdk.recover()
    assert eventually(lambda: not sdk.fault)


def test_an_arm_beyond_its_limits_is_not_driven(sdk, station):
    beyond = HOME.copy()
    beyond[3] = -0.02
    station.tell("place", q=beyond.tolist())
    assert eventually(lambda: sdk.read() is not None and sdk.fault)
    sdk.recover()
    time.sleep(0.1)
    drive(sdk, "effort", lambda t: np.zeros(7), 0.2)
    assert "joint 4" in sdk.fault
    assert "guide it back" in sdk.fault
    station.tell("place", q=HOME.tolist())


def test_nobody_at_the_address_is_said_in_one_line():
    with pytest.raises(ConfigError, match=r"^127\.77\.1\.1: .*refused") as told:
        PandaSdk("127.77.1.1")
    assert "\n" not in str(told.value)


def test_an_arm_that_cannot_be_driven_is_refused_with_the_reason_and_one_that_goes_is_missed():
    station = PandaStation()
    try:
        station.tell("version", version=6)
        with pytest.raises(ConfigError, match="version"):
            PandaSdk(station.address)
        station.tell("version", version=5)
        station.tell("reflex", error="joint_reflex")
        with pytest.raises(ConfigError, match=r"cannot be moved: a reflex stopped it.*joint_reflex"):
            PandaSdk(station.address)
        station.tell("reflex_over")
        sdk = PandaSdk(station.address)
        drive(sdk, "effort", lambda t: np.zeros(7), 0.3)
        station.tell("hand_silence", silent=True)
        assert eventually(lambda: sdk.fault.startswith("hand: "))
        station.kill()
        time.sleep(0.2)
        stamp = read(sdk).stamp
        time.sleep(0.2)
        assert read(sdk).stamp == stamp
        assert eventually(lambda: sdk.read() is not None and not sdk.fault.startswith("hand: "))
        began = time.monotonic()
        sdk.close()
        assert time.monotonic() - began < 8.0
    finally:
        station.close()
