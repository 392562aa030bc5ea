# SPDX-License-Identifier: Apache-2.0
"""Drive an arm by joint positions: constrained differential inverse kinematics for poses, the joints' own otherwise."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.motion import BRAKE_S
from controllers.chunks.progress import ArmCommand
from controllers.chunks.track import CARTESIAN, JOINT
from controllers.control_config import ControlConfig
from controllers.drives.commanded_joints import CommandedJoints
from controllers.drives.commanded_motion import CommandedMotion
from controllers.drives.differential_kinematics import DifferentialKinematics
from controllers.drives.drive import Drive
from controllers.drives.limit_utilisation import LimitUtilisation
from controllers.safety.clearance import Clearance
from controllers.safety.workspace import Workspace

STOPPING_S = 1.5 * BRAKE_S  # [s] in which a motion has ended, the filter's tail included
NEARING = -0.02  # [1/s] change of the inverse condition number above which an arm does not near a singularity
POSTURE_SPEED = 0.1  # [m/s] of the tool at which the elbow goes towards its rest posture as fast as it may


class PositionDrive(Drive):
    """Joint positions whose speed and acceleration stay within limits, whatever is asked.

    The commanded configuration is integrated from the joints at activation on and never from measured ones: the
    driver's own lag would otherwise be fed back as motion. What is measured only holds it back (`lead_max`).
    """

    command = "position"

    def __init__(self, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> None:
        """Drive the arm of `model`, which the follower keeps up to date."""
        n = model.size
        self.motion = CommandedMotion(model, limits, config)
        self.kinematics = DifferentialKinematics(model.clone(), config.kinematics)
        self._joints = CommandedJoints(limits, config.kinematics)
        self.q, self.dq = self._joints.q, self._joints.dq  # (N,) [rad], [rad/s] commanded
        self._model, self._config = model, config
        self._bounds = self._joints.bounds
        self._utilisation = LimitUtilisation(self.motion.joint_speed, limits, config.safety)
        self._posture, self._to_rest = np.zeros(n), np.zeros(n)
        self._distance = 1.0  # inverse condition number at the last look

    @property
    def manipulability(self) -> float:  # type: ignore[override]
        """Return Yoshikawa's measure at the last look at it."""
        return self.kinematics.manipulability

    def begin(self, q: np.ndarray) -> None:
        """Take the arm over where it is."""
        configured = self._config.impedance.rest_posture
        self._posture[:] = configured if len(configured) == len(q) else q
        self._place(q)

    def hold(self) -> np.ndarray:
        """Hold what was commanded last: that is where the driver holds the arm, whatever it is loaded with."""
        if self._config.shadow:  # nothing was commanded: the arm is where it was
            self._place(self._model.q)
        self._place(self.q)
        self._utilisation.forget()
        return self.motion.rest_at(self.kinematics.T_base_ee)

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded configuration and its speed, or the pose and twist they mean."""
        q, dq = self.q.copy(), self.dq.copy()
        return np.stack([q, dq]) if mode == JOINT else self.motion.pose_seed(q, dq)

    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on in the other space."""
        self.motion.start(mode, seed)

    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Move the commanded configuration on."""
        motion = self.motion
        motion.step(target, dt)
        if dt <= 0.0:
            return True
        self._bounds.update(self.q, self.dq, self._model.q, dt)
        self.kinematics.check_workspace(self.dq)
        if motion.mode == CARTESIAN:
            reference = motion.pose.filter
            self._lean(reference.twist)
            solved = self.kinematics.solve(
                reference.position, reference.quaternion, reference.twist, self._to_rest, self._bounds
            )
            if not solved:
                return False
            wanted = self.kinematics.dq
        else:
            joint = motion.joint.filter
            wanted = self._joints.towards(joint.position, joint.velocity)
            if self.kinematics.bound and self.kinematics.approach(wanted, self._bounds):
                wanted = self.kinematics.dq
        return self._advance(wanted, dt)

    def come_to_rest(self, dt: float) -> bool:
        """Brake every joint at its acceleration limit, the tool before the faces of its box."""
        if dt <= 0.0:
            return True
        self._bounds.update(self.q, self.dq, None, dt)
        self.kinematics.check_workspace(self.dq)
        wanted = self._joints.standing()
        if self.kinematics.bound and self.kinematics.approach(wanted, self._bounds):
            wanted = self.kinematics.dq
        return self._advance(wanted, dt)

    @property
    def at_rest(self) -> bool:
        """Say whether the command stands still, and the arm with it."""
        return self._joints.still and float(np.abs(self._model.dq).max()) < self._config.safety.rest_speed

    def idle(self, dt: float) -> bool:
        """Be where the arm is: whoever holds it now does so without us."""
        self._place(self._model.q)
        return True

    def without_state(self, dt: float) -> None:
        """Brake: the driver goes on holding positions."""
        self.come_to_rest(dt)

    def write(self, command: ArmCommand) -> None:
        """Write the position."""
        command.position[:] = self.q

    def lag(self) -> float:
        """Return how far the joints are behind the command, as a share of the most it may lead them."""
        return self._joints.lag(self._model.q)

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Return the shares of what is commanded."""
        return self._utilisation.update(self.dq, elapsed)

    def keep_clear(self, clearance: Clearance) -> None:
        """Keep the links of `clearance` apart."""
        self.kinematics.clearance = clearance

    def keep_inside(self, workspace: Workspace) -> None:
        """Keep the commanded tool in its box."""
        self.kinematics.workspace = workspace

    def obstacle(self, elapsed: float) -> tuple[float, str]:
        """Slow down towards a singularity, and end the motion there; away from it nothing is slower."""
        config = self._config.kinematics
        slow, stop = 1.0 / config.singular_slow, 1.0 / config.singular_stop
        # The inverse of the condition number falls evenly towards a singularity, as a distance does.
        distance = 1.0 / self.kinematics.condition
        rate, self._distance = (distance - self._distance) / max(elapsed, 1e-6), distance  # [1/s]
        if rate > NEARING or self.motion.mode == JOINT:
            return 1.0, ""
        ahead = distance + rate * STOPPING_S  # what it would be once the motion has ended
        if ahead <= stop:
            return 0.0, "singularity"
        return min(1.0, (ahead - stop) / (slow - stop)), ""

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the tool pose of the commanded configuration."""
        T_base_ee[:] = self.kinematics.T_base_ee

    def _place(self, q: np.ndarray) -> None:
        self._joints.place(q)
        self.kinematics.reset(q)
        self._distance = 1.0 / self.kinematics.condition

    def _lean(self, twist: np.ndarray) -> None:
        """Write how the joints would go to the rest posture; a tool that stands still leaves the elbow where it is."""
        x, y, z = twist[:3].tolist()
        share = min(1.0, (x * x + y * y + z * z) ** 0.5 / POSTURE_SPEED)
        np.subtract(self._posture, self.q, out=self._to_rest)
        self._to_rest *= share * self._config.kinematics.posture_rate

    def _advance(self, wanted: np.ndarray, dt: float) -> bool:
        """Let the last gate pass `wanted` (N,) [rad/s], and integrate; False, and a halt, when it is not finite."""
        finite = self._joints.advance(wanted, dt)
        self.kinematics.place(self.q)
        return finite
