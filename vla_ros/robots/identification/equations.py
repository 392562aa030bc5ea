# SPDX-License-Identifier: Apache-2.0
"""The equations a recording gives: one for each joint at each instant, both sides filtered alike.

Shape legend: K instants at WORK_RATE, R of them kept, N joints, P parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.arm.model import ArmModel
from controllers.laws.friction_feedforward import DRY_FRICTION_SPEED
from vla_ros.robots.identification.recording import ExcitationRecording
from vla_ros.robots.identification.regressor import PAYLOAD_COLUMNS, nominal_effort, payload_columns, point_inertia
from vla_ros.robots.identification.signals import kept, low_pass, smoothed

# [rad/s] Slower joints are left out: how dry friction turns its sign is a matter of lubricant and play, which no model
# here has, and a wrong one would be paid for by the Coulomb and the viscous term.
SLOW = 3.0 * DRY_FRICTION_SPEED
INERTIA_MASS_MIN = 0.02  # [kg] a lighter payload's own inertia is nothing, and m c / m says little


@dataclass(frozen=True, eq=False)
class Equations:
    """Both sides of τ(t − delay) − τ_nominal = X θ, and of what a point mass adds to τ_nominal."""

    time: np.ndarray  # (K,) [s]
    speed: np.ndarray  # (R, N) [rad/s] as moved
    effort: np.ndarray  # (K, N) [N·m] filtered, as recorded
    nominal: np.ndarray  # (R, N) [N·m] filtered
    viscous: np.ndarray  # (R, N) dq, filtered
    dry: np.ndarray  # (R, N) tanh(dq / v_s), filtered
    payload: np.ndarray  # (R, N, 10) filtered
    rows: np.ndarray  # (R,) indices of what is kept

    @property
    def joints(self) -> int:
        """Return how many joints there are."""
        return self.viscous.shape[1]

    @property
    def moving(self) -> np.ndarray:
        """Say which equations count (R, N): 1 where the joint moves, else 0."""
        return (np.abs(self.speed) > SLOW).astype(float)

    def part(self, rows: slice) -> Equations:
        """Return the same with only some of the rows."""
        return Equations(
            self.time, self.speed[rows], self.effort, self.nominal[rows], self.viscous[rows], self.dry[rows],
            self.payload[rows], self.rows[rows],
        )  # fmt: skip

    def matrix(self, with_payload: bool = True, with_offset: bool = False) -> np.ndarray:
        """Return X (R, N, P): viscous (N), dry (N), mass and moment (4) if wanted, offset (N) if wanted."""
        diagonal = np.eye(self.joints)
        blocks = [self.viscous[:, :, None] * diagonal, self.dry[:, :, None] * diagonal]
        if with_payload:
            blocks.append(self.payload[:, :, :PAYLOAD_COLUMNS])
        if with_offset:
            blocks.append(np.broadcast_to(diagonal, (len(self.rows), self.joints, self.joints)))
        return np.concatenate(blocks, axis=2)

    def measured(self, delay: float) -> np.ndarray:
        """Return the effort (R, N) [N·m] that acted: what was recorded `delay` [s] earlier."""
        at = self.time[self.rows] - delay
        return np.stack([np.interp(at, self.time, column) for column in self.effort.T], axis=1)

    def point_effort(self, mass: float, moment: np.ndarray) -> np.ndarray:
        """Return what the inertia of a point of `mass` and `moment` m c adds (R, N) [N·m]."""
        if mass < INERTIA_MASS_MIN:
            return np.zeros_like(self.nominal)
        return self.payload[:, :, PAYLOAD_COLUMNS:] @ point_inertia(mass, moment)


def make_equations(model: ArmModel, recording: ExcitationRecording) -> Equations:
    """Return the equations of a recording of the arm `model`, without payload. Raises ConfigError for a bad one."""
    moved = smoothed(recording)
    payload = payload_columns(model, moved.state)
    rows = kept(len(moved.time))
    count, n = len(moved.time), model.size
    return Equations(
        moved.time,
        moved.state[1][rows],
        low_pass(moved.effort),
        low_pass(nominal_effort(model, moved.state, recording.with_gravity))[rows],
        low_pass(moved.state[1])[rows],
        low_pass(np.tanh(moved.state[1] / DRY_FRICTION_SPEED))[rows],
        low_pass(payload.reshape(count, -1)).reshape(count, n, -1)[rows],
        rows,
    )
