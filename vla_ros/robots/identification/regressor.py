# SPDX-License-Identifier: Apache-2.0
"""Effort as a linear function of what is looked for: friction of every joint, mass and first moment of a payload.

    τ − τ_nominal = diag(dq) f_v + diag(tanh(dq / v_s)) f_c + Y(q, dq, ddq) (m, m c, I)

v_s is the speed below which control's own feed-forward lets dry friction fade in: what is identified here is what is
given there. The payload is a point, so that its inertia follows from m and c and is possible by construction.
"""

from __future__ import annotations

import numpy as np

from controllers.arm.model import ArmModel
from controllers.laws.friction_feedforward import DRY_FRICTION_SPEED

PAYLOAD_COLUMNS = 4  # m [kg], m c [kg·m] in the tool frame
# Amounts that count alike when a motion is judged: 0.5 N·m·s/rad, 0.3 N·m, 0.3 kg, 0.03 kg·m.
UNITS = (0.5, 0.3, 0.3, 0.03)


def friction_columns(dq: np.ndarray) -> np.ndarray:
    """Return the friction regressor (K, N, 2N) of dq (K, N) [rad/s]: viscous first."""
    n = dq.shape[1]
    diagonal = np.eye(n)
    return np.concatenate([dq[:, :, None] * diagonal, np.tanh(dq / DRY_FRICTION_SPEED)[:, :, None] * diagonal], axis=2)


def payload_columns(model: ArmModel, state: np.ndarray) -> np.ndarray:
    """Return the payload regressor (K, N, 10) of a motion (3, K, N)."""
    return np.array([model.payload_regressor(q, dq, ddq) for q, dq, ddq in state.transpose(1, 0, 2)])


def point_inertia(mass: float, moment: np.ndarray) -> np.ndarray:
    """Return Ixx, Ixy, Iyy, Ixz, Iyz, Izz (6,) [kg·m²] about the tool of a point of `mass` with `moment` m c (3,)."""
    inertia = (moment @ moment * np.eye(3) - np.outer(moment, moment)) / mass
    return inertia[[0, 0, 1, 0, 1, 2], [0, 1, 1, 2, 2, 2]]


def nominal_effort(model: ArmModel, state: np.ndarray, with_gravity: bool) -> np.ndarray:
    """Return the effort (K, N) [N·m] a motion (3, K, N) takes without friction and payload."""
    rows = state.transpose(1, 0, 2)
    effort = np.array([model.inverse_dynamics(q, dq, ddq) for q, dq, ddq in rows])
    return effort + np.array([model.gravity_effort(q) for q, _, _ in rows]) if with_gravity else effort


def units(size: int) -> np.ndarray:
    """Return the unit (2N + 4,) of each parameter of an arm of `size` joints."""
    viscous, dry, mass, moment = UNITS
    return np.concatenate([np.full(size, viscous), np.full(size, dry), [mass], np.full(3, moment)])


class UnitRegressor:
    """The regressor in units that make its condition number mean something."""

    def __init__(self, model: ArmModel) -> None:
        self._model = model.clone()
        self._units = units(model.size)
        self.columns = len(self._units)

    def rows(self, state: np.ndarray) -> np.ndarray:
        """Return the regressor (K N, 2N + 4) of a motion (3, K, N), each column times its unit."""
        payload = payload_columns(self._model, state)[:, :, :PAYLOAD_COLUMNS]
        columns = np.concatenate([friction_columns(state[1]), payload], axis=2)
        return (columns * self._units).reshape(-1, self.columns)

    def information(self, state: np.ndarray) -> np.ndarray:
        """Return the normal matrix (2N + 4, 2N + 4) of a motion (3, K, N)."""
        rows = self.rows(state)
        return rows.T @ rows
