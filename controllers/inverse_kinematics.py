# SPDX-License-Identifier: Apache-2.0
"""Inverse kinematics by damped least squares (Nakamura 1986, Sugihara 2011) inside the joint limits."""

from __future__ import annotations

import numpy as np
import pinocchio as pin

from controllers.model import ArmModel

STARTS = 8
ITERATIONS = 60
POSITION_TOLERANCE = 1e-4  # [m]
ROTATION_TOLERANCE = 1e-3  # [rad]
MARGIN = 0.02  # [rad] kept from the joint limits
POSTURE_GAIN = 0.05
STEP_MAX = 0.5  # [rad] a joint an iteration


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
    lower, upper = model.lower + MARGIN, model.upper - MARGIN
    rest = np.clip(q0 if q_rest is None else q_rest, lower, upper)
    random = np.random.default_rng(0)
    for start in range(starts):
        q = np.clip(q0, lower, upper)
        if start:
            wide = random.uniform(lower, upper)
            q = q + (wide - q) * min(1.0, 0.4 * start)
        solution = _descend(model, T_base_target, q, rest, lower, upper)
        if solution is not None:
            return solution
    return None


def _descend(
    model: ArmModel, T_base_target: np.ndarray, q: np.ndarray, rest: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> np.ndarray | None:
    identity = np.eye(6)
    for _ in range(ITERATIONS):
        error = pose_error(T_base_target, model.forward(q))
        if np.linalg.norm(error[:3]) < POSITION_TOLERANCE and np.linalg.norm(error[3:]) < ROTATION_TOLERANCE:
            return q
        J = model.jacobian(q)
        # Damping follows the residual (Sugihara): bold when far, exact when near.
        damped = J @ J.T + (0.5 * float(error @ error) + 1e-6) * identity
        posture = POSTURE_GAIN * (rest - q)
        step = posture + J.T @ np.linalg.solve(damped, error - J @ posture)
        largest = np.abs(step).max()
        if largest > STEP_MAX:
            step *= STEP_MAX / largest
        q = np.clip(q + step, lower, upper)
    return None


def pose_error(T_base_target: np.ndarray, T_base_ee: np.ndarray) -> np.ndarray:
    """Return (6,) [m, rad]: the shift and the rotation vector, base axes, that take the tool to the target."""
    error = np.empty(6)
    error[:3] = T_base_target[:3, 3] - T_base_ee[:3, 3]
    error[3:] = pin.log3(T_base_target[:3, :3] @ T_base_ee[:3, :3].T)
    return error
