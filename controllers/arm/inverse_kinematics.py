# SPDX-License-Identifier: Apache-2.0
"""Inverse kinematics by damped least squares (Nakamura 1986, Sugihara 2011) inside the joint limits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pinocchio as pin

from controllers.arm.model import ArmModel

STARTS = 8
ITERATIONS = 60
POSITION_TOLERANCE = 1e-4  # [m]
ROTATION_TOLERANCE = 1e-3  # [rad]
MARGIN = 0.02  # [rad] kept from the joint limits
POSTURE_GAIN = 0.05
STEP_MAX = 0.5  # [rad] a joint an iteration
ROTATION_METRES = 0.1  # [m/rad] how a turn compares with a shift when nothing solves both
_ERROR_WEIGHTS = np.array([1.0] * 3 + [ROTATION_METRES] * 3)


def solve_ik(
    model: ArmModel,
    T_base_target: np.ndarray,
    q0: np.ndarray,
    q_rest: np.ndarray | None = None,
    starts: int = STARTS,
) -> np.ndarray | None:
    """Return q (N,) [rad] with the tool at T_base_target (4, 4), near q0 and leaning to q_rest, or None.

    The first start is q0; the others are drawn around it from a fixed seed, so that the answer is a function
    of the arguments.
    """
    for q, error in _descents(model, T_base_target, q0, q_rest, starts):
        if _solved(error):
            return q
    return None


def nearest_configuration(
    model: ArmModel, T_base_target: np.ndarray, q0: np.ndarray, starts: int = STARTS
) -> tuple[np.ndarray, np.ndarray]:
    """Return q (N,) [rad] with the tool as near T_base_target (4, 4) as it was found to get, and its pose error (6,).

    The error is that of `pose_error`. Ways to go count [m]; a turn counts ROTATION_METRES a radian.
    """
    found = list(_descents(model, T_base_target, q0, None, starts))
    return min(found, key=lambda item: float(np.linalg.norm(item[1] * _ERROR_WEIGHTS)))


def _descents(
    model: ArmModel, T_base_target: np.ndarray, q0: np.ndarray, q_rest: np.ndarray | None, starts: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    lower, upper = model.lower + MARGIN, model.upper - MARGIN
    rest = np.clip(q0 if q_rest is None else q_rest, lower, upper)
    random = np.random.default_rng(0)
    for start in range(starts):
        q = np.clip(q0, lower, upper)
        if start:
            wide = random.uniform(lower, upper)
            q = q + (wide - q) * min(1.0, 0.4 * start)
        yield _descend(model, T_base_target, q, rest, lower, upper)


def _descend(
    model: ArmModel, T_base_target: np.ndarray, q: np.ndarray, rest: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the descent ends, and the pose error that is left (6,)."""
    identity = np.eye(6)
    for _ in range(ITERATIONS):
        error = pose_error(T_base_target, model.forward(q))
        if _solved(error):
            return q, error
        J = model.jacobian(q)
        # Damping follows the residual (Sugihara): bold when far, exact when near.
        damped = J @ J.T + (0.5 * float(error @ error) + 1e-6) * identity
        posture = POSTURE_GAIN * (rest - q)
        step = posture + J.T @ np.linalg.solve(damped, error - J @ posture)
        largest = np.abs(step).max()
        if largest > STEP_MAX:
            step *= STEP_MAX / largest
        q = np.clip(q + step, lower, upper)
    return q, pose_error(T_base_target, model.forward(q))


def _solved(error: np.ndarray) -> bool:
    return bool(np.linalg.norm(error[:3]) < POSITION_TOLERANCE and np.linalg.norm(error[3:]) < ROTATION_TOLERANCE)


def pose_error(T_base_target: np.ndarray, T_base_ee: np.ndarray) -> np.ndarray:
    """Return (6,) [m, rad]: the shift and the rotation vector, base axes, that take the tool to the target."""
    error = np.empty(6)
    error[:3] = T_base_target[:3, 3] - T_base_ee[:3, 3]
    error[3:] = pin.log3(T_base_target[:3, :3] @ T_base_ee[:3, :3].T)
    return error
