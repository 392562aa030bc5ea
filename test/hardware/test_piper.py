# SPDX-License-Identifier: Apache-2.0
"""PiPERs through their maker's SDK against simulated ones on buses: driven, held, gripping, at fault and silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip("piper_sdk", reason="piper_sdk is not installed: VLA_EXTRAS=hardware ./vla … installs it")
from rig.piper_arm import DRIVER_ERROR, HOME, SPEED
from rig.simulated_piper import SimulatedPiper

from controllers.errors import ConfigError
from vla_ros.hardware.piper.can_port import can_address, check_port, port_bitrate
from vla_ros.hardware.piper.sdk import PiperSdk
from vla_ros.hardware.sdk import connect
from vla_ros.robots.sdk import SdkConfig

SAG = 0.02  # [rad]
TICK_S = 0.002


@pytest.fixture
def driver() -> Iterator[Callable[..., PiperSdk]]:
    """Connect drivers to simulated arms, and let go of them in the end."""
    drivers: list[PiperSdk] = []

    def start(arm: SimulatedPiper, speed_share: float | None = None) -> PiperSdk:
        drivers.append(connect("piper_sdk", arm.address, speed_share))
        return drivers[-1]

    yield start
    for one in drivers:
        one.close()


def stream(seconds: float, *drivers: PiperSdk, each: Callable[[float], None] = lambda t: None) -> None:
    """Read of the drivers as sdk_node does, and do something `each` time."""
    began = time.monotonic()
    while (t := time.monotonic() - began) < seconds:
        for one in drivers:
            one.read()
        each(t)
        time.sleep(TICK_S)


def positions(driver: PiperSdk) -> np.ndarray:
    reading = driver.read()
    assert reading is not None
    return reading.position


def turned(joint: int, angle: float) -> np.ndarray:
    """Return a joint's, counted from 1, share of six [rad]."""
    return angle * np.eye(6)[joint - 1]


