# SPDX-License-Identifier: Apache-2.0
"""What a compliant arm holds in motion and spring stays below its cap, whatever is asked of it."""

import dataclasses

import numpy as np
import pytest
from arms.franka_arm import HOME, franka_config, franka_model

from controllers.control_config import ImpedanceConfig
from controllers.errors import ConfigError
from controllers.laws.impedance import CartesianImpedance, JointImpedance
from controllers.rotations import from_matrix
from controllers.safety.energy_limit import EnergyLimit
from vla_ros.sim.delayed_arm import DelayedArm

CONFIG = dataclasses.replace(franka_config().impedance, error_clip_position=0.3, error_clip_rotation=1.0)
CAP = 0.4  # [J]


@pytest.mark.parametrize(
    ("kinetic", "potential", "share"),
    [(0.0, 0.0, 1.0), (0.2, 0.2, 1.0), (0.2, 0.4, 0.5), (0.4, 1.0, 0.0), (5.0, 0.0, 0.0), (0.0, 4.0, 0.1)],
)
def test_the_share_leaves_the_sum_at_the_cap(kinetic, potential, share):
    limit = EnergyLimit(CAP)
    limit.update(kinetic, potential)
    assert limit.share == pytest.approx(share)
    none = EnergyLimit(None)
    none.update(kinetic, potential)
    assert none.share == 1.0


def leap(config: ImpedanceConfig, mode: str, delay: float = 0.004) -> tuple[np.ndarray, np.ndarray, float]:
    """Ask for a pose 0.2 m and more away, moving; return T, λV [J] of every tick and how far is left [m]."""
    model = franka_model()
    far = 1.0 if mode == "cartesian" else 0.6  # the error of joints is not clipped
    goal = HOME + far * np.array([0.4, 0.2, -0.2, 0.3, 0.1, -0.2, 0.3])
    T = model.forward(goal)
    law = CartesianImpedance(7, config) if mode == "cartesian" else JointImpedance(7, config)
    if mode == "cartesian":
        law.q_rest[:] = goal
    arm = DelayedArm(franka_model(), HOME, command_delay=delay)
    twist = np.array([0.5, 0.5, 0.0, 0.0, 0.0, 0.5])
    kinetic, potential = [], []
    for k in range(2500):
        model.update(*arm.measure())
        moving = 1.0 if k < 500 else 0.0
        if mode == "cartesian":
            tau = law.effort(model, T[:3, 3], from_matrix(T[:3, :3]), moving * twist, 4.0 * moving * twist)
        else:
            tau = law.effort(model, goal, np.full(7, 0.5 * moving), np.full(7, 3.0 * moving))
        kinetic.append(0.5 * arm.dq @ model.M @ arm.dq)
        potential.append(law.energy.share * law.energy.potential)
        arm.command(tau)
        arm.step()
    left = np.linalg.norm(arm.model.forward(arm.q)[:3, 3] - T[:3, 3])
    return np.array(kinetic), np.array(potential), float(left)


@pytest.mark.parametrize("mode", ["cartesian", "joint"])
@pytest.mark.parametrize("damping", ["inertia", "constant"])
def test_a_leap_keeps_to_the_cap_and_arrives_all_the_same(mode, damping):
    config = dataclasses.replace(CONFIG, damping=damping)
    free, _, _ = leap(config, mode)
    assert free.max() > 2.0 * CAP  # without the limit it would be exceeded
    kinetic, potential, left = leap(dataclasses.replace(config, energy_max=CAP), mode)
    assert kinetic.max() < 1.05 * CAP  # the delay of the wire is 4 ms of power
    assert (kinetic + potential).max() < 1.1 * CAP
    assert left < 0.01


def test_a_motion_below_the_cap_is_not_touched():
    model, q = franka_model(), HOME + 0.01
    model.update(q, np.full(7, 0.1))
    T = model.forward(HOME)
    efforts = []
    for energy_max in (None, 50.0):
        law = CartesianImpedance(7, dataclasses.replace(CONFIG, energy_max=energy_max))
        for _ in range(3):
            tau = law.effort(model, T[:3, 3], from_matrix(T[:3, :3]), np.full(6, 0.1), np.full(6, 0.5))
        efforts.append(tau.copy())
    assert np.array_equal(*efforts)


def test_the_energies_are_those_of_the_arm_and_of_the_series_spring():
    model = franka_model()
    model.update(HOME, np.full(7, 0.3))
    T = model.forward(HOME + 0.01)
    law = CartesianImpedance(7, dataclasses.replace(CONFIG, energy_max=100.0))
    law.effort(model, T[:3, 3], from_matrix(T[:3, :3]), np.zeros(6), np.zeros(6))
    inverse_inertia = model.J @ model.M_inverse @ model.J.T
    K = np.linalg.inv(law.gains.compliance + inverse_inertia / CONFIG.frequency_max**2)
    assert law.energy.potential == pytest.approx(0.5 * law.error @ K @ law.error)
    assert law.energy.kinetic == pytest.approx(0.5 * model.dq @ model.M @ model.dq)


def test_a_cap_that_is_none_is_refused():
    with pytest.raises(ConfigError, match=r"'energy_max' must be 0\.05 to 1000"):
        ImpedanceConfig(energy_max=0.0)
