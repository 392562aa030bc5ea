# SPDX-License-Identifier: Apache-2.0
"""Impedance laws for torque arms, Cartesian and joint, with gains limited to the delay of their path.

A spring K on an inertia Λ oscillates at √(K/Λ); torque that arrives late turns a fast oscillation into an
instability. So the spring is put in series with the stiffest one the delay allows, Λ ω_max²,

    K_eff = (K⁻¹ + Λ⁻¹ / ω_max²)⁻¹,

which is K where the arm is heavy and never faster than ω_max where it is light, in every direction at once.
The damper is the arithmetic mean of the two dampers that are critical at ω_design,

    D = ζ (K_eff / ω_design + Λ ω_design),

at least ζ times critical everywhere (a mean of x and y is at least √(xy)), within 13 % of it for natural
frequencies within a factor 1.65 of ω_design, and free of matrix roots. `damping: constant` takes a configured damper
instead, in series with the fastest of those, D_eff = (D⁻¹ + Λ⁻¹/ρ)⁻¹ with ρ = ζ (ω_max²/ω_design + ω_design): passive
everywhere, but how well it damps depends on the configuration.

K is a 6×6 in axes of the base or of the desired tool pose. The desired one, not the measured: K then does not depend on
where the arm is, so the spring's force is (to first order in the angle) the gradient of ½ eᵀKe and can do no net work
around a loop.
"""

from __future__ import annotations

import numpy as np
import pinocchio as pin
from scipy.linalg.blas import dnrm2, idamax  # on seven numbers a third of what a product of NumPy's costs
from scipy.linalg.lapack import dposv

from controllers.arm.model import ArmModel
from controllers.control_config import ImpedanceConfig
from controllers.errors import ConfigError
from controllers.laws.friction_feedforward import FrictionFeedforward
from controllers.laws.impedance_gains import ImpedanceGains
from controllers.rotations import Quaternion, write_matrix
from controllers.safety.energy_limit import EnergyLimit

_SO3 = pin.liegroups.SO3()
NUMERICAL_DAMPING = 1e-6  # [1/kg, 1/(kg·m²)]
MANIPULABILITY_EVERY = 8  # ticks between two looks at it; the damping glides from one to the next