def until(done: Callable[[], bool], *drivers: PiperSdk, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        stream(TICK_S, *drivers)
    return True


# -- at the start ------------------------------------------------------------------------------------------------------
def test_an_arm_is_enabled_where_it_is_and_holds(piper, driver):
    arm = piper(sag=SAG)
    sdk = driver(arm)
    assert sdk.fault == ""
    stream(0.3, sdk)
    reading, report = sdk.read(), arm.report
    np.testing.assert_allclose(reading.position, HOME - turned(2, SAG), atol=1e-4)
    assert reading.width == pytest.approx(0.05, abs=1e-6)
    assert time.monotonic() - reading.stamp < 0.05
    assert (report["enabled"], report["control"], report["share"], report["follow"]) == (True, 1, 80, 0)
    assert report["heard"].keys() <= {"151", "155", "156", "157", "159", "471"}


def test_a_place_that_the_arm_remembers_from_another_day_is_not_gone_to(piper, driver):
    arm = piper(remembered=(HOME + 0.4).tolist(), late=0.2)
    sdk = driver(arm)
    assert sdk.fault == ""
    stream(0.3, sdk)
    assert arm.report["farthest"] < 0.004  # at a hundredth of its speed, until it is told to be where it is


def test_an_arm_that_does_not_get_power_is_at_fault_and_told_nothing(piper, driver, monkeypatch):
    monkeypatch.setattr("vla_ros.hardware.piper.sdk.ENGAGE_S", 0.4)
    arm = piper(never_enables=True)
    sdk = driver(arm)
    assert sdk.fault == "joint 1, 2, 3, 4, 5, 6: not enabled"
    before = arm.report["heard"]
    stream(0.3, sdk, each=lambda t: sdk.drive("position", HOME))
    assert arm.report["heard"] == before


def test_the_speed_share_bounds_the_arm(piper, driver):
    arm = piper()
    sdk = driver(arm, 0.1)
    speeds: list[float] = []
    sdk.drive("position", HOME + turned(1, 0.3))
    stream(0.6, sdk, each=lambda t: speeds.append(arm.report["speed"]))
    assert max(speeds) == pytest.approx(0.1 * SPEED, rel=0.02)
    for share, reason in ((1.2, r"above 0 and at most 1, got 1\.2"), (0.0, "got 0")):
        with pytest.raises(ConfigError, match=reason):
            SdkConfig("left", "piper_sdk", "can_left", speed_share=share)
    with pytest.raises(ConfigError, match="is for piper_sdk, which panda_py is not"):
        SdkConfig("left", "panda_py", "can_left", speed_share=0.5)


# -- driven ------------------------------------------------------------------------------------------------------------
def test_both_arms_follow_at_once_on_two_buses(piper, driver):
    arms = [piper("left", sag=SAG), piper("right")]
    sdks = [driver(arm) for arm in arms]
    shifts = (np.array([0.2, -0.1, 0.1, 0.0, 0.3, -0.2]), np.array([-0.1, 0.2, 0.0, 0.2, 0.0, 0.1]))

    def drive(t: float) -> None:
        way = 0.5 - 0.5 * np.cos(np.pi * min(t, 1.0))
        for sdk, shift in zip(sdks, shifts, strict=True):
            sdk.drive("position", HOME + way * shift)

    stream(1.4, *sdks, each=drive)
    for sdk, arm, shift in zip(sdks, arms, shifts, strict=True):
        report = arm.report
        np.testing.assert_allclose(report["target"], HOME + shift, atol=1e-5)  # the units of both ways
        np.testing.assert_allclose(positions(sdk) + turned(2, arm.sag), HOME + shift, atol=4e-3)
        assert 40 < report["heard"]["157"] / 1.4 < 260  # a target every 4 ms at most, whatever control's rate


def test_targets_that_come_faster_than_the_bus_takes_them_are_the_newest(piper, driver):
    arm = piper()
    sdk = driver(arm)
    before, began = arm.report["heard"]["157"], time.monotonic()
    for share in range(2000):
        sdk.drive("position", HOME + turned(1, share * 1e-5))
    took = time.monotonic() - began
    stream(0.1, sdk)
    report = arm.report
    assert report["heard"]["157"] - before <= took / 0.004 + 2
    assert report["target"][0] == pytest.approx(1999e-5, abs=1e-5)


def test_readings_come_as_often_as_the_arm_speaks(piper, driver):
    sdk = driver(piper())
    stamps: set[float] = set()
    stream(0.5, sdk, each=lambda t: stamps.add(sdk.read().stamp))
    assert 50 < len(stamps) <= 105  # 200 Hz, less what a busy machine does not read
    assert np.diff(sorted(stamps)).min() > 0.0


def test_frames_that_are_no_pipers_are_not_read(piper, driver):
    sdk = driver(piper(noise=True))
    assert sdk.fault == ""
    heard: list[np.ndarray] = []
    stream(0.3, sdk, each=lambda t: heard.append(positions(sdk)))
    np.testing.assert_allclose(heard, np.tile(HOME, (len(heard), 1)), atol=1e-4)


def test_an_arm_that_is_held_stays_and_does_not_sink(piper, driver):
    arm = piper(sag=SAG)
    sdk = driver(arm)
    stream(0.5, sdk, each=lambda t: sdk.drive("position", HOME + 0.05))
    stream(0.3, sdk)
    before = positions(sdk)
    for _ in range(10):
        sdk.hold()
        stream(0.02, sdk)
    np.testing.assert_allclose(positions(sdk), before, atol=1e-3)


def test_an_arm_on_its_way_to_a_far_target_stops_where_it_can(piper, driver):
    arm = piper()
    sdk = driver(arm)
    sdk.drive("position", HOME + turned(1, 0.9))
    assert until(lambda: positions(sdk)[0] > 0.15, sdk)
    sdk.hold()
    way: list[float] = []
    stream(1.0, sdk, each=lambda t: way.append(positions(sdk)[0]))
    assert way[-1] < 0.5
    assert max(way) - way[-1] < 0.06  # it did not turn back by the 0.15 rad that it takes to stop
    assert arm.report["speed"] < 0.01


def test_the_gripper_closes_on_a_thing_and_says_how_wide_it_is(piper, driver):
    arm = piper(thing=0.03)
    sdk = driver(arm)
    stream(0.6, sdk, each=lambda t: sdk.grip(0.0))
    assert sdk.read().width == pytest.approx(0.03, abs=1e-4)
    sdk.hold()
    stream(0.2, sdk)
    assert sdk.read().width == pytest.approx(0.03, abs=1e-4)
    assert arm.report["wanted"] == 0.0  # it goes on squeezing
    sdk.close()
    again = driver(arm)  # neither the end of a driver nor the start of another lets go of what is held
    assert again.fault == ""
    assert (arm.report["wanted"], arm.report["enabled"]) == (0.0, True)
    stream(0.5, again, each=lambda t: again.grip(0.06))
    assert again.read().width == pytest.approx(0.06, abs=1e-4)


def test_an_arm_without_a_gripper_says_none(piper, driver):
    sdk = driver(piper(without_gripper=True))
    assert sdk.fault == ""
    assert sdk.read().width is None


def test_the_arm_goes_on_holding_when_its_driver_ends(piper, driver):
    arm = piper(sag=SAG)
    sdk = driver(arm)
    stream(0.2, sdk, each=lambda t: sdk.drive("position", HOME))
    sdk.close()
    before = np.array(arm.report["position"])
    time.sleep(0.5)
    assert arm.report["enabled"]
    np.testing.assert_allclose(arm.report["position"], before, atol=1e-3)


# -- at fault ----------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[tuple[SimulatedPiper, PiperSdk]]:
    """Return an arm and its driver that outlive their faults."""
    arm = SimulatedPiper(tmp_path_factory.mktemp("can") / "arm")
    sdk = PiperSdk(arm.address)
    yield arm, sdk
    sdk.close()
    arm.kill()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"state": 1}, "emergency stop"),
        ({"state": 7}, "collision"),
        ({"state": 14}, "its controller is too hot"),
        ({"state": 77}, "unknown state 255"),  # the SDK's word for it
        ({"unheard": 0b100}, "joint 3 does not answer its controller"),
        ({"drivers": [0, 0, 0, 0, DRIVER_ERROR | 1, 0]}, "joint 5: voltage too low, driver error"),
        ({"gripper": DRIVER_ERROR}, "gripper: driver error"),
        ({"led": True}, "somebody else drives it: another program, or an arm that leads it"),
        ({"teaching": True}, "it is in teaching mode: press its button"),  # the last: it is not over without a reset
    ],
)
def test_what_is_the_matter_is_said_and_nothing_is_sent(shared, fault, words):
    arm, sdk = shared
    assert until(lambda: sdk.fault == "" or sdk.recover(), sdk)
    arm.change(**fault)
    assert until(lambda: sdk.fault == words, sdk), sdk.fault
    before = arm.report["heard"]

    def tell(t: float) -> None:
        sdk.drive("position", HOME + 0.1)
        sdk.grip(0.01)

    stream(0.2, sdk, each=tell)
    sdk.hold()
    assert arm.report["heard"] == before
    assert sdk.read().stamp > time.monotonic() - 0.1  # it still says where it is
    arm.change(state=0, unheard=0, drivers=[0] * 6, led=False)


