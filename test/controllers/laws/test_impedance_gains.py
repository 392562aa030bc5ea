# SPDX-License-Identifier: Apache-2.0
"""Gains that change while the arm is driven: no step in the torque, and no more energy than the spring takes up."""

import dataclasses
import threading

import numpy as np
import pytest
from arms.franka_arm import HOME, Rig, franka_config, franka_model

from controllers.control_config import ImpedanceConfig
from controllers.errors import ConfigError
from controllers.laws.impedance import CartesianImpedance
from controllers.laws.impedance_gains import ImpedanceGains
from controllers.rotations import from_matrix
from vla_ros.sim.delayed_arm import DelayedArm

CONFIG = franka_config().impedance
SOFT = dataclasses.replace(CONFIG, stiffness_position=600.0, stiffness_rotation=30.0)
PUSH = np.array([3.0, -2.0, 2.5, 0.0, 0.0, 0.0])  # [N]


def test_gains_glide_within_the_time_of_a_switch_and_stay_between():
    gains = ImpedanceGains(CONFIG)
    before = gains.compliance.copy()
    gains.advance(0.002)
    assert np.array_equal(gains.compliance, before)
    gains.change(SOFT)
    seen = []
    for _ in range(round(CONFIG.switch_s / 0.002) + 1):
        gains.advance(0.002)
        seen.append(gains.compliance[0, 0])
    steps = np.diff([before[0, 0], *seen])
    assert (steps >= 0.0).all()
    assert steps.max() < 0.04 * (1 / 600.0 - before[0, 0])  # 50 ticks, none a step
    assert gains.compliance[0, 0] == pytest.approx(1 / 600.0)
    gains.change(CONFIG)
    gains.advance(0.05)
    midway = gains.compliance[0, 0]
    gains.change(SOFT)  # again before it has arrived: from where it is
    gains.advance(1e-4)
    assert gains.compliance[0, 0] == pytest.approx(midway, rel=1e-3)


def test_a_change_of_what_is_built_in_is_refused_by_name():
    gains = ImpedanceGains(CONFIG)
    for change in ({"joint_limit_margin": 0.2}, {"damping": "constant"}, {"stiffness_frame": "tool"}):
        with pytest.raises(ConfigError, match=f"'{next(iter(change))}' is fixed"):
            gains.change(dataclasses.replace(CONFIG, **change))
    with pytest.raises(ConfigError, match="6 values for 7 joints"):
        gains.change(dataclasses.replace(CONFIG, stiffness_joints=(100.0,) * 6))
    gains.advance(1.0)
    assert gains.compliance[0, 0] == pytest.approx(1.0 / CONFIG.stiffness_position)


@pytest.mark.parametrize("damping", ["inertia", "constant"])
def test_a_loaded_arm_feels_no_step_and_sinks_to_where_the_new_spring_holds_it(damping):
    config = franka_config()
    impedance = dataclasses.replace(config.impedance, damping=damping)
    rig = Rig(dataclasses.replace(config, impedance=impedance), command_delay=0.004)
    rig.arm.disturbance[:] = rig.driven.model.J.T @ PUSH
    rig.run(0.6)
    loaded = rig.tool[:3, 3].copy()
    soft = dataclasses.replace(impedance, stiffness_position=600.0, stiffness_rotation=30.0)
    thread = threading.Thread(target=rig.follower.change_impedance, args=("panda", soft))
    thread.start()
    thread.join()
    del rig.samples[:-1]  # the last one before the change stays
    rig.run(1.2)
    efforts = np.array([sample.effort for sample in rig.samples])
    assert np.abs(np.diff(efforts, axis=0)).max() < 0.06  # [N·m] in 2 ms; at once it is 0.8
    sunk = rig.tool[:3, 3] - loaded
    expected = (1 / 600.0 - 1 / CONFIG.stiffness_position) * PUSH[:3]
    assert np.linalg.norm(sunk - expected) < 0.2 * np.linalg.norm(expected)


@pytest.mark.parametrize("damping", ["inertia", "constant"])
@pytest.mark.parametrize("frame", ["base", "tool"])
def test_random_pushes_and_changes_take_no_energy_out_of_the_controller(damping, frame):
    """Whoever pushes gets back no more work than he puts in, and what stiffening a loaded spring adds."""
    random = np.random.default_rng(5)
    six = (400.0, 1500.0, 800.0, 20.0, 60.0, 40.0)
    config = dataclasses.replace(
        CONFIG, stiffness=six, stiffness_frame=frame, damping=damping, nullspace_stiffness=0.0, error_clip_position=0.5
    )
    model, law = franka_model(), CartesianImpedance(7, config)
    law.q_rest[:] = HOME
    T = model.forward(HOME)
    target = T[:3, 3].copy(), from_matrix(T[:3, :3])
    arm = DelayedArm(franka_model(), HOME, command_delay=0.002, timestep=0.0005)
    work = worst = 0.0
    for k in range(3000):
        if k % 100 == 0:
            push = random.normal(scale=[8.0, 8.0, 8.0, 0.8, 0.8, 0.8]) if k < 2000 else np.zeros(6)
        q, dq = arm.measure()
        model.update(q, dq)
        arm.disturbance[:] = model.J.T @ push
        work += 0.0005 * push @ model.twist
        worst = min(worst, work)
        arm.command(law.effort(model, *target, np.zeros(6), np.zeros(6)))
        arm.step()
    assert work > 0.1
    assert worst > -0.01 * work
    assert 0.5 * arm.dq @ model.M @ arm.dq < 0.01 * work


def test_the_joint_spring_changes_too():
    config = franka_config()
    gains = ImpedanceGains(config.impedance)
    gains.change(ImpedanceConfig(**{**vars(config.impedance), "stiffness_joints": (100.0,) * 7}))
    gains.advance(1.0)
    assert np.allclose(gains.joint_compliance, 0.01)
