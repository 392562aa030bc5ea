# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pinocchio as pin
import pytest
from franka_arm import ARM, HOME, franka_model

from controllers.errors import ConfigError
from controllers.model import ArmModel
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

RANDOM = np.random.default_rng(3)
STATES = [(HOME + RANDOM.uniform(-0.4, 0.4, 7), RANDOM.uniform(-1, 1, 7)) for _ in range(5)]


@pytest.mark.parametrize(("q", "dq"), STATES)
def test_jacobian_is_the_derivative_of_the_pose(q, dq):
    model, h = franka_model(), 1e-6
    model.update(q, dq)
    for joint in range(7):
        ahead, behind = q.copy(), q.copy()
        ahead[joint] += h
        behind[joint] -= h
        T_ahead, T_behind = model.forward(ahead), model.forward(behind)
        linear = (T_ahead[:3, 3] - T_behind[:3, 3]) / (2 * h)
        angular = pin.log3(T_ahead[:3, :3] @ T_behind[:3, :3].T) / (2 * h)
        assert np.allclose(model.J[:, joint], [*linear, *angular], atol=1e-6)
    assert np.allclose(model.twist, model.J @ dq)
    assert np.allclose(model.jacobian(q), model.J)
    assert np.allclose(model.forward(q), model.T_base_ee)


@pytest.mark.parametrize(("q", "dq"), STATES)
def test_dynamics_are_consistent(q, dq):
    model = franka_model()
    model.update(q, dq)
    assert np.allclose(model.M @ model.M_inverse, np.eye(7), atol=1e-9)
    tau = RANDOM.normal(size=7)
    ddq = model.forward_dynamics(q, dq, tau)
    assert np.allclose(model.M @ ddq + model.coriolis, tau, atol=1e-9)


def test_coriolis_does_no_net_work_against_the_kinetic_energy():
    q, dq = STATES[0]
    model, h = franka_model(), 1e-6
    ahead, behind = franka_model(), franka_model()
    model.update(q, dq)
    ahead.update(q + h * dq, dq)
    behind.update(q - h * dq, dq)
    energy_rate = 0.5 * dq @ ((ahead.M - behind.M) / (2 * h)) @ dq
    assert dq @ model.coriolis == pytest.approx(energy_rate, abs=1e-6)


def test_armature_adds_to_the_inertia():
    urdf = expand_urdf(load_embodiment("franka"))
    bare = ArmModel(urdf, ARM.joints, ARM.tool_frame)
    bare.update(HOME, np.zeros(7))
    model = franka_model()
    model.update(HOME, np.zeros(7))
    assert np.allclose(model.M - bare.M, np.diag(ARM.armature), atol=1e-9)


def test_clones_do_not_share_state():
    model = franka_model()
    twin = model.clone()
    model.update(HOME, np.ones(7))
    before = model.T_base_ee.copy()
    twin.update(HOME + 0.3, np.zeros(7))
    twin.forward(HOME - 0.3)
    assert np.array_equal(model.T_base_ee, before)


def test_frames_and_friction_come_from_the_urdf():
    model = franka_model()
    assert model.base_frame == "panda_link0"
    assert (model.viscous_friction > 0.0).all()
    assert np.allclose(model.lower, ARM.lower)


@pytest.mark.parametrize(
    ("joints", "frame", "match"),
    [
        (("panda_joint1", "panda_jiont2"), "panda_tcp", "did you mean 'panda_joint2'"),
        (ARM.joints, "panda_tpc", "did you mean 'panda_tcp'"),
        (ARM.joints[::-1], "panda_tcp", "order of the URDF"),
    ],
)
def test_unknown_names_are_told(joints, frame, match):
    with pytest.raises(ConfigError, match=match):
        ArmModel(expand_urdf(load_embodiment("franka")), joints, frame)