def test_a_target_that_the_arm_refuses_is_a_fault_until_it_holds(piper, driver):
    arm = piper()
    sdk = driver(arm)
    sdk.drive("position", HOME + turned(3, 0.9))  # beyond the arm's range
    assert until(lambda: sdk.fault == "a target was out of its range", sdk)
    sdk.hold()
    assert until(lambda: sdk.fault == "", sdk)
    np.testing.assert_allclose(positions(sdk), HOME, atol=1e-3)
    arm.change(lowest=1.2422 - 0.01)  # a limit of its own, which no gate knows, and a target close by
    sdk.drive("position", HOME - turned(2, 0.03))
    assert until(lambda: sdk.fault == "a target was out of its range", sdk)
    sdk.hold()
    assert until(lambda: sdk.fault == "", sdk)


def test_a_joint_at_its_limit_is_no_fault(piper, driver):
    sdk = driver(piper(position=[0.0] * 6))  # as an arm lies: folded
    assert sdk.fault == ""


def test_an_arm_that_was_reset_is_taken_again_when_that_is_asked_for(piper, driver):
    arm = piper(thing=0.03)
    sdk = driver(arm)
    sdk.grip(0.0)
    arm.change(teaching=True)
    assert until(lambda: "teaching" in sdk.fault, sdk)
    sdk.recover()
    stream(0.3, sdk)
    assert "teaching" in sdk.fault  # nobody takes an arm out of a hand
    arm.change(teaching=False)
    assert until(lambda: sdk.fault == "it is in standby", sdk)
    arm.change(reset=True)  # by its maker's tool: it falls, and has no power
    assert until(lambda: not arm.report["enabled"], sdk)
    stream(0.5, sdk)
    assert not arm.report["enabled"]  # not by itself
    sdk.recover()
    assert until(lambda: sdk.fault == "", sdk)
    stream(0.2, sdk)
    where = positions(sdk)
    stream(0.2, sdk)
    np.testing.assert_allclose(positions(sdk), where, atol=0.005)
    assert arm.report["wanted"] == 0.0  # its gripper goes on holding


