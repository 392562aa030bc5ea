# SPDX-License-Identifier: Apache-2.0
"""Triple-cascaded first-order Butterworth low-pass (GraspVLA, appendix L), on vectors and on rotations.

Three equal sections  x₁' = ω(u − x₁),  x₂' = ω(x₁ − x₂),  x₃' = ω(x₂ − x₃),  ω = 2πf.  Unlike a third-order
Butterworth, Chebyshev or Bessel filter it never overshoots, and unlike one section its acceleration starts at zero.

The update is exact for any dt when the input is linear between samples. On a ramp u = a + bt every section
follows delayed by 1/ω, so x_i^ramp = a + b(t − i/ω), and what remains decays by the matrix exponential:

    x(t+h) = x^ramp(t+h) + exp(−z) N (x(t) − x^ramp(t)),   N = [[1, 0, 0], [z, 1, 0], [z²/2, z, 1]],   z = ωh

DC gain 1, delay at low frequency exactly 3/ω, −3 dB at 0.51 f.
"""

from __future__ import annotations

from math import exp, pi

import numpy as np

from controllers.rotations import IDENTITY, Quaternion, compose_exp, log_relative, rotate


def cascade_delay(cutoff: float) -> float:
    """Return the low-frequency delay [s] of three sections at `cutoff` [Hz]."""
    return 3.0 / (2.0 * pi * cutoff)


class CascadedFilter:
    """The cascade on C independent channels; position, velocity and acceleration of the output."""

    def __init__(self, cutoff: float, size: int) -> None:
        """Cut off at `cutoff` [Hz] on `size` channels."""
        self.cutoff = cutoff
        self.omega = 2.0 * pi * cutoff
        self.delay = cascade_delay(cutoff)
        self._state = np.zeros((5, size))  # three sections, previous input, input
        self.sections, self.input = self._state[:3], self._state[3]  # views
        self._result = np.zeros((6, size))  # three sections, output, its velocity, its acceleration
        self.output = self._result[3:]  # view (3, C)
        self.position, self.velocity, self.acceleration = self.output  # views
        self._update = np.zeros((6, 5))
        self._dt = -1.0
        # Output and derivatives from the sections: x₃, ω(x₂ − x₃), ω²(x₁ − 2x₂ + x₃).
        w = self.omega
        self._readout = np.array([[0.0, 0.0, 1.0], [0.0, w, -w], [w * w, -2.0 * w * w, w * w]])

    def reset(self, value: np.ndarray, velocity: np.ndarray | None = None) -> None:
        """Settle at `value`; with `velocity` [1/s], settle on the ramp whose *output* is there now."""
        self.sections[:] = value
        self.input[:] = value
        if velocity is not None:
            self.sections += np.array([[2.0], [1.0], [0.0]]) / self.omega * velocity
            self.input += self.delay * np.asarray(velocity)
        np.dot(self._readout, self.sections, out=self.output)

    def step(self, value: np.ndarray, dt: float) -> np.ndarray:
        """Advance by dt [s] to the input `value` (C,); return the output (a view)."""
        if dt > 0.0:
            if dt != self._dt:
                self._set_step(dt)
            state = self._state
            state[4] = value
            np.dot(self._update, state, out=self._result)
            self.sections[:] = self._result[:3]
            self.input[:] = value
        return self.position

    def _set_step(self, dt: float) -> None:
        """Write the exact update as one matrix: sections' = A sections + B₀ u(t) + B₁ u(t+h)."""
        z = self.omega * dt
        d = exp(-z)
        r = 1.0 / z
        a2, a3 = d * z, 0.5 * d * z * z
        # exp(−z) N on the steady lags 1/z, 2/z, 3/z and on ones
        lag1, lag2, lag3 = d * r, d + 2.0 * d * r, a2 * 0.5 + 2.0 * d + 3.0 * d * r
        one2, one3 = d + a2, d + a2 + a3
        self._update[:3] = (
            (d, 0.0, 0.0, r - d - lag1, 1.0 - r + lag1),
            (a2, d, 0.0, 2.0 * r - one2 - lag2, 1.0 - 2.0 * r + lag2),
            (a3, a2, d, 3.0 * r - one3 - lag3, 1.0 - 3.0 * r + lag3),
        )
        np.dot(self._readout, self._update[:3], out=self._update[3:])
        self._dt = dt


