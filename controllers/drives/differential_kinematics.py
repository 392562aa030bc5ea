# SPDX-License-Identifier: Apache-2.0
"""Joint velocities that carry the tool along a pose, within the joints' bounds: one small quadratic programme a tick.

    minimise over q̇   ‖W (J q̇ − v)‖² + λ ‖q̇ − k (q_rest − q)‖²
    with   lower ≤ q̇ ≤ upper,   n q̇ ≥ −v(d),   −v(d) ≤ J q̇ ≤ v(d)

v is the commanded twist plus a pull towards the commanded pose, so nothing drifts. λ damps what is near a singularity
(Nakamura and Hanafusa 1986) and, elsewhere, chooses among the elbow's positions. The last two keep links apart
(`safety/clearance.py`) and the tool in its box (`safety/workspace.py`); they give way where the bounds leave no other
way.
"""

from __future__ import annotations

import daqp
import numpy as np
import pinocchio as pin

from controllers.arm.model import ArmModel
from controllers.control_config import KinematicsConfig
from controllers.drives.velocity_bounds import VelocityBounds
from controllers.rotations import Quaternion, write_matrix
from controllers.safety.clearance import ROWS, Clearance
from controllers.safety.workspace import Workspace

ROTATION_METRES = 0.15  # [m/rad] how a turn compares with a shift: about a hand's length
SINGULARITY_EVERY = 4  # ticks between two measurements of how near a singularity is
AXES = 3  # rows of the tool, along x, y and z, bounded both ways
SOLVED = (1, 2)  # daqp's exit flags, the second with a soft bound given way
SOFT = 8  # daqp's name for one


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
        self.clearance = Clearance(n)
        self.workspace: Workspace | None = None
        self._wall: Workspace | None = None  # where the tool is about to meet a face of its box
        self._identity, self._n = np.eye(n), n
        self._rows = np.zeros((AXES + ROWS, n))  # of the tool where it nears a face, then of the links
        self._upper, self._lower = np.zeros(n + len(self._rows)), np.zeros(n + len(self._rows))
        self._sense = np.array([0] * n + [SOFT] * len(self._rows), dtype=np.int32)
        self._velocity = np.zeros(AXES)
        self._damping, self._ticks = config.damping, 0
        self._q = np.zeros(n)

    def reset(self, q: np.ndarray) -> None:
        """Be at q (N,) [rad], at rest."""
        self.dq[:] = 0.0
        self._ticks = 0
        self.place(q)

    def place(self, q: np.ndarray) -> None:
        """Bring the kinematics to q (N,) [rad]."""
        self._q[:] = q
        self.T_base_ee[:] = self._model.forward(q)
        self._J[:] = self._model.jacobian(q)
        if self._ticks % SINGULARITY_EVERY == 0:
            self._measure_manipulability()
        self._ticks += 1

    def check_workspace(self, dq: np.ndarray) -> None:
        """Find out whether the tool, its joints at dq (N,) [rad/s], is about to meet a face of its box."""
        workspace, velocity = self.workspace, self._J[:AXES].dot(dq, out=self._velocity)
        near = workspace is not None and workspace.near(self.T_base_ee[:3, 3], velocity)
        self._wall = workspace if near else None

    @property
    def bound(self) -> bool:
        """Say whether more than the joints' own bounds may matter now."""
        return self._wall is not None or self.clearance.count > 0

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
        error[3:] = pin.log3(self._R_desired.dot(self.T_base_ee[:3, :3].T, out=self._R_error))
        wanted = np.multiply(error, config.pull, out=self._twist)
        wanted += twist
        wanted *= self._weights
        J = np.multiply(self._J, self._weights[:, None], out=self._weighted)
        J.T.dot(J, out=self._hessian)
        self._diagonal += self._damping
        wanted.dot(J, out=self._gradient)
        self._gradient += np.multiply(to_rest, self._damping, out=self._pull)
        np.negative(self._gradient, out=self._gradient)
        return self._minimise(self._hessian, bounds)

    def approach(self, wanted: np.ndarray, bounds: VelocityBounds) -> bool:
        """Write the `dq` nearest to wanted (N,) [rad/s]; False where there is none."""
        np.negative(wanted, out=self._gradient)
        return self._minimise(self._identity, bounds)

    def _minimise(self, hessian: np.ndarray, bounds: VelocityBounds) -> bool:
        n, every, clearance = self._n, self._n, self.clearance
        self._upper[:n], self._lower[:n] = bounds.upper, bounds.lower
        if self._wall is not None:
            every += AXES
            self._rows[:AXES] = self._J[:AXES]
            self._upper[n:every], self._lower[n:every] = self._wall.speeds(self.T_base_ee[:3, 3])
            np.negative(self._lower[n:every], out=self._lower[n:every])
        if clearance.count:
            first, every = every, every + clearance.count
            self._rows[first - n : every - n] = clearance.gradients[: clearance.count]
            self._upper[first:every] = 1e9
            np.negative(clearance.speeds(self._q)[: clearance.count], out=self._lower[first:every])
        solution, _, flag, _ = daqp.solve(
            hessian,
            self._gradient,
            self._rows[: every - n],
            self._upper[:every],
            self._lower[:every],
            self._sense[:every],
        )
        if flag not in SOLVED:
            return False
        self.dq[:] = solution
        return True

    def _measure_manipulability(self) -> None:
        """Measure how far the arm is from being singular, as MoveIt Servo does and as Yoshikawa (1985) does."""
        singular = np.linalg.svd(self._J, compute_uv=False)
        self.condition = float(singular[0] / max(singular[-1], 1e-9))
        self.manipulability = float(np.prod(singular))
        short = max(0.0, 1.0 - self.manipulability / self._config.manipulability_min)
        self._damping = self._config.damping + self._config.singular_damping * short * short
