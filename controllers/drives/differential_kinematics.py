# SPDX-License-Identifier: Apache-2.0
"""Joint velocities that carry the tool along a pose, within the joints' bounds: one small quadratic programme a tick.

    minimise over q̇   ‖W (J q̇ − v)‖² + λ ‖q̇ − k (q_rest − q)‖²     with   lower ≤ q̇ ≤ upper

v is the commanded twist plus a pull towards the commanded pose, so nothing drifts. λ damps what is near a singularity
(Nakamura and Hanafusa 1986) and, elsewhere, chooses among the elbow's positions.
"""

from __future__ import annotations

import daqp
import numpy as np
import pinocchio as pin

from controllers.control_config import KinematicsConfig
from controllers.drives.velocity_bounds import VelocityBounds
from controllers.model import ArmModel
from controllers.rotations import Quaternion, write_matrix

ROTATION_METRES = 0.15  # [m/rad] how a turn compares with a shift: about a hand's length
LOOK_EVERY = 4  # ticks between two looks at how near a singularity is
SOLVED = 1  # daqp's exit flag


class DifferentialKinematics:
    """The programme for one arm, at a commanded configuration of its own."""

    def __init__(self, model: ArmModel, config: KinematicsConfig) -> None:
        """Use `model` for its kinematics alone; its state belongs to this object."""
        n = model.size
        self._model, self._config = model, config
        self.T_base_ee = np.eye(4)  # of the commanded configuration
        self.error = np.zeros(6)  # [m, rad] desired − commanded, base axes
        self.dq = np.zeros(n)  # [rad/s] the last solution
        self.condition, self.manipulability = 1.0, 0.0
        self._J, self._weighted = np.zeros((6, n)), np.zeros((6, n))
        self._weights = np.array([1.0] * 3 + [ROTATION_METRES] * 3)
        self._twist = np.zeros(6)
        self._R_desired, self._R_error = np.eye(3), np.eye(3)
        self._hessian, self._gradient = np.zeros((n, n)), np.zeros(n)
        self._diagonal = self._hessian.reshape(-1)[:: n + 1]
        self._pull = np.zeros(n)
        self._no_rows, self._sense = np.zeros((0, n)), np.zeros(n, dtype=np.int32)
        self._damping, self._ticks = config.damping, 0

    def reset(self, q: np.ndarray) -> None:
        """Be at q (N,) [rad], at rest."""
        self.dq[:] = 0.0
        self._ticks = 0
        self.place(q)

    def place(self, q: np.ndarray) -> None:
        """Bring the kinematics to q (N,) [rad]."""
        self.T_base_ee[:] = self._model.forward(q)
        self._J[:] = self._model.jacobian(q)
        if self._ticks % LOOK_EVERY == 0:
            self._look_at_singularity()
        self._ticks += 1

    def solve(
        self,
        position: np.ndarray,
        quaternion: Quaternion,
        twist: np.ndarray,
        to_rest: np.ndarray,
        bounds: VelocityBounds,
    ) -> bool:
        """Write `dq` for the desired pose and twist (6,), base axes; False where there is no solution.

        `to_rest` (N,) [rad/s] is where the joints would go if the tool did not matter.
        """
        config, error = self._config, self.error
        write_matrix(quaternion, self._R_desired)
        np.subtract(position, self.T_base_ee[:3, 3], out=error[:3])
        error[3:] = pin.log3(np.dot(self._R_desired, self.T_base_ee[:3, :3].T, out=self._R_error))
        wanted = np.multiply(error, config.pull, out=self._twist)
        wanted += twist
        wanted *= self._weights
        J = np.multiply(self._J, self._weights[:, None], out=self._weighted)
        np.dot(J.T, J, out=self._hessian)
        self._diagonal += self._damping
        np.dot(wanted, J, out=self._gradient)
        self._gradient += np.multiply(to_rest, self._damping, out=self._pull)
        np.negative(self._gradient, out=self._gradient)
        solution, _, flag, _ = daqp.solve(
            self._hessian, self._gradient, self._no_rows, bounds.upper, bounds.lower, self._sense
        )
        if flag != SOLVED:
            return False
        self.dq[:] = solution
        return True

    def _look_at_singularity(self) -> None:
        """Measure how far the arm is from being singular, as MoveIt Servo does and as Yoshikawa (1985) does."""
        singular = np.linalg.svd(self._J, compute_uv=False)
        self.condition = float(singular[0] / max(singular[-1], 1e-9))
        self.manipulability = float(np.prod(singular))
        short = max(0.0, 1.0 - self.manipulability / self._config.manipulability_min)
        self._damping = self._config.damping + self._config.singular_damping * short * short