class CartesianImpedance:
    """Pull the tool to a moving pose: τ = τ_task + τ_nullspace + τ_limits + τ_coriolis."""

    def __init__(
        self,
        size: int,
        config: ImpedanceConfig,
        gains: ImpedanceGains | None = None,
        friction: FrictionFeedforward | None = None,
    ) -> None:
        """Prepare for `size` joints; `gains` that may change, else those of `config`; τ has that `friction` in it."""
        self.config, self.gains = config, gains or ImpedanceGains(config)
        self.q_rest = np.zeros(size)
        # What moves the tool, base axes: e, ẋ_d, ẍ_d, ẋ, and J M⁻¹ of the way to the rest posture.
        self._tool = np.zeros((5, 6))
        self.error = self._tool[0]  # view [m, rad] desired − measured, after clipping
        self._error_position, self._error_rotation = self.error[:3], self.error[3:]  # views
        self._twist, self._acceleration, self._measured_twist, self._posture_acceleration = self._tool[1:]  # views
        self.manipulability = 0.0
        self.energy, self._energy_limited = EnergyLimit(config.energy_max), config.energy_max is not None
        self._constant_damper, self._in_tool_frame = config.damping == "constant", config.stiffness_frame == "tool"
        self._inverse_desired = np.zeros(4)  # quaternion
        layers = 3 if self._constant_damper else 2  # spring, inertia, damper
        self._lhs = np.zeros((layers, 6, 6))
        self._series, self._inverse_inertia, self._damper = self._lhs[0], self._lhs[1], self._lhs[-1]  # views
        self._inverse_inertia_diagonal = self._inverse_inertia.reshape(-1)[::7]
        # What spring, inertia and damper act on, and what becomes of it: e alone for its energy, the spring's, the
        # inertia's, ẋ_d, the constant damper's.
        self._terms = np.zeros((2 + layers, 6))
        self._weights = np.zeros((2 + layers, 5))  # of the rows of _tool in those of _terms
        self._weighed: tuple[int, float, float] | None = None  # gains and shares that they are of
        sides = (self._terms[0 if self._energy_limited else 1 : 2], self._terms[2:4], self._terms[4:])
        # As LAPACK wants them, by columns: the matrices are symmetric.
        self._systems = [(lhs.T, rows.T) for lhs, rows in zip(self._lhs, sides, strict=False)]  # views
        self._turn = np.zeros((6, 6))  # from the tool's axes to the base's
        self._turned, self._half_turned = np.zeros((6, 6)), np.zeros((6, 6))
        self._ticks = 0
        self._damping, self._damping_step = np.array(NUMERICAL_DAMPING), 0.0
        self._J_M_inverse = np.zeros((6, size))
        self._force = np.zeros(6)
        self.dq_desired = np.zeros(size)  # [rad/s] joint rates of the desired twist …
        self.motion_share = 1.0  # … which is taken to this share where they would be more than the joints can
        # Of what τ consists: Jᵀ F, the way to the rest posture, what damps the self-motion with τ_coriolis, friction.
        self._efforts, self._effort_weights = np.zeros((5, size)), np.ones(5)
        self._task_effort, self._to_rest, self._damped, self._dry, self._viscous = self._efforts  # views
        self._friction = friction
        self._damping_rate, self._ddq_damped = np.array(0.0), np.zeros(size)  # − r [1/s], − r q̇
        self._tau = np.zeros(size)
        self._scratch = np.zeros(size)
        self._JJ = np.zeros((6, 6))

    def effort(
        self, model: ArmModel, position: np.ndarray, quaternion: Quaternion, twist: np.ndarray, acceleration: np.ndarray
    ) -> np.ndarray:
        """Return τ (N,) [N·m] (a view) for the desired pose, twist and acceleration (6,), base axes."""
        gains = self.gains
        J, M_inverse = model.J, model.M_inverse
        self._measure_error(model, position, quaternion)
        inverse_inertia = self._inverse_inertia  # Λ⁻¹ = J M⁻¹ Jᵀ
        J_M_inverse = J.dot(M_inverse, out=self._J_M_inverse)
        J_M_inverse.dot(J.T, out=inverse_inertia)

        # Series spring: K⁻¹ + Λ⁻¹ / ω_max²
        series = np.multiply(inverse_inertia, gains.inverse_frequency_squared, out=self._series)
        if self._in_tool_frame:
            write_matrix(quaternion, self._turn[:3, :3])
            self._turn[3:, 3:] = self._turn[:3, :3]
            series += self._in_base_axes(gains.compliance)
        else:
            series += gains.compliance
        if self._constant_damper:
            damper = np.multiply(inverse_inertia, gains.damper_time, out=self._damper)
            damper += self._in_base_axes(gains.damper_compliance) if self._in_tool_frame else gains.damper_compliance
        self._damp_singularity(J, inverse_inertia)

        self._twist[...], self._acceleration[...], self._measured_twist[...] = twist, acceleration, model.twist
        stiffness = self._nullspace_stiffness(model)
        J_M_inverse.dot(self._to_rest, out=self._posture_acceleration)
        terms = self._write_terms(stiffness)
        for system in self._systems:
            _solve(*system)
        force = np.add(terms[1], terms[2], out=self._force)
        if self._constant_damper:
            force += terms[4]
        terms[3].dot(J_M_inverse, out=self.dq_desired)  # q̇_d = M⁻¹ Jᵀ Λ ẋ_d
        if self._energy_limited:
            kinetic = 0.5 * float(model.M.dot(model.dq, out=self._tau).dot(model.dq))
            self.energy.update(kinetic, 0.5 * float(self.error.dot(terms[0])))

        # τ = Jᵀ F + k (q_rest − q) + M (−r q̇) + τ_coriolis + τ_friction, damped by inertia: one rate r whatever moves
        force.dot(J, out=self._task_effort)
        self._damped[...] = model.effort_for(np.multiply(model.dq, self._damping_rate, out=self._ddq_damped))
        if self._friction is not None:
            self._friction.write(self.dq_desired, self._dry, self._viscous)
        self._effort_weights[1] = stiffness
        return self._effort_weights.dot(self._efforts, out=self._tau)

    def _write_terms(self, stiffness: float) -> np.ndarray:
        """Write what the spring, the inertia and the constant damper act on: as one product.

            F = K_eff (e + ζ ė / ω_design) + Λ (ẍ_d + ζ ω_design ė − J M⁻¹ τ_nullspace),        ė = ẋ_d − ẋ
            F = K_eff e + D_eff ė + Λ (ẍ_d − J M⁻¹ τ_nullspace)        with a constant damper

        The last keeps  τ_nullspace = k (q_rest − q) − r M q̇  out of the task:  J M⁻¹ τ_nullspace is k times that of the
        way to the rest posture, less r ẋ.
        """
        wanted = (self.gains.version, self.energy.share, self.motion_share)
        if wanted != self._weighed:
            self._weighed = wanted
            self._weigh()
        self._weights[2, 4] = -stiffness
        return self._weights.dot(self._tool, out=self._terms)

    def _weigh(self) -> None:
        """Write the weights of e, ẋ_d, ẍ_d and ẋ for these gains, and these shares of what may push the arm."""
        gains, pull = self.gains, self.energy.share  # the share of the last tick: it changes little in one
        share = pull * self.motion_share
        time, rate = (0.0, 0.0) if self._constant_damper else (gains.damping_time, gains.damping_rate)
        self._weights[:4, :4] = (
            (1.0, 0.0, 0.0, 0.0),
            (pull, time * share, 0.0, -time),
            (0.0, rate * share, share, gains.nullspace_rate - rate),
            (0.0, share, 0.0, 0.0),
        )
        if self._constant_damper:
            self._weights[4, 1], self._weights[4, 3] = share, -1.0
        self._damping_rate[...] = -gains.nullspace_rate

    def _in_base_axes(self, matrix: np.ndarray) -> np.ndarray:
        half = self._turn.dot(matrix, out=self._half_turned)
        return half.dot(self._turn.T, out=self._turned)

    def _measure_error(self, model: ArmModel, position: np.ndarray, quaternion: Quaternion) -> None:
        gains = self.gains
        np.subtract(position, model.position, out=self._error_position)
        # log(q_d q⁻¹) is the way from the inverse of q_d to that of q: with another w a quaternion is its inverse.
        desired, measured = self._inverse_desired, model.quaternion()
        desired[0], desired[1], desired[2], w = quaternion
        desired[3], measured[3] = -w, -measured[3]
        self._error_rotation[...] = _SO3.difference(desired, measured)
        # A clipped error bounds the force in contact and after a jump.
        distance = dnrm2(self._error_position)
        if distance > gains.error_clip_position:
            self._error_position *= gains.error_clip_position / distance
        angle = dnrm2(self._error_rotation)
        if angle > gains.error_clip_rotation:
            self._error_rotation *= gains.error_clip_rotation / angle

    def _damp_singularity(self, J: np.ndarray, inverse_inertia: np.ndarray) -> None:
        if self._ticks % MANIPULABILITY_EVERY == 0:
            config = self.config
            determinant = float(np.linalg.det(J.dot(J.T, out=self._JJ)))
            self.manipulability = w = max(determinant, 0.0) ** 0.5  # Yoshikawa 1985
            damping = NUMERICAL_DAMPING
            if w < config.manipulability_min:
                light = 1.0 / config.apparent_inertia_max
                short = max(0.0, 1.0 - float(np.linalg.eigvalsh(inverse_inertia)[0]) / light)
                damping += light * short * short
            self._damping_step = (damping - float(self._damping)) / MANIPULABILITY_EVERY
        if self._damping_step:
            self._damping += self._damping_step
        self._ticks += 1
        self._inverse_inertia_diagonal += self._damping

    def _nullspace_stiffness(self, model: ArmModel) -> float:
        """Write the way (N,) [rad] to the rest posture; return what of the spring's stiffness pulls along it."""
        stiffness, most = self.gains.nullspace_stiffness, self.config.nullspace_effort_max
        way = np.subtract(self.q_rest, model.q, out=self._to_rest)
        if stiffness * dnrm2(way) > most:  # else no joint's effort is above it
            np.maximum(way, -most / stiffness, out=way)
            np.minimum(way, most / stiffness, out=way)
        # Near a wrist singularity two light joints turn against each other: the same spring that moves an elbow gently
        # would spin them beyond their speed limits. So it fades with the speed of the self-motion.
        rates = np.subtract(model.dq, self.dq_desired, out=self._scratch)
        speed = abs(float(rates[idamax(rates)]))
        return stiffness * self.energy.share * max(0.0, 1.0 - speed / self.config.nullspace_speed_max)


