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
import pinocchio as pin

from controllers.rotations import IDENTITY, Quaternion, compose_exp, log_relative, rotate

_SO3 = pin.liegroups.SO3()
# Of several rotations at once: one call costs what a single logarithm in Python does.
_FOUR = _SO3 * _SO3 * _SO3 * _SO3


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
        self.state = np.zeros((5, size))  # input, three sections, next input
        self.input, self.sections, self.next_input = self.state[0], self.state[1:4], self.state[4]  # views
        # Input, three sections, of which the last is the output, its velocity, its acceleration.
        self.result = np.zeros((6, size))
        self.output = self.result[3:]  # view (3, C)
        self.position, self.velocity, self.acceleration = self.output  # views
        self._before, self._after = self.state[:4], self.result[:4]  # views
        self._update = np.zeros((6, 5))
        self._dt = -1.0
        # Output and derivatives from the sections: x₃, ω(x₂ − x₃), ω²(x₁ − 2x₂ + x₃).
        w = self.omega
        self._readout = np.array([[0.0, 0.0, 1.0], [0.0, w, -w], [w * w, -2.0 * w * w, w * w]])

    def reset(self, value: np.ndarray, velocity: np.ndarray | None = None) -> None:
        """Settle at `value`; with `velocity` [1/s], settle on the ramp whose *output* is there now."""
        self.sections[...] = value
        self.input[...] = value
        if velocity is not None:
            self.sections += np.array([[2.0], [1.0], [0.0]]) / self.omega * velocity
            self.input += self.delay * np.asarray(velocity)
        self._readout.dot(self.sections, out=self.output)

    def step(self, value: np.ndarray, dt: float) -> np.ndarray:
        """Advance by dt [s] to the input `value` (C,); return the output (a view)."""
        if dt > 0.0:
            self.next_input[...] = value
            self.advance(dt)
        return self.position

    def advance(self, dt: float) -> None:
        """Advance by dt [s], more than 0, to what is in `next_input`."""
        if dt != self._dt:
            self._set_step(dt)
        self._update.dot(self.state, out=self.result)
        self._before[...] = self._after

    def _set_step(self, dt: float) -> None:
        """Write the exact update as one matrix: sections' = B₀ u(t) + A sections + B₁ u(t+h)."""
        z = self.omega * dt
        d = exp(-z)
        r = 1.0 / z
        a2, a3 = d * z, 0.5 * d * z * z
        # exp(−z) N on the steady lags 1/z, 2/z, 3/z and on ones
        lag1, lag2, lag3 = d * r, d + 2.0 * d * r, a2 * 0.5 + 2.0 * d + 3.0 * d * r
        one2, one3 = d + a2, d + a2 + a3
        self._update[:4] = (
            (0.0, 0.0, 0.0, 0.0, 1.0),
            (r - d - lag1, d, 0.0, 0.0, 1.0 - r + lag1),
            (2.0 * r - one2 - lag2, a2, d, 0.0, 1.0 - 2.0 * r + lag2),
            (3.0 * r - one3 - lag3, a3, a2, d, 1.0 - 3.0 * r + lag3),
        )
        self._readout[1:].dot(self._update[1:4], out=self._update[4:])
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
        self.input_quaternion: Quaternion = IDENTITY  # at the last reset
        # [m/s, rad/s] and [m/s², rad/s²], base axes: views, whose angular half is written anew after each step.
        self.twist, self.acceleration = self._linear.velocity, self._linear.acceleration
        # The output as position and quaternion (7,), a view: the quaternion stands there four times.
        outputs = np.concatenate([np.zeros(3), np.tile(IDENTITY, 4)])
        self.pose, self._output = outputs[:7], outputs[3:]
        self._tangents = np.zeros(12)  # from there to input and sections [rad]
        # Views, made once: in the loop each would cost as much as what is done with it.
        self._pose_position, self._output_rows = self.pose[:3], self._output.reshape(4, 4)
        self._tangent_rows = self._tangents.reshape(4, 3)
        self._next_position, self._next_rotation = self._linear.next_input[:3], self._linear.next_input[3:]
        self._rotations, self._advanced = self._linear.state[:4, 3:], self._linear.result[:4, 3:]
        self._angular_velocity, self._angular_acceleration = self.twist[3:], self.acceleration[3:]

    def reset(self, position: np.ndarray, quaternion: Quaternion, twist: np.ndarray | None = None) -> None:
        """Settle at a pose; with `twist` (6,) in base axes, settle on the motion that passes it now."""
        value = np.zeros(6)
        value[:3] = position
        velocity = np.zeros(6)
        if twist is not None:
            velocity[...] = twist
            x, y, z, w = quaternion
            velocity[3:] = rotate((-x, -y, -z, w), tuple(twist[3:]))
        self._linear.reset(value, velocity)
        rate = velocity[3:]
        shifts = (self.delay * rate, 2.0 * rate / self.omega, rate / self.omega, np.zeros(3))
        places = [compose_exp(quaternion, tuple(shift)) for shift in shifts]
        self._pose_position[...] = position
        self._output_rows[...] = self.quaternion = quaternion
        self.input_quaternion = places[0]
        self._read_derivatives(np.concatenate(places))

    def step(self, position: np.ndarray, quaternion: Quaternion, dt: float) -> None:
        """Advance by dt [s] to the input pose, a quaternion of any length; read the output from the attributes."""
        if dt <= 0.0:
            return
        self._next_position[...] = position
        turn = self._next_rotation
        turn[0], turn[1], turn[2] = log_relative(self.quaternion, quaternion)
        self._linear.advance(dt)
        self._tangent_rows[...] = self._advanced
        places = _FOUR.integrate(self._output, self._tangents)
        self._pose_position[...] = self.position
        self._output_rows[...] = output = places[12:]
        x, y, z, w = output.tolist()
        self.quaternion = (x, y, z, w)
        self._read_derivatives(places)

    def matrix(self) -> np.ndarray:
        """Return the output as a transformation (4, 4)."""
        return pin.XYZQUATToSE3(self.pose).homogeneous

    def _read_derivatives(self, places: np.ndarray) -> None:
        """Take the quaternions (16,) of the input and of the three sections, of which the last is the output."""
        w, output = self.omega, self.quaternion
        self._tangents[...] = tangents = _FOUR.difference(self._output, places)
        self._rotations[...] = self._tangent_rows
        _, _, _, ax, ay, az, bx, by, bz, *_ = tangents.tolist()
        rate, turn = self._angular_velocity, self._angular_acceleration
        rate[0], rate[1], rate[2] = rotate(output, (w * bx, w * by, w * bz))
        w2 = w * w
        angular = w2 * (ax - 2.0 * bx), w2 * (ay - 2.0 * by), w2 * (az - 2.0 * bz)
        turn[0], turn[1], turn[2] = rotate(output, angular)