class PoseFilter:
    """The cascade on SE(3) = R³ × SO(3): position and orientation, twist and acceleration of the output.

    Each tick the rotation sections are written as rotation vectors in the tangent space at the output,
    advanced together with the position by the exact linear update, and mapped back. About a fixed axis
    this is exact; otherwise the error is of second order in the rotation between the sections.
    """

    def __init__(self, cutoff: float) -> None:
        """Cut off at `cutoff` [Hz]."""
        self._linear = CascadedFilter(cutoff, 6)
        self.cutoff, self.omega, self.delay = cutoff, self._linear.omega, self._linear.delay
        self.position = self._linear.position[:3]  # view [m]
        self.input_position = self._linear.input[:3]  # view [m]
        self.quaternion: Quaternion = IDENTITY
        self.twist = np.zeros(6)  # [m/s, rad/s], base axes
        self.acceleration = np.zeros(6)  # [m/s², rad/s²], base axes
        self._q1 = self._q2 = self.input_quaternion = IDENTITY
        self._end = np.zeros(6)
        # Views, made once: in the loop each would cost as much as what is done with it.
        self._end_position, self._end_rotation = self._end[:3], self._end[3:]
        self._first, self._second, self._third = self._rotations = self._linear.sections[:, 3:]
        self._input_rotation = self._linear.input[3:]
        self._velocity, self._linear_acceleration = self._linear.velocity[:3], self._linear.acceleration[:3]
        self._twist_linear, self._twist_angular = self.twist[:3], self.twist[3:]
        self._acceleration_linear, self._acceleration_angular = self.acceleration[:3], self.acceleration[3:]
        self._read_derivatives()

    def reset(self, position: np.ndarray, quaternion: Quaternion, twist: np.ndarray | None = None) -> None:
        """Settle at a pose; with `twist` (6,) in base axes, settle on the motion that passes it now."""
        value = np.zeros(6)
        value[:3] = position
        velocity = np.zeros(6)
        if twist is not None:
            velocity[:] = twist
            x, y, z, w = quaternion
            velocity[3:] = rotate((-x, -y, -z, w), tuple(twist[3:]))
        self._linear.reset(value, velocity)
        self.quaternion = quaternion
        rate = velocity[3:]
        self._q2 = compose_exp(quaternion, tuple(rate / self.omega))
        self._q1 = compose_exp(quaternion, tuple(2.0 * rate / self.omega))
        self.input_quaternion = compose_exp(quaternion, tuple(self.delay * rate))
        self._read_derivatives()

    def step(self, position: np.ndarray, quaternion: Quaternion, dt: float) -> None:
        """Advance by dt [s] to the input pose; read the output from the attributes."""
        if dt <= 0.0:
            return
        anchor = self.quaternion
        self._first[:], self._second[:] = self._tangents
        self._third[:] = 0.0
        self._input_rotation[:] = log_relative(anchor, self.input_quaternion)
        self._end_position[:] = position
        self._end_rotation[:] = log_relative(anchor, quaternion)
        self._linear.step(self._end, dt)
        x1, x2, x3 = self._rotations.tolist()
        self._q1 = compose_exp(anchor, x1)
        self._q2 = compose_exp(anchor, x2)
        self.quaternion = compose_exp(anchor, x3)
        self.input_quaternion = quaternion
        self._read_derivatives()

    def _read_derivatives(self) -> None:
        w, output = self.omega, self.quaternion
        self._tangents = (ax, ay, az), (bx, by, bz) = log_relative(output, self._q1), log_relative(output, self._q2)
        self._twist_linear[:] = self._velocity
        self._twist_angular[:] = rotate(output, (w * bx, w * by, w * bz))
        w2 = w * w
        self._acceleration_linear[:] = self._linear_acceleration
        self._acceleration_angular[:] = rotate(
            output, (w2 * (ax - 2.0 * bx), w2 * (ay - 2.0 * by), w2 * (az - 2.0 * bz))
        )