def _solve(lhs: np.ndarray, rhs: np.ndarray) -> None:
    """Put the solutions in the place of right-hand sides (6, K) of a positive definite matrix; NaN of any other."""
    _, _, code = dposv(lhs, rhs, 0, 1, 1)  # both by columns, and written over
    if code:
        rhs[...] = np.nan  # the gate stops what is not finite


class JointImpedance:
    """Pull the joints to a moving configuration: τ = M q̈_d + K_eff e + D ė + τ_coriolis."""

    def __init__(self, size: int, config: ImpedanceConfig, gains: ImpedanceGains | None = None) -> None:
        """Prepare for `size` joints; `gains` that may change, else those of `config`.

        Raises ConfigError when the stiffness has another number of values.
        """
        if len(config.stiffness_joints) != size:
            raise ConfigError(
                f"impedance: 'stiffness_joints' has {len(config.stiffness_joints)} values for {size} joints"
            )
        self.gains = gains or ImpedanceGains(config)
        self.energy, self._energy_limited = EnergyLimit(config.energy_max), config.energy_max is not None
        self._lhs = np.zeros((size, size))
        self._diagonal = self._lhs.reshape(-1)[:: size + 1]
        self._rhs = np.zeros((size, 2))
        self._rate = np.zeros(size)
        self._tau = np.zeros(size)

    def effort(self, model: ArmModel, q: np.ndarray, dq: np.ndarray, ddq: np.ndarray) -> np.ndarray:
        """Return τ (N,) [N·m] (a view) for the desired q, dq, ddq."""
        gains = self.gains
        np.multiply(model.M_inverse, gains.inverse_frequency_squared, out=self._lhs)
        self._diagonal += gains.joint_compliance
        rhs, rate, tau = self._rhs, self._rate, self._tau
        error, velocity_error, share = rhs[:, 0], rhs[:, 1], self.energy.share
        np.subtract(q, model.q, out=error)
        if self._energy_limited:
            self._look_at_energy(model, error)
        error *= share
        np.multiply(dq, share, out=velocity_error)
        velocity_error -= model.dq
        np.multiply(velocity_error, gains.damping_rate, out=rate)
        rate += np.multiply(ddq, share, out=tau)
        velocity_error *= gains.damping_time
        error += velocity_error
        np.add(model.effort_for(rate), np.linalg.solve(self._lhs, error), out=tau)
        return tau

    def _look_at_energy(self, model: ArmModel, error: np.ndarray) -> None:
        kinetic = 0.5 * float(np.dot(model.M.dot(model.dq, out=self._tau), model.dq))
        self.energy.update(kinetic, 0.5 * float(error.dot(np.linalg.solve(self._lhs, error))))
