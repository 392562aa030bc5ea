# SPDX-License-Identifier: Apache-2.0
"""Inverse kinematics of many poses at once: which of hundreds of places an arm gets to, at the price of a few.

The descent is that of `inverse_kinematics.py`, all poses side by side. Shape legend: B poses, N joints.
"""

from __future__ import annotations

import numpy as np

from controllers.arm.inverse_kinematics import MARGIN, POSITION_TOLERANCE, POSTURE_GAIN, ROTATION_TOLERANCE, STEP_MAX
from controllers.arm.model import ArmModel

ITERATIONS = 30
HOPELESS_AT, HOPELESS = 14, 0.06  # after so many iterations what is further off than this [m, rad] is left out


def solve_many(
    model: ArmModel, T_base_target: np.ndarray, q0: np.ndarray, q_rest: np.ndarray | None = None
) -> np.ndarray:
    """Return q (B, N) [rad] with the tool at each of T_base_target (B, 4, 4), NaN where the descent ends elsewhere.

    `q0` is where it begins, (N,) or (B, N); it leans to `q_rest` (N,). Some poses that `solve_ik` reaches from another
    start are missed.
    """
    count, lower, upper = len(T_base_target), model.lower + MARGIN, model.upper - MARGIN
    start = np.broadcast_to(np.asarray(q0, dtype=float), (count, model.size))
    rest = np.clip(start if q_rest is None else np.broadcast_to(q_rest, start.shape), lower, upper)
    found = np.full((count, model.size), np.nan)
    index, q, rest, target = (
        np.arange(count),
        np.clip(start, lower, upper),
        rest,
        np.asarray(T_base_target, dtype=float),
    )
    for iteration in range(ITERATIONS + 1):
        T, J = model.forward_many(q)
        error = _pose_errors(target, T)
        shift, turn = np.linalg.norm(error[:, :3], axis=1), np.linalg.norm(error[:, 3:], axis=1)
        solved = (shift < POSITION_TOLERANCE) & (turn < ROTATION_TOLERANCE)
        found[index[solved]] = q[solved]
        going = ~solved
        if iteration >= HOPELESS_AT:
            going &= shift + 0.1 * turn < HOPELESS
        if iteration == ITERATIONS or not going.any():
            break
        index, q, rest, target = index[going], q[going], rest[going], target[going]
        error, J = error[going], J[going]
        damping = 0.5 * (error * error).sum(axis=1) + 1e-6
        damped = J @ J.transpose(0, 2, 1) + damping[:, None, None] * np.eye(6)
        posture = POSTURE_GAIN * (rest - q)
        left = error - (J @ posture[..., None])[..., 0]
        step = posture + (J.transpose(0, 2, 1) @ np.linalg.solve(damped, left[..., None]))[..., 0]
        largest = np.abs(step).max(axis=1, keepdims=True)
        step *= np.minimum(1.0, STEP_MAX / np.maximum(largest, 1e-12))
        q = np.clip(q + step, lower, upper)
    return found


def _pose_errors(T_base_target: np.ndarray, T_base_ee: np.ndarray) -> np.ndarray:
    """Return (B, 6) [m, rad]: the shift and the rotation vector that take each tool to its target."""
    R = T_base_target[:, :3, :3] @ T_base_ee[:, :3, :3].transpose(0, 2, 1)
    axis = np.stack([R[:, 2, 1] - R[:, 1, 2], R[:, 0, 2] - R[:, 2, 0], R[:, 1, 0] - R[:, 0, 1]], axis=1)
    sine, cosine = 0.5 * np.linalg.norm(axis, axis=1), 0.5 * (np.trace(R, axis1=1, axis2=2) - 1.0)
    angle = np.arctan2(sine, cosine)
    # Where a turn is nearly half a one its axis is not in the skew part: any axis will do for a first step.
    scale = np.where(sine > 1e-9, 0.5 * angle / np.maximum(sine, 1e-9), 0.5)
    turn = axis * scale[:, None]
    half = (sine <= 1e-6) & (cosine < 0.0)
    turn[half] = (3.0, 0.0, 0.0)
    return np.concatenate([T_base_target[:, :3, 3] - T_base_ee[:, :3, 3], turn], axis=1)
