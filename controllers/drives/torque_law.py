# SPDX-License-Identifier: Apache-2.0
"""From a commanded path to joint torques, in tool space or in joint space, with bumpless switching between them."""

from __future__ import annotations

from math import inf

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.arm.payload_change import PayloadChange
from controllers.chunks.time_scaling import UPDATE_EVERY
from controllers.chunks.track import CARTESIAN, JOINT
from controllers.control_config import ControlConfig
from controllers.drives.commanded_motion import CommandedMotion
from controllers.drives.limit_utilisation import LimitUtilisation
from controllers.laws.friction_feedforward import FrictionFeedforward
from controllers.laws.impedance import CartesianImpedance, JointImpedance
from controllers.laws.impedance_gains import ImpedanceGains
from controllers.laws.joint_limit_repulsion import JointLimitRepulsion

OFFSET_NEGLIGIBLE = POSTURE_NEGLIGIBLE = 1e-4
SINGULAR = 0.1  # singular value of the Jacobian [m, rad] below which its inverse is damped
POSTURE_S = 0.3  # [s] in which the posture of a stopped arm gives way to the rest posture


class TorqueLaw:
    """Sample the path, filter it, and pull the arm along with an impedance.

    A switch between the spaces is bumpless twice: the new reference starts from the commanded state expressed in
    the other space, and what the new law misses of the last effort is added and decays.
    """

    def __init__(self, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> None:
        """Prepare both spaces for the arm of `model`."""
        n, impedance = model.size, config.impedance
        self.model, self._config = model, config
        self.motion = CommandedMotion(model, limits, config)
        self.gains = ImpedanceGains(impedance)
        self.payload = PayloadChange(model, impedance.switch_s)
        self._friction = FrictionFeedforward(model, impedance.friction_share)
        self.cartesian = CartesianImpedance(n, impedance, self.gains, self._friction)
        self._joint_impedance = JointImpedance(n, impedance, self.gains)
        self._repulsion = JointLimitRepulsion(limits.lower, limits.upper, impedance)
        self._share_wanted, self._share_step = 1.0, 0.0
        self._full_speed = inf  # share of the joints' speed that the whole desired twist meant at the last look
        self._utilisation = LimitUtilisation(self.motion.joint_speed, limits, config.safety)
        self._scratch = np.zeros(n)
        self._posture = np.zeros(n)  # [rad] the rest posture of an arm that moves …
        self._posture_share = 1.0  # … and how much of the way there is left
        self._offset = np.zeros(n)  # [N·m] what keeps a switch bumpless …
        self._offset_share = 0.0  # … and how much of it is left

    def choose_posture(self, q: np.ndarray) -> None:
        """Take the configured rest posture, or q (N,) [rad] where there is none."""
        configured = self._config.impedance.rest_posture
        self._posture[...] = configured if len(configured) == len(q) else q
        self._posture_share = 1.0

    def settle(self) -> None:
        """End the changes of gains and payload that were requested while the arm was not driven."""
        self.gains.settle()
        self.payload.settle()

    def approach_posture(self, dt: float) -> None:
        """Let the elbow go towards the rest posture: only while the tool moves, a stopped arm stays as it is."""
        if self._posture_share <= POSTURE_NEGLIGIBLE:
            return
        rest, share = self.cartesian.q_rest, min(1.0, dt / POSTURE_S)
        np.subtract(self._posture, rest, out=self._scratch)
        self._scratch *= share
        rest += self._scratch
        self._posture_share *= 1.0 - share

    def hold_measured(self, last_effort: np.ndarray) -> np.ndarray:
        """Command the measured tool pose and posture, at rest; return the path's value (7,) that means the pose."""
        self.cartesian.q_rest[...] = self.model.q
        self._posture_share = 1.0
        value = self.motion.rest_at(self.model.T_base_ee)
        self._make_bumpless(last_effort)
        return value

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded state in the other space: (2, N) q, dq or (2, 7) pose and twist."""
        if mode == JOINT:  # to first order: the configuration whose tool is at the commanded pose
            J_inverse = damped_inverse(self.model.J)
            q = self.model.q + J_inverse @ self.cartesian.error
            dq = J_inverse @ self.motion.pose.filter.twist
            return np.stack([q, dq / max(1.0, float((np.abs(dq) / self.motion.joint_speed).max()))])
        return self.motion.pose_seed(self.motion.joint.filter.position.copy(), self.motion.joint.filter.velocity)

    def switch(self, mode: str, seed: np.ndarray, last_effort: np.ndarray) -> None:
        """Go on in the other space from `seed`."""
        self.motion.start(mode, seed)
        self._make_bumpless(last_effort)

    def effort(self, target: np.ndarray, dt: float) -> np.ndarray:
        """Advance by dt [s] towards what was sampled; return τ (N,) [N·m]. The model must be up to date."""
        self.motion.step(target, dt)
        self.gains.advance(dt)
        tau = self._impedance()
        self.payload.advance(dt)  # for the next tick: in this one the model is that of the payload before
        if self._offset_share > OFFSET_NEGLIGIBLE:
            self._offset_share *= max(0.0, 1.0 - dt / self._config.impedance.switch_s)
            tau += np.multiply(self._offset, self._offset_share, out=self._scratch)
        return tau

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Return desired joint speed and acceleration as shares of what is allowed, each of the joint that needs most.

        The acceleration is the mean of `elapsed` [s], the time since the last look. Of a tool's motion the joints are
        commanded no more than their speed, and than what of it they gain until the next look; the acceleration is that
        of what is asked, and progress waits for the rest.
        """
        motion, law = self.motion, self.cartesian
        if motion.mode != CARTESIAN:
            return self._utilisation.update(motion.joint.filter.velocity, elapsed)
        asked, acceleration = self._utilisation.update(law.dq_desired, elapsed)
        full, before = asked / law.motion_share, self._full_speed
        # Towards a singularity it grows faster the nearer that is: what it will be at the next look counts.
        coming = full + max(0.0, full - before)
        most = min(1.0, asked + self._utilisation.gain_rate * elapsed)
        self._share_wanted = wanted = most / coming if coming > most else 1.0
        self._share_step = (wanted - law.motion_share) / UPDATE_EVERY
        self._full_speed = full
        return full, acceleration

    def lag(self) -> float:
        """Return how far the tool is from its commanded position, as a share of the error clip."""
        if self.motion.mode != CARTESIAN:
            return 0.0
        x, y, z = self.cartesian.error[:3].tolist()
        return (x * x + y * y + z * z) ** 0.5 / self.gains.error_clip_position

    def _impedance(self) -> np.ndarray:
        model, motion = self.model, self.motion
        if motion.mode == CARTESIAN:
            law, reference = self.cartesian, motion.pose.filter
            if law.motion_share != self._share_wanted:
                left, step = self._share_wanted - law.motion_share, self._share_step
                law.motion_share = self._share_wanted if abs(left) < 1.01 * abs(step) else law.motion_share + step
            tau = law.effort(model, reference.position, reference.quaternion, reference.twist, reference.acceleration)
        else:
            tau = self._joint_impedance.effort(model, *motion.joint.filter.output)
            self._friction.add(motion.joint.filter.velocity, tau)
        if model.payload.mass:
            tau += model.weight
        self._repulsion.add(model.q, tau)
        return tau

    def _make_bumpless(self, last_effort: np.ndarray) -> None:
        self._impedance()  # once for the joint rates of the desired twist, by which the posture spring fades
        np.subtract(last_effort, self._impedance(), out=self._offset)
        self.cartesian.motion_share = self._share_wanted = 1.0
        self._full_speed = inf  # nothing to compare with
        self._utilisation.forget()  # the desired joint speed is computed in another way from here on
        self._offset_share = 1.0


def damped_inverse(J: np.ndarray) -> np.ndarray:
    """Return the pseudo-inverse (N, 6) of a Jacobian (6, N), damped near a singularity (Nakamura and Hanafusa 1986).

    A tool's motion that the joints can hardly follow asks for no more than ten times its size of them: an arm that
    changes space there goes on as it moves, not as the pose it could not follow would have it.
    """
    U, sigma, Vt = np.linalg.svd(J, full_matrices=False)
    damping = SINGULAR**2 * np.maximum(0.0, 1.0 - (sigma / SINGULAR) ** 2)
    return Vt.T @ ((sigma / (sigma**2 + damping))[:, None] * U.T)