def test_an_arm_that_somebody_else_drove_is_taken_back_when_that_is_asked_for(piper, driver):
    arm = piper()
    sdk = driver(arm)
    arm.change(led=True)
    assert until(lambda: sdk.fault.startswith("somebody else drives it"), sdk)
    arm.change(led=False)
    assert until(lambda: sdk.fault.startswith("somebody else drove it"), sdk)  # in a mode that nobody knows
    before = arm.report["heard"]
    stream(0.1, sdk, each=lambda t: sdk.drive("position", HOME))
    assert arm.report["heard"] == before
    sdk.recover()
    assert until(lambda: sdk.fault == "", sdk)
    assert arm.report["heard"]["151"] > before["151"]


def test_errors_of_the_gripper_are_cleared_when_that_is_asked_for(piper, driver):
    arm = piper()
    sdk = driver(arm)
    arm.change(gripper=DRIVER_ERROR)
    assert until(lambda: "gripper" in sdk.fault, sdk)
    sdk.recover()
    assert until(lambda: sdk.fault == "", sdk)


def test_a_cable_that_comes_off_makes_the_stamp_stand_still(piper, driver):
    arm = piper()
    sdk = driver(arm)
    arm.change(silent=True)
    stream(0.1, sdk)
    stamp = sdk.read().stamp
    before = arm.report["heard"]
    stream(0.4, sdk, each=lambda t: sdk.drive("position", HOME + 0.1))
    assert sdk.read().stamp == stamp
    sdk.hold()
    assert arm.report["heard"]["157"] - before["157"] <= 1  # at most what was sent while the stamp was new
    arm.change(silent=False)
    assert until(lambda: sdk.read().stamp > stamp, sdk)
    assert until(lambda: sdk.fault == "", sdk)


@pytest.mark.parametrize("fault", [{"missing": 1}, {"missing": 2}, {"missing": 3}, {"garbled": 1}, {"garbled": 6}])
def test_a_state_that_is_not_whole_is_not_read(piper, driver, fault):
    arm = piper()
    sdk = driver(arm)
    arm.change(**fault)
    stream(0.1, sdk)
    stamp = sdk.read().stamp
    stream(0.1, sdk)
    assert sdk.read().stamp == stamp


