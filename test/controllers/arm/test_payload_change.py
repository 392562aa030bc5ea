# SPDX-License-Identifier: Apache-2.0
"""A payload that control is told of while it drives: the arm comes back to its pose, and nothing jumps."""

import dataclasses

import numpy as np
import pytest
from arms.franka_arm import HOME, Rig, Sample, franka_config, franka_model

from controllers.arm.arm_dynamics import ArmDynamics, Payload
from controllers.arm.payload_change import PayloadChange
from controllers.errors import ConfigError

CUP = Payload(1.0, (0.02, 0.01, 0.03))


class LoadedRig(Rig):
    """A rig whose arm carries a payload that nobody but control holds up."""

    def carry(self, payload: Payload) -> None:
        self.arm.model.carry(payload)

    def run(self, duration: float, stale: bool = False) -> list[Sample]:
        first = len(self.samples)
        for _ in range(round(duration / self.dt)):
            self.arm.disturbance[:] = -self.arm.model.payload_weight(self.arm.q)
            super().run(self.dt, stale)
        return self.samples[first:]

    def error(self) -> float:
        """Return how far the tool is from where it is commanded to be [m]."""
        return float(np.linalg.norm(self.tool[:3, 3] - self.driven.progress.T_base_ee_commanded[:3, 3]))


def test_a_told_payload_costs_no_static_error():
    rig = LoadedRig(command_delay=0.004, friction=0.0)
    rig.carry(CUP)
    rig.run(0.8)
    sagged = rig.error()
    assert sagged > 5e-3
    rig.follower.change_payload("panda", CUP)
    rig.run(1.5)
    assert rig.error() < 2e-4
    assert np.abs(rig.arm.dq).max() < 5e-3
    # It moves with it as well as without.
    rig.submit(0.02 * np.arange(1, 5)[:, None] * [1.0, 0.0, 0.5] + rig.tool[:3, 3] - rig.position)
    rig.run(1.5)
    assert rig.error() < 3e-4


def test_what_the_hand_carries_is_held_from_the_first_tick_on():
    rig = LoadedRig(command_delay=0.004, enable=False)
    rig.carry(CUP)
    rig.follower.change_payload("panda", CUP)
    rig.follower.activate(rig.arm.q, rig.arm.dq, {}, rig.now)
    fallen = []
    for _ in range(200):
        rig.run(rig.dt)
        fallen.append(rig.position[2] - rig.tool[2, 3])
    assert max(fallen) < 5e-4  # [m]
    assert np.abs(rig.arm.dq).max() < 5e-3


def test_neither_torque_nor_inertia_makes_a_step():
    rig = Rig()
    rig.run(0.2)
    q, dq = rig.arm.q.copy(), rig.arm.dq.copy()
    rig.follower.change_payload("panda", CUP)
    efforts, inertias = [], []
    for k in range(80):
        command = rig.follower.tick(rig.now + 0.002 * k, 0.002, q, dq)
        efforts.append(command.arms["panda"].effort.copy())
        inertias.append(rig.model.M.copy())
    efforts, inertias = np.array(efforts), np.array(inertias)
    whole = np.abs(efforts[-1] - efforts[0]).max()
    assert whole > 3.0
    assert np.abs(np.diff(efforts, axis=0)).max() < 0.05 * whole  # 50 ticks
    assert np.abs(np.diff(inertias, axis=0)).max() < 0.05 * np.abs(inertias[-1] - inertias[0]).max()
    loaded = franka_model()
    loaded.carry(CUP)
    loaded.update(q, dq)
    assert np.allclose(efforts[-1] - efforts[0], loaded.weight, atol=0.02)
    assert np.allclose(inertias[-1], loaded.M)


def test_what_was_put_down_leaves_nothing_behind():
    model = franka_model()
    model.update(HOME, np.zeros(7))
    bare = model.M.copy()
    change = PayloadChange(model, 0.1)
    change.change(CUP)
    change.settle()
    model.update(HOME, np.zeros(7))
    assert np.abs(model.weight).max() > 1.0
    twin = model.clone()
    change.change(Payload())
    for _ in range(60):
        change.advance(0.002)
    model.update(HOME, np.zeros(7))
    assert not model.weight.any()
    assert np.allclose(model.M, bare, atol=1e-12)
    twin.update(HOME, np.zeros(7))
    assert np.abs(twin.weight).max() > 1.0  # another's hand is its own


def test_a_blind_arm_keeps_holding_what_it_carries():
    config = dataclasses.replace(franka_config(), dynamics=ArmDynamics(payload=CUP))
    rig = LoadedRig(config)
    rig.carry(CUP)
    rig.follower.change_payload("panda", CUP)
    rig.run(0.5)
    for k in range(50):
        command = rig.follower.tick(rig.now + 0.1 + 0.002 * k, 0.002, rig.arm.q, rig.arm.dq, rig.now)
    assert rig.follower.progress.hold_reason == "stale joint state"
    assert np.allclose(command.arms["panda"].effort, rig.model.weight, atol=1e-9)


def test_a_stop_in_motion_ends_in_a_hold_whatever_hangs_on_the_arm():
    rig = LoadedRig(command_delay=0.004)
    rig.carry(CUP)
    rig.run(0.5)
    rig.submit(0.05 * np.arange(1, 6)[:, None] * np.array([0.0, 1.0, 0.0]))
    rig.run(0.35)
    height = rig.tool[2, 3]
    rig.follower.emergency_stop()
    rig.run(1.0)
    assert height - rig.tool[2, 3] < 0.03  # [m]
    assert np.abs(rig.arm.dq).max() < 5e-3


def test_a_weight_does_not_change_hands_in_the_air():
    change = PayloadChange(franka_model(), 0.1)
    change.change(Payload(1.0, in_driver=True))  # an empty hand may take either
    with pytest.raises(ConfigError, match="put it down first"):
        change.change(Payload(1.0))
    change.change(Payload())
    change.change(Payload(1.0))
