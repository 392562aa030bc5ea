# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from arms.franka_arm import OPENING, Rig, franka_config

from controllers.control_config import ControlConfig, GripperConfig
from controllers.errors import ConfigError
from controllers.groups.gripper import GripperAdapter
from vla_ros.configuration import build


def played(config: GripperConfig, widths, start: float = 0.08) -> list[float]:
    adapter = GripperAdapter(config, OPENING)
    adapter.reset(start)
    return [adapter.update(float(width), 0.1 * k, 0.1 * k) for k, width in enumerate(widths)]


def test_noise_is_no_command_and_a_drift_is_followed():
    noise = 0.04 + np.random.default_rng(1).uniform(-4e-4, 4e-4, 200)
    assert len(set(played(GripperConfig(), noise))) == 1
    drift = played(GripperConfig(), np.linspace(0.08, 0.02, 300))
    assert np.abs(np.array(drift) - np.linspace(0.08, 0.02, 300)).max() <= 0.001 + 1e-9


def test_the_ends_are_always_reached():
    assert played(GripperConfig(), [0.0005, 0.0])[-1] == 0.0
    assert played(GripperConfig(), [0.0795, 0.08], start=0.05)[-1] == 0.08


def test_widths_beyond_the_gripper_are_its_ends():
    assert played(GripperConfig(), [-0.2, 0.5]) == [0.0, 0.08]


def test_binary_has_two_thresholds():
    widths = [0.06, 0.04, 0.033, 0.031, 0.04, 0.047, 0.049, 0.04]
    assert played(GripperConfig(mode="binary"), widths) == [0.08, 0.08, 0.08, 0.0, 0.0, 0.0, 0.08, 0.08]


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"mode": "ternary"}, "continuous or binary, got 'ternary'"),
        ({"close_below": 0.7}, "close_below ≤ open_above"),
        ({"deadband": -0.1}, "deadband"),
    ],
)
def test_what_makes_no_sense_is_refused(keys, match):
    with pytest.raises(ConfigError, match=match):
        GripperConfig(**keys)


def test_a_deadband_that_no_motion_exceeds_is_refused():
    with pytest.raises(ConfigError, match=r"'deadband' must be below 0\.08 m, got 0\.1"):
        GripperAdapter(GripperConfig(deadband=0.1), OPENING)


def test_how_wide_a_gripper_opens_is_no_tuning():
    with pytest.raises(ConfigError, match="'width_max'"):
        build(ControlConfig, {"gripper": {"width_max": 0.09}}, "arm_impedance.yaml")


def test_a_trembling_policy_closes_once():
    import dataclasses

    random = np.random.default_rng(2)
    rig = Rig(dataclasses.replace(franka_config(), gripper=GripperConfig(mode="binary")))
    widths = []
    for k in range(12):
        wanted = np.full(4, 0.08 if k < 6 else 0.0) + random.normal(scale=0.01, size=4)
        rig.submit(np.zeros((4, 3)), width=wanted)
        widths += [sample.width for sample in rig.run(0.1)]
    assert np.count_nonzero(np.diff(widths)) == 1
    assert widths[0] == 0.08
    assert widths[-1] == 0.0


def switches(rig: Rig, chunks, period: float) -> list[float]:
    """Submit a chunk of widths each `period` [s], seen `late` [s] earlier; return the times [s] of the switches."""
    for late, width in chunks:
        rig.submit(np.zeros((8, 3)), width=width, stamp=rig.now - late)
        rig.run(period)
    widths = np.array([sample.width for sample in rig.samples])
    return [rig.samples[k + 1].time for k in np.flatnonzero(np.diff(widths))]


def closing_at(point: int) -> np.ndarray:
    """Return widths (8,) [m] that close at a point."""
    return np.where(np.arange(8) < point, 0.08, 0.0)


def test_a_chunk_that_was_seen_before_the_fingers_closed_does_not_open_them():
    # It says to close as well, but later: taken at its word it would make two grasps of one.
    rig = Rig()
    rig.run(0.5)
    assert len(switches(rig, [(0.0, closing_at(3)), (0.2, closing_at(6))], 0.5)) == 1
    assert rig.samples[-1].width == 0.0


@pytest.mark.parametrize("later", [0.0, 0.02])
def test_a_chunk_that_was_seen_as_the_fingers_closed_does_not_open_them(later):
    adapter = GripperAdapter(GripperConfig(), OPENING)
    adapter.reset(0.08)
    assert adapter.update(0.0, 3.0, 2.9) == 0.0
    assert [adapter.update(width, 3.1 + later, 3.0 + later) for width in (0.08, 0.0, 0.08)] == [0.0, 0.0, 0.08]


def test_a_chunk_that_was_seen_after_the_fingers_closed_opens_them():
    rig = Rig()
    rig.run(0.5)
    assert len(switches(rig, [(0.0, closing_at(3)), (0.05, closing_at(8))], 0.5)) == 2
    assert rig.samples[-1].width == 0.08


def test_a_chunk_that_has_come_to_the_closed_side_may_open_again():
    rig = Rig()
    rig.run(0.5)
    place = np.array([0.08, 0.08, 0.08, 0.08, 0.0, 0.0, 0.08, 0.08])
    closed, opened = switches(rig, [(0.0, closing_at(3)), (0.2, place)], 0.55)
    assert opened - closed == pytest.approx(0.6, abs=0.06)


def test_a_hand_that_opens_and_closes_its_fingers_by_and_by_is_followed_at_once():
    adapter = GripperAdapter(GripperConfig(), OPENING)
    adapter.reset(0.08)
    wanted = np.concatenate([np.linspace(0.08, 0.0, 20), np.linspace(0.0, 0.08, 20)])
    followed = [adapter.update(width, 0.02 * k, 0.02 * k - 0.05) for k, width in enumerate(wanted)]
    assert np.allclose(followed, wanted, atol=0.001 + 1e-9)


def test_a_clock_that_is_set_back_leaves_the_fingers_free():
    adapter = GripperAdapter(GripperConfig(), OPENING)
    adapter.reset(0.08)
    assert adapter.update(0.0, 100.0, 99.9) == 0.0
    assert adapter.update(0.08, 100.1, 99.95) == 0.0
    assert adapter.update(0.08, 1.0, 0.9) == 0.08