def test_a_frame_that_cannot_be_sent_is_a_fault(piper, driver, capfd):
    arm = piper()
    sdk = driver(arm)
    arm.kill()
    sdk.drive("position", HOME)
    assert "it cannot be told anything: JointCtrl_J56 send failed: SendCanMessage(SEND_MESSAGE_F" in sdk.fault
    assert until(lambda: "it cannot be told" not in sdk.fault, sdk)  # it is tried again, and nothing else is the matter
    assert capfd.readouterr() == ("", "")  # the SDK prints nothing


def test_a_gripper_that_falls_silent_is_named(piper, driver):
    arm = piper()
    sdk = driver(arm)
    arm.change(without_gripper=True)
    assert until(lambda: sdk.fault == "gripper: nothing comes from it", sdk)
    assert sdk.read().width is None


def test_a_driver_of_a_joint_that_falls_silent_is_named(piper, driver):
    arm = piper()
    sdk = driver(arm)
    arm.change(mute_driver=4)
    assert until(lambda: sdk.fault == "joint 4: nothing comes from its driver", sdk)


# -- addresses ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("address", ["", "can left", "can0; reboot", "-details", "a" * 16, "socketcan:can0", "x:/a b"])
def test_what_is_no_can_port_is_refused(address):
    with pytest.raises(ConfigError, match="is no CAN port: at most 15 letters"):
        can_address(address)


def test_a_port_that_is_not_there_is_named():
    with pytest.raises(ConfigError, match=r"there is no CAN port 'can_left'; this machine has: "):
        connect("piper_sdk", "can_left")
    with pytest.raises(ConfigError, match="there is no CAN port 'lo'"):
        connect("piper_sdk", "lo")


def test_a_bus_that_does_not_open_is_said_in_one_line(tmp_path):
    with pytest.raises(ConfigError, match="does not open") as error:
        connect("piper_sdk", f"unix_can:{tmp_path}/nobody")
    assert "\n" not in str(error.value)
    with pytest.raises(ConfigError, match="does not open"):
        connect("piper_sdk", "nonsense:can0")


def test_a_port_that_does_not_open_is_said_with_the_reason(monkeypatch):
    monkeypatch.setattr("vla_ros.hardware.piper.state.check_port", lambda name, bitrate: None)
    with pytest.raises(ConfigError, match=r"sdk: the CAN bus 'can_absent' does not open: \[Errno \d+\]") as error:
        connect("piper_sdk", "can_absent")
    assert "\n" not in str(error.value)


def test_an_arm_that_does_not_answer_is_said_in_one_line(piper):
    arm = piper(silent=True)
    with pytest.raises(ConfigError, match=r"no PiPER answers at unix_can:.*see to its power"):
        connect("piper_sdk", arm.address)


def test_two_drivers_do_not_share_an_arm(piper, driver):
    arm = piper()
    driver(arm)
    with pytest.raises(ConfigError, match="two arms at the address"):
        PiperSdk(arm.address)


def test_ports_are_looked_at_before_they_are_opened(tmp_path):
    for name, kind, flags in (("can0", "280", "0x40080"), ("can1", "280", "0x400c1"), ("eth0", "1", "0x1003")):
        device = tmp_path / name
        device.mkdir()
        (device / "type").write_text(kind)
        (device / "flags").write_text(flags)
    with pytest.raises(ConfigError, match=r"'can0' is down: sudo ip link set can0 up type can bitrate 1000000"):
        check_port("can0", 1_000_000, tmp_path)
    with pytest.raises(ConfigError, match="no CAN port 'eth0'; this machine has: can0, can1"):
        check_port("eth0", 1_000_000, tmp_path)
    check_port("can1", 1_000_000, tmp_path)  # of which `ip` knows nothing here


def test_bit_rates_are_read_of_what_ip_says():
    said = (
        '[{"ifname":"can0","linkinfo":{"info_kind":"can","info_data":{"state":"%s","bittiming":{"bitrate":500000}}}}]'
    )
    assert port_bitrate(said) == 500_000
    for other in ("", "{}", "[]", '[{"linkinfo":{"info_kind":"vcan"}}]'):
        assert port_bitrate(other) is None
