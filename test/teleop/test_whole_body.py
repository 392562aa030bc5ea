# SPDX-License-Identifier: Apache-2.0
"""Whole-body teleoperation as GR-3 has it: where hands reach too far the base comes, within its limits, and stops."""

from __future__ import annotations

import numpy as np
import pytest
from pages.heard_at_once import take
from robot_rigs.body_rig import BodyRig
from robot_rigs.two_armed_robot import DT

from controllers.rotations import from_matrix
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.teleoperation import ArmReading, Teleoperation

PACKET_S, WAY_S = 0.014, 0.006  # [s] of a headset at 72 Hz; from the bridge to control
UNTURNED = (0.0, 0.0, 0.0, 1.0)


class HeadsetRig(BodyRig):
    """ByteMini under whole-body control, its hands those of an emulated headset."""

    def __init__(self, base_helps: bool = True) -> None:
        super().__init__(base_helps=base_helps)
        config = self.follower.config
        box = np.array(config.workspace_lower), np.array(config.workspace_upper)
        self.teleoperation = Teleoperation(self.embodiment, *box, base_helps=base_helps)
        self.packets = 0

    def readings(self) -> dict[str, ArmReading]:
        progress, found = self.follower.progress, {}
        for name, arm in progress.arms.items():
            T = arm.T_base_ee_commanded
            pose = Pose(T[:3, 3].copy(), from_matrix(T[:3, :3]))
            found[name] = ArmReading(pose, dict(progress.end_effectors))
        return found

    def reach(self, way: np.ndarray, seconds: float, speed: float = 0.3, hands=("left", "right"), sticks=None) -> None:
        """Hold the clutches of `hands` for so long, and bring them `way` (3,) [m] from where they were, base axes."""
        for packet in range(round(seconds / PACKET_S)):
            share = min(1.0, speed * packet * PACKET_S / max(float(np.linalg.norm(way)), 1e-9))
            x, y, z = share * way
            there = (-y, 1.2 + z, -x)  # WebXR: right, up, back
            samples = {hand: HandSample(there, UNTURNED, hand in hands, 0.0) for hand in ("left", "right")}
            self.packets += 1
            sent = Hands(self.packets, 1e3 * self.now, "xr", samples, sticks or {})
            chunk = take(self.teleoperation, sent, self.now, self.now, self.readings(), "", None, self.base)
            self.run(WAY_S)
            if chunk is not None:
                self.follower.submit(chunk, self.now, "teleop")
            self.run(PACKET_S - WAY_S)


def base_shares(rig: HeadsetRig) -> tuple[float, float]:
    """Return the most that the base was commanded of its speed and its acceleration."""
    base, twists = rig.embodiment.base, np.array(rig.twists)
    speed = (np.abs(twists) / base.speed).max()
    return float(speed), float((np.abs(np.diff(twists, axis=0)) / DT / base.acceleration).max())


def test_hands_that_reach_beyond_the_arms_bring_the_base_and_it_stops():
    rig = HeadsetRig()
    rig.reach(np.array([0.6, 0.0, 0.0]), 3.5)
    assert 0.3 < rig.base.x < 0.5  # [m] what the arms alone do not reach, and no more
    for arm in ("left", "right"):
        assert rig.went(arm) == pytest.approx([0.6, 0.0, 0.0], abs=5e-3)
    speed, acceleration = base_shares(rig)
    assert 0.1 < speed <= 1.001
    assert acceleration <= 1.001
    stood = rig.base
    rig.reach(np.zeros(3), 0.0)
    rig.run(1.0)  # the clutch is let go
    assert np.hypot(rig.base.x - stood.x, rig.base.y - stood.y) < 1e-3
    assert rig.hold == "chunk exhausted"


def test_one_hand_aside_turns_and_brings_the_base_and_stays_where_the_operator_holds_it():
    rig = HeadsetRig()
    way = np.array([0.3, 0.55, 0.0])
    rig.reach(way, 5.0, hands=("left",))
    assert abs(rig.base.yaw) > 0.01 or abs(rig.base.y) > 0.02
    assert rig.went("left") == pytest.approx(way, abs=1e-2)
    assert max(base_shares(rig)) <= 1.001


def test_a_base_that_does_not_help_stands_and_hands_stop_where_arms_end():
    rig = HeadsetRig(base_helps=False)
    rig.reach(np.array([0.3, 0.0, 0.0]), 2.0)
    assert rig.went("left") == pytest.approx([0.3, 0.0, 0.0], abs=5e-3)
    assert not np.array(rig.twists).any()


def test_a_stick_drives_and_hands_go_with_the_base():
    rig = HeadsetRig()
    start = rig.tool("left")[0, 3]
    rig.reach(np.zeros(3), 2.0, sticks={"left": (0.0, -0.5)})  # forward, half of its way
    assert rig.base.x > 0.4
    assert rig.tool("left")[0, 3] - start == pytest.approx(rig.base.x, abs=5e-3)
    rig.reach(np.zeros(3), 1.5)  # stick at rest, clutch still held: both stay
    stood = rig.base.x
    rig.reach(np.zeros(3), 1.0)
    assert rig.base.x == pytest.approx(stood, abs=5e-3)
