# SPDX-License-Identifier: Apache-2.0
"""A tool spring given as six values or a matrix, in the base's axes or the tool's: what a push finds."""

import dataclasses

import numpy as np
import pytest
from arms.franka_arm import HOME, franka_config, franka_model

from controllers.control_config import ControlConfig, ImpedanceConfig
from controllers.errors import ConfigError
from controllers.laws.impedance import CartesianImpedance
from controllers.rotations import from_matrix
from controllers.stiffness import STIFFNESS_RANGE, matrix_of, square_root
from vla_ros.configuration import build
from vla_ros.sim.delayed_arm import DelayedArm

CONFIG = franka_config().impedance
SIX = (600.0, 1800.0, 1000.0, 60.0, 120.0, 90.0)
STILL = np.zeros(6)


def coupled_matrix() -> np.ndarray:
    """Return a spring with every direction coupled to every other."""
    A = np.random.default_rng(7).normal(size=(6, 6))
    scale = np.sqrt(np.array(SIX))
    shape = np.eye(6) + 0.08 * (A + A.T)
    return scale[:, None] * shape * scale


def as_rows(matrix: np.ndarray) -> tuple:
    return tuple(tuple(row) for row in matrix.tolist())


def held_in(config: ImpedanceConfig, q: np.ndarray, push: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hold the tool, with latency, while `push` (6,) [N, N·m] acts on it; return shift, Λ⁻¹, R of the target."""
    model, law = franka_model(), CartesianImpedance(7, config)
    law.q_rest[:] = q
    arm = DelayedArm(franka_model(), q, command_delay=0.005, damping=0.5)
    T = model.forward(q)
    for _ in range(2000):
        model.update(*arm.measure())
        arm.disturbance[:] = model.J.T @ push
        arm.command(law.effort(model, T[:3, 3], from_matrix(T[:3, :3]), STILL, STILL))
        arm.step()
    assert np.abs(model.twist).max() < 1e-3  # [m/s, rad/s]
    return -law.error, model.J @ model.M_inverse @ model.J.T, T[:3, :3]


@pytest.mark.parametrize(
    ("frame", "matrix", "damping"),
    [
        ("base", np.diag(SIX), "inertia"),
        ("tool", np.diag(SIX), "constant"),
        ("base", coupled_matrix(), "constant"),
        ("tool", coupled_matrix(), "inertia"),
    ],
)
def test_a_push_finds_the_compliance_that_was_asked_for(frame, matrix, damping):
    given = SIX if np.array_equal(matrix, np.diag(SIX)) else as_rows(matrix)
    config = dataclasses.replace(CONFIG, stiffness=given, stiffness_frame=frame, damping=damping)
    q = HOME + np.array([0.4, 0.2, -0.3, 0.2, 0.5, -0.5, 0.6])  # the tool's axes are nowhere near the base's
    push = np.array([4.0, -5.0, 3.0, 0.5, -0.6, 0.4])
    shift, inverse_inertia, R = held_in(config, q, push)
    turn = np.kron(np.eye(2), R) if frame == "tool" else np.eye(6)
    compliance = turn @ np.linalg.inv(matrix) @ turn.T
    wanted = (compliance + inverse_inertia / config.frequency_max**2) @ push
    assert np.allclose(shift, wanted, rtol=0.02, atol=1e-4)
    assert np.linalg.norm(shift) > 1e-3
    if frame == "tool":  # the same matrix in the base's axes would have been seen to be wrong
        base = (np.linalg.inv(matrix) + inverse_inertia / config.frequency_max**2) @ push
        assert not np.allclose(shift, base, rtol=0.02, atol=1e-4)


def test_the_two_scalars_are_the_six_values_in_every_frame():
    model = franka_model()
    model.update(HOME, np.zeros(7))
    T = model.forward(HOME + 0.02)
    target = T[:3, 3], from_matrix(T[:3, :3])
    six = (CONFIG.stiffness_position,) * 3 + (CONFIG.stiffness_rotation,) * 3
    efforts = []
    for change in ({}, {"stiffness": six}, {"stiffness": six, "stiffness_frame": "tool"}):
        law = CartesianImpedance(7, dataclasses.replace(CONFIG, **change))
        law.q_rest[:] = HOME
        efforts.append(law.effort(model, *target, STILL, STILL).copy())
    assert np.allclose(efforts[0], efforts[1], atol=1e-9)
    assert np.allclose(efforts[0], efforts[2], atol=1e-9)


def test_a_constant_damper_is_what_was_given_but_no_faster_than_the_wire_allows():
    model = franka_model()
    model.update(HOME, np.random.default_rng(2).normal(scale=0.1, size=7))
    D = np.diag([60.0, 90.0, 40.0, 2.0, 3.0, 1.0])
    config = dataclasses.replace(
        CONFIG, damping="constant", damping_constant=tuple(D.diagonal()), nullspace_stiffness=0.0, nullspace_rate=0.0
    )
    law = CartesianImpedance(7, config)
    T = model.T_base_ee
    tau = law.effort(model, T[:3, 3], from_matrix(T[:3, :3]), STILL, STILL) - model.coriolis
    inverse_inertia = model.J @ model.M_inverse @ model.J.T
    fastest = config.frequency_max**2 / config.frequency_design + config.frequency_design
    limited = np.linalg.inv(np.linalg.inv(D) + inverse_inertia / fastest)
    assert np.allclose(tau, -model.J.T @ limited @ model.twist, atol=1e-4)
    assert np.linalg.eigvals(inverse_inertia @ limited).real.max() < fastest
    K = coupled_matrix()
    derived = dataclasses.replace(config, stiffness=as_rows(K), damping_constant=())
    assert np.allclose(derived.damper() @ derived.damper(), 4.0 * K)


def test_square_root():
    K = coupled_matrix()
    assert np.allclose(square_root(K) @ square_root(K), K)


ASYMMETRIC = np.diag(SIX) + 5.0 * np.eye(6, k=1)
INDEFINITE = np.diag(SIX) + 900.0 * (np.eye(6, k=2) + np.eye(6, k=-2))


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ((1.0, 2.0), "6 numbers"),
        ((*SIX[:5], float("nan")), "6 numbers"),
        (("a",) * 6, "6 numbers"),
        (((1.0, 2.0), (3.0,)), "6 numbers"),
        (as_rows(ASYMMETRIC), "row 1 column 2 is 5, row 2 column 1 is 0"),
        (as_rows(INDEFINITE), "positive definite"),
        ((-300.0, *SIX[1:]), "positive definite"),
        ((9000.0, *SIX[1:]), "position must be 1 to 5000"),
        ((*SIX[:5], 0.01), "rotation must be 0.1 to 500"),
    ],
)
def test_a_spring_that_is_none_is_refused_in_one_line(values, match):
    with pytest.raises(ConfigError, match=match) as error:
        matrix_of("stiffness", values, STIFFNESS_RANGE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("impedance", "match"),
    [
        ({"stiffness": [1.0]}, "x.yaml.*'stiffness' must be 6"),
        ({"stiffness_frame": "wrist"}, "base or tool"),
        ({"damping": "none"}, "inertia or constant"),
        ({"damping_constant": [1, 2, 3, 4, 5, -6]}, "'damping_constant' must be positive definite"),
    ],
)
def test_the_configuration_says_what_is_wrong(impedance, match):
    with pytest.raises(ConfigError, match=match):
        build(ControlConfig, {"impedance": impedance}, "x.yaml")


def test_the_configuration_takes_values_and_rows():
    six = build(ControlConfig, {"impedance": {"stiffness": list(SIX)}}, "x.yaml").impedance
    rows = build(ControlConfig, {"impedance": {"stiffness": np.diag(SIX).tolist()}}, "x.yaml").impedance
    assert np.array_equal(six.spring(), rows.spring())
