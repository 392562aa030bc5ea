# SPDX-License-Identifier: Apache-2.0
"""From a commanded path to joint torques, in tool space or in joint space, with bumpless switching between them."""

from __future__ import annotations

import numpy as np

from controllers.control_config import ControlConfig
from controllers.impedance import CartesianImpedance, FrictionFeedforward, JointImpedance, JointLimitRepulsion
from controllers.impedance_gains import ImpedanceGains
from controllers.limits import ArmLimits
from controllers.model import ArmModel
from controllers.motion import CARTESIAN, JOINT
from controllers.payload_change import PayloadChange
from controllers.reference import JointReference, PoseReference
from controllers.rotations import from_matrix
from controllers.spline import Spline
from controllers.stitching import MotionBounds

OFFSET_NEGLIGIBLE = POSTURE_NEGLIGIBLE = 1e-4
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
        self.mode = CARTESIAN
        self._planning_model = model.clone()  # seeds are computed in the thread that submits chunks
        margin = config.safety.workspace_margin
        self._box = (limits.workspace_lower - margin, limits.workspace_upper + margin)
        self.pose = PoseReference(config.filter_cutoff, *self._box)
        self.joint = JointReference(config.filter_cutoff, n)
        self.gains = ImpedanceGains(impedance)
        self.payload = PayloadChange(model, impedance.switch_s)
        self.cartesian = CartesianImpedance(n, impedance, self.gains)
        self._joint_impedance = JointImpedance(n, impedance, self.gains)
        self._friction = FrictionFeedforward(model, impedance.friction_share)
        self._repulsion = JointLimitRepulsion(limits.lower, limits.upper, impedance)
        self._joint_speed = limits.velocity * config.stitch.joint_speed_scale  # (N,) [rad/s] allowed
        self._joint_speed_inverse, self._shares = 1.0 / self._joint_speed, np.zeros(n)
        self._acceleration_inverse = 1.0 / (config.safety.acceleration_margin * limits.acceleration)
        self._dq_before, self._dq_known = np.zeros(n), False  # desired joint speed at the last look at it
        self._posture = np.zeros(n)  # [rad] the rest posture of an arm that moves …
        self._posture_share = 1.0  # … and how much of the way there is left
        self._offset = np.zeros(n)  # [N·m] what keeps a switch bumpless …
        self._offset_share = 0.0  # … and how much of it is left

    @property
    def delay(self) -> float:
        """Return how far the commanded state trails the sampled path [s]."""
        return self.pose.filter.delay

    @property
    def tool_speed(self) -> float:
        """Return how fast the tool is commanded to move [m/s]; 0 in joint space."""
        if self.mode != CARTESIAN:
            return 0.0
        x, y, z = self.pose.filter.twist[:3].tolist()
        return float((x * x + y * y + z * z) ** 0.5)

    def choose_posture(self, q: np.ndarray) -> None:
        """Take the configured rest posture, or q (N,) [rad] where there is none."""
        configured = self._config.impedance.rest_posture
        self._posture[:] = configured if len(configured) == len(q) else q
        self._posture_share = 1.0

    def settle(self) -> None:
        """End the changes of gains and payload that were asked for while the arm was not driven."""
        self.gains.settle()
        self.payload.settle()

    def approach_posture(self, dt: float) -> None:
        """Let the elbow go towards the rest posture: only while the tool moves, a stopped arm stays as it is."""
        if self._posture_share <= POSTURE_NEGLIGIBLE:
            return
        rest, share = self.cartesian.q_rest, min(1.0, dt / POSTURE_S)
        np.subtract(self._posture, rest, out=self._shares)
        self._shares *= share
        rest += self._shares
        self._posture_share *= 1.0 - share

    def hold_measured(self, last_effort: np.ndarray) -> np.ndarray:
        """Command the measured tool pose and posture, at rest; return the path's value (7,) that means the pose."""
        self.mode = CARTESIAN
        self.cartesian.q_rest[:] = self.model.q
        self._posture_share = 1.0
        state = self.pose.reset(self.model.position.copy(), from_matrix(self.model.rotation))
        self._make_bumpless(last_effort)
        return state[0]

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded state in the other space: (2, N) q, dq or (2, 7) pose and twist."""
        if mode == JOINT:  # to first order: the configuration whose tool is at the commanded pose
            J_inverse = np.linalg.pinv(self.model.J, rcond=1e-2)
            q = self.model.q + J_inverse @ self.cartesian.error
            return np.stack([q, J_inverse @ self.pose.filter.twist])
        q = self.joint.filter.position.copy()
        T = self._planning_model.forward(q)
        seed = np.zeros((2, 7))
        seed[0, :3], seed[0, 3:] = T[:3, 3], from_matrix(T[:3, :3])
        seed[1, :6] = self._planning_model.jacobian(q) @ self.joint.filter.velocity
        return seed

    def forward(self, q: np.ndarray) -> np.ndarray:
        """Return T_base_ee (4, 4) at q (N,) [rad], for the thread that submits chunks."""
        return self._planning_model.forward(q)

    def seeded_state(self, mode: str, seed: np.ndarray) -> np.ndarray:
        """Return the state (3, C) a path must start with to continue `seed`."""
        cutoff = self._config.filter_cutoff
        if mode == JOINT:
            return JointReference(cutoff, self.model.size).reset(seed[0], seed[1])
        return PoseReference(cutoff, *self._box).reset(seed[0, :3], tuple(seed[0, 3:]), seed[1, :6])

    def bounds(self, mode: str) -> MotionBounds:
        """Return how fast a path in this space may be from here on."""
        stitch, joint_speed = self._config.stitch, self._joint_speed
        if mode == JOINT:
            return MotionBounds(joint_speed, np.full(self.model.size, stitch.joint_acceleration_max))
        # A quaternion's components move half as fast as it turns.
        speed = np.array([stitch.speed_max] * 3 + [0.5 * stitch.rotation_speed_max] * 4)
        acceleration = np.array([stitch.acceleration_max] * 3 + [0.5 * stitch.rotation_acceleration_max] * 4)
        x, y, z, w = self.pose.filter.quaternion
        # ω = 2 q' q*, base axes
        turn = 2.0 * np.array([[w, z, -y, -x], [-z, w, x, -y], [y, -x, w, -z]])
        J_inverse = np.linalg.pinv(self._planning_model.jacobian(self.model.q.copy()), rcond=0.05)
        joint_rates = np.hstack([J_inverse[:, :3], J_inverse[:, 3:] @ turn]) / joint_speed[:, None]
        return MotionBounds(speed, acceleration, joint_rates)

    def switch(self, mode: str, seed: np.ndarray, last_effort: np.ndarray) -> None:
        """Go on in the other space from `seed`."""
        if mode == JOINT:
            self.joint.reset(seed[0], seed[1])
        else:
            self.pose.reset(seed[0, :3], tuple(seed[0, 3:]), seed[1, :6])
        self.mode = mode
        self._make_bumpless(last_effort)

    def effort(self, spline: Spline, x: float, dt: float) -> np.ndarray:
        """Advance by dt [s] along the path at x [s]; return τ (N,) [N·m]. The model must be up to date."""
        if self.mode == CARTESIAN:
            self.pose.step(spline, x, dt)
        else:
            self.joint.step(spline, x, dt)
        self.gains.advance(dt)
        self.payload.advance(dt)
        tau = self._impedance()
        if self._offset_share > OFFSET_NEGLIGIBLE:
            self._offset_share *= max(0.0, 1.0 - dt / self._config.impedance.switch_s)
            tau += np.multiply(self._offset, self._offset_share, out=self._shares)
        return tau

    def joint_shares(self, elapsed: float) -> tuple[float, float]:
        """Return desired joint speed and acceleration as shares of what is allowed, each of the joint that needs most.

        The acceleration is the mean of `elapsed` [s], the time since the last look.
        """
        dq = self.cartesian.dq_desired if self.mode == CARTESIAN else self.joint.filter.velocity
        shares = np.multiply(dq, self._joint_speed_inverse, out=self._shares).tolist()
        speed = max(max(shares), -min(shares))
        acceleration = 0.0
        if self._dq_known and elapsed > 0.0:
            np.subtract(dq, self._dq_before, out=self._shares)
            self._shares *= self._acceleration_inverse
            changes = self._shares.tolist()
            acceleration = max(max(changes), -min(changes)) / elapsed
        self._dq_before[:], self._dq_known = dq, True
        return speed, acceleration

    def lag(self) -> float:
        """Return how far the tool is from its commanded position, as a share of the error clip."""
        if self.mode != CARTESIAN:
            return 0.0
        x, y, z = self.cartesian.error[:3].tolist()
        return (x * x + y * y + z * z) ** 0.5 / self.gains.error_clip_position

    def write_commanded(self, T_base_ee: np.ndarray) -> None:
        """Write the commanded tool pose into T_base_ee (4, 4)."""
        if self.mode == CARTESIAN:
            T_base_ee[:3, 3] = self.pose.filter.position
            T_base_ee[:3, :3] = self.cartesian.R_desired
        else:
            T_base_ee[:] = self.model.forward(self.joint.filter.position)

    def _impedance(self) -> np.ndarray:
        model = self.model
        if self.mode == CARTESIAN:
            law, reference = self.cartesian, self.pose.filter
            tau = law.effort(model, reference.position, reference.quaternion, reference.twist, reference.acceleration)
            self._friction.add(law.dq_desired, tau)
        else:
            tau = self._joint_impedance.effort(model, *self.joint.filter.output)
            self._friction.add(self.joint.filter.velocity, tau)
        if model.payload.mass:
            tau += model.weight
        self._repulsion.add(model.q, tau)
        return tau

    def _make_bumpless(self, last_effort: np.ndarray) -> None:
        self._impedance()  # once for the joint rates of the desired twist, by which the posture spring fades
        np.subtract(last_effort, self._impedance(), out=self._offset)
        self._dq_known = False  # the desired joint speed is computed in another way from here on
        self._offset_share = 1.0
