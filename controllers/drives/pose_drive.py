# SPDX-License-Identifier: Apache-2.0
"""Drive an arm by tool poses, for a driver that has an impedance controller of its own."""

from __future__ import annotations

from math import isfinite

import numpy as np

from controllers.commanded_motion import CommandedMotion
from controllers.control_config import ControlConfig
from controllers.drives.drive import Drive
from controllers.limit_utilisation import LimitUtilisation
from controllers.limits import ArmLimits
from controllers.model import ArmModel
from controllers.progress import ArmCommand
from controllers.rotations import compose_exp, from_matrix, rotate, write_matrix
from controllers.track import CARTESIAN
from controllers.workspace import Workspace

LEAD_M = 0.05  # [m] from the measured tool to the commanded pose at which progress is slowest
REST_SPEED = 1e-3  # [m/s], [rad/s] of the command: below it the arm is held


class PoseDrive(Drive):
    """The filtered pose itself, within the tool's box.

    What the elbow does is up to the driver, so chunks of joint targets are refused.
    """

    command = "pose"
    modes = (CARTESIAN,)

    def __init__(self, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> None:
        """Drive the arm of `model`, which the follower keeps up to date."""
        self.motion = CommandedMotion(model, limits, config)
        self.pose, self._twist = np.array([0.0] * 6 + [1.0]), np.zeros(6)  # commanded
        self._candidate = self.pose.copy()
        self._model, self._config = model, config
        self._utilisation = LimitUtilisation(self.motion.joint_speed, limits, config.safety)
        self._manipulability = 0.0
        self._workspace: Workspace | None = None

    @property
    def manipulability(self) -> float:  # type: ignore[override]
        """Return Yoshikawa's measure at the last look at it."""
        return self._manipulability

    def begin(self, q: np.ndarray) -> None:
        """Take the arm over where it is."""
        self._place(self.motion.forward(q))

    def hold(self) -> np.ndarray:
        """Hold what was commanded last."""
        if self._config.shadow:  # nothing was commanded: the arm is where it was
            self._place(self._model.T_base_ee)
        self._twist[:] = 0.0
        self._utilisation.forget()
        T = np.eye(4)
        self.write_pose(T)
        return self.motion.rest_at(T)

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded pose and twist: there is no other space."""
        return np.stack([self.pose, np.append(self._twist, 0.0)])

    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on from a seed."""
        self.motion.start(mode, seed)

    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Move the commanded pose on."""
        self.motion.step(target, dt)
        reference, candidate = self.motion.pose.filter, self._candidate
        candidate[:3], candidate[3:] = reference.position, reference.quaternion
        self._twist[:] = reference.twist
        return self._take(candidate)

    def come_to_rest(self, dt: float) -> bool:
        """Slow the tool down as fast as it may be accelerated, and at a face of its box at once."""
        twist, candidate, stitch = self._twist, self._candidate, self._config.stitch
        _slow_down(twist[:3], stitch.acceleration_max * dt)
        _slow_down(twist[3:], stitch.rotation_acceleration_max * dt)
        x, y, z, w = self.pose[3:].tolist()
        candidate[:3] = self.pose[:3] + twist[:3] * dt
        if self._workspace is not None:
            self._workspace.clip(candidate[:3], twist[:3])
        turn = rotate((-x, -y, -z, w), tuple((twist[3:] * dt).tolist()))
        candidate[3:] = compose_exp((x, y, z, w), turn)
        return self._take(candidate)

    @property
    def at_rest(self) -> bool:
        """Say whether the command stands still, and the arm with it."""
        still = max(map(abs, self._twist.tolist())) < REST_SPEED
        return still and float(np.abs(self._model.dq).max()) < self._config.safety.rest_speed

    def idle(self, dt: float) -> bool:
        """Be where the arm is: whoever holds it now does so without us."""
        self._place(self._model.T_base_ee)
        return True

    def without_state(self, dt: float) -> None:
        """Come to rest: the driver goes on holding poses."""
        self.come_to_rest(dt)

    def write(self, command: ArmCommand) -> None:
        """Write the pose."""
        command.pose[:] = self.pose

    def lag(self) -> float:
        """Return how far the tool is behind the command, as a share of the most it should be."""
        x, y, z = (self.pose[:3] - self._model.position).tolist()
        return (x * x + y * y + z * z) ** 0.5 / LEAD_M

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Return the shares of the joint rates that the commanded twist means where the arm is."""
        J = self._model.J
        gram = J @ J.T
        self._manipulability = max(float(np.linalg.det(gram)), 0.0) ** 0.5
        gram.reshape(-1)[::7] += 1e-4
        return self._utilisation.update(J.T @ np.linalg.solve(gram, self._twist), elapsed)

    def keep_inside(self, workspace: Workspace) -> None:
        """Keep the commanded pose in the box while it comes to rest: on its way the reference does."""
        self._workspace = workspace

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the commanded tool pose: after a stop it is not where the reference is."""
        T_base_ee[:3, 3] = self.pose[:3]
        write_matrix(tuple(self.pose[3:].tolist()), T_base_ee[:3, :3])

    def _place(self, T_base_ee: np.ndarray) -> None:
        self.pose[:3], self.pose[3:] = T_base_ee[:3, 3], from_matrix(T_base_ee[:3, :3])
        self._twist[:] = 0.0

    def _take(self, candidate: np.ndarray) -> bool:
        """Let a pose that is finite pass."""
        if not isfinite(np.dot(candidate, candidate)):
            self._twist[:] = 0.0
            return False
        self.pose[:] = candidate
        return True


def _slow_down(velocity: np.ndarray, change: float) -> None:
    """Make a velocity (3,) shorter by `change`, in place."""
    x, y, z = velocity.tolist()
    speed = (x * x + y * y + z * z) ** 0.5
    velocity *= max(0.0, 1.0 - change / speed) if speed > 0.0 else 0.0
