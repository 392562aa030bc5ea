# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pinocchio as pin
import pytest
from arms.franka_arm import ARM, HOME, franka_model

from controllers.arm.arm_dynamics import GRAVITY, ArmDynamics, Payload
from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from controllers.rotations import write_matrix
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
    assert np.allclose(model.effort_for(ddq), tau, atol=1e-9)


def test_inertia_and_coriolis_are_those_of_the_last_update():
    model = franka_model()
    for q, dq in STATES:
        model.update(q, dq)
        fresh = franka_model()
        fresh.update(q, dq)
        assert np.array_equal(model.effort_for(dq), fresh.effort_for(dq))  # before and after what it might reuse
        assert np.array_equal(model.coriolis, fresh.coriolis)
        assert np.array_equal(model.M, fresh.M)
        assert np.allclose(model.M @ dq + model.coriolis, model.effort_for(dq), atol=1e-9)


@pytest.mark.parametrize(("q", "dq"), STATES)
def test_quaternion_is_that_of_the_rotation(q, dq):
    model = franka_model()
    model.update(q, dq)
    R = np.zeros((3, 3))
    write_matrix(tuple(model.quaternion().tolist()), R)
    np.testing.assert_allclose(R, model.T_base_ee[:3, :3], atol=1e-12)


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


def loaded_model(**payload) -> ArmModel:
    dynamics = ArmDynamics(payload=Payload(**payload))
    urdf = expand_urdf(load_embodiment("franka"))
    return ArmModel(urdf, ARM.joints, ARM.tool_frame, armature=ARM.armature, dynamics=dynamics)


def test_a_payload_moves_as_a_point_in_the_hand_and_its_weight_is_the_gradient_of_its_height():
    mass, center = 1.3, np.array([0.03, -0.02, 0.06])
    bare, loaded = franka_model(), loaded_model(mass=mass, center=tuple(center))
    q, dq = HOME + 0.1, np.linspace(-0.5, 0.5, 7)
    bare.update(q, dq)
    loaded.update(q, dq)

    def point(at: np.ndarray) -> np.ndarray:
        T = bare.forward(at)
        return T[:3, 3] + T[:3, :3] @ center

    step = 1e-6
    J = np.array([(point(q + step * e) - point(q - step * e)) / (2 * step) for e in np.eye(7)]).T  # (3, 7)
    np.testing.assert_allclose(loaded.M - bare.M, mass * J.T @ J, atol=1e-7)
    np.testing.assert_allclose(loaded.weight, GRAVITY * mass * J[2], atol=1e-7)
    np.testing.assert_allclose(loaded.payload_weight(q), loaded.weight, atol=1e-12)
    assert not bare.weight.any()


def test_a_payload_the_driver_knows_moves_with_the_arm_and_weighs_nothing():
    loaded = loaded_model(mass=1.0, in_driver=True)
    loaded.update(HOME, np.zeros(7))
    assert loaded.M[0, 0] > franka_model_at_home().M[0, 0] + 0.05
    assert not loaded.weight.any()


def franka_model_at_home() -> ArmModel:
    model = franka_model()
    model.update(HOME, np.zeros(7))
    return model


def test_friction_that_was_identified_replaces_the_urdfs():
    urdf = expand_urdf(load_embodiment("franka"))
    dynamics = ArmDynamics(viscous_friction=(2.0,) * 7)
    model = ArmModel(urdf, ARM.joints, ARM.tool_frame, dynamics=dynamics)
    assert (model.viscous_friction == 2.0).all()
    np.testing.assert_array_equal(model.dry_friction, franka_model().dry_friction)
    with pytest.raises(ConfigError, match="'dry_friction' has 2 values for 7 joints"):
        ArmModel(urdf, ARM.joints, ARM.tool_frame, dynamics=ArmDynamics(dry_friction=(0.1, 0.2)))


@pytest.mark.parametrize(
    ("payload", "match"),
    [({"mass": -0.1}, "'mass' must be 0 to 20 kg"), ({"mass": float("nan")}, "'mass'"),
     ({"center": (0.0, 0.6, 0.0)}, "within 0.5 m")],
)  # fmt: skip
def test_impossible_payloads_are_refused(payload, match):
    with pytest.raises(ConfigError, match=match):
        Payload(**payload)


def test_inertial_parameters_are_linear_in_the_effort_of_a_payload():
    mass, center = 0.8, np.array([0.02, 0.03, 0.05])
    q, dq, ddq = HOME - 0.2, np.linspace(1.0, -1.0, 7), np.linspace(-3.0, 2.0, 7)
    bare, loaded = franka_model(), loaded_model(mass=mass, center=tuple(center))
    inertia = mass * (center @ center * np.eye(3) - np.outer(center, center))
    parameters = np.concatenate([[mass], mass * center, inertia[[0, 0, 1, 0, 1, 2], [0, 1, 1, 2, 2, 2]]])
    moved = loaded.inverse_dynamics(q, dq, ddq) - bare.inverse_dynamics(q, dq, ddq)
    effort = bare.payload_regressor(q, dq, ddq) @ parameters
    np.testing.assert_allclose(effort, moved + loaded.payload_weight(q), atol=1e-9)
    np.testing.assert_allclose(loaded.gravity_effort(q) - bare.gravity_effort(q), loaded.payload_weight(q), atol=1e-9)


def test_gravity_is_the_gradient_of_the_potential_energy():
    urdf = expand_urdf(load_embodiment("franka"))
    full = pin.buildModelFromXML(urdf)
    q = np.concatenate([HOME + 0.3, [0.0, 0.0]])  # fingers closed, as the arm's model has them
    expected = pin.computeGeneralizedGravity(full, full.createData(), q)[:7] * GRAVITY / 9.81
    np.testing.assert_allclose(franka_model().gravity_effort(q[:7]), expected, atol=1e-9)


ONE_JOINT = """<robot name="one"><link name="base"/>
  <link name="bar"><inertial><origin xyz="0.2 0 0"/><mass value="1.5"/>
    <inertia ixx="0.001" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial></link><link name="tcp"/>
  <joint name="pitch" type="revolute"><parent link="base"/><child link="bar"/><origin xyz="0 0 0.1"/>
    <axis xyz="0 1 0"/><limit lower="-2" upper="2" velocity="1" effort="50"/></joint>
  <joint name="end" type="fixed"><parent link="bar"/><child link="tcp"/><origin xyz="0.4 0 0"/></joint></robot>"""


def test_an_arm_of_one_joint_has_matrices_too():
    model, q, dq = ArmModel(ONE_JOINT, ["pitch"], "tcp"), np.array([0.3]), np.array([0.5])
    model.carry(Payload(0.4, (0.0, 0.0, 0.0)))
    model.update(q, dq)
    J = 0.4 * np.array([-np.sin(0.3), 0.0, -np.cos(0.3)])  # a turn about y takes x down
    np.testing.assert_allclose(model.J[:, 0], [*J, 0.0, 1.0, 0.0], atol=1e-12)
    np.testing.assert_array_equal(model.jacobian(q), model.J)
    np.testing.assert_allclose(model.twist, model.J[:, 0] * dq)
    np.testing.assert_allclose(model.M, [[0.02 + 1.5 * 0.2**2 + 0.4 * 0.4**2]])
    effort = -GRAVITY * np.cos(0.3) * np.array([1.5 * 0.2 + 0.4 * 0.4])
    np.testing.assert_allclose(model.gravity_effort(q), effort)
    np.testing.assert_allclose(model.payload_weight(q), model.weight)
    assert model.payload_regressor(q, dq, dq).shape == (1, 10)
