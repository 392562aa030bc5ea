# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.rotations import (
    angle_between,
    compose_exp,
    from_matrix,
    log_relative,
    multiply,
    normalise,
    rotate,
    write_matrix,
)

unit = st.floats(-1.0, 1.0)
quaternions = st.tuples(unit, unit, unit, unit).filter(lambda q: sum(x * x for x in q) > 0.1).map(normalise)
vectors = st.tuples(*[st.floats(-1.7, 1.7)] * 3)


@given(quaternions, quaternions)
def test_multiply_agrees_with_scipy(a, b):
    expected = (Rotation.from_quat(a) * Rotation.from_quat(b)).as_matrix()
    assert np.allclose(Rotation.from_quat(multiply(a, b)).as_matrix(), expected, atol=1e-12)


@given(quaternions, vectors)
def test_log_undoes_exp(q, v):
    assert np.allclose(log_relative(q, compose_exp(q, v)), v, atol=1e-9)


@given(quaternions, quaternions)
def test_log_takes_the_short_way(a, b):
    turn = log_relative(a, b)
    assert np.linalg.norm(turn) <= np.pi + 1e-9
    assert np.linalg.norm(turn) == pytest.approx(angle_between(a, b), abs=1e-6)


@given(quaternions)
def test_matrix_round_trip(q):
    R = np.zeros((3, 3))
    write_matrix(q, R)
    assert np.allclose(R, Rotation.from_quat(q).as_matrix(), atol=1e-12)
    assert angle_between(q, from_matrix(R)) < 1e-6


@given(quaternions, vectors)
def test_rotate_agrees_with_the_matrix(q, v):
    assert np.allclose(rotate(q, v), Rotation.from_quat(q).as_matrix() @ v, atol=1e-12)


def test_tiny_rotations_stay_accurate():
    q = normalise((0.1, -0.2, 0.3, 0.9))
    v = (1e-8, -2e-8, 3e-8)
    assert np.allclose(log_relative(q, compose_exp(q, v)), v, rtol=1e-6)
