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
        self._input = np.zeros(size)
        self._sections = np.zeros((3, size))
        self._scratch = np.zeros((3, size))
        self._ramp = np.zeros((3, size))
        self._rise = np.zeros(size)
        self._decay = np.zeros((3, 3))
        self._lag = np.array([[1.0], [2.0], [3.0]])
        self._dt = -1.0
        # Rows: output, its first and its second derivative, as combinations of the three sections.
        w = self.omega
        self._readout = np.array([[0.0, 0.0, 1.0], [0.0, w, -w], [w * w, -2.0 * w * w, w * w]])
        self._output = np.zeros((3, size))
        self.position, self.velocity, self.acceleration = self._output  # views

    def reset(self, value: np.ndarray, velocity: np.ndarray | None = None) -> None:
        """Settle at `value`; with `velocity` [1/s], settle on the ramp whose *output* is there now."""
        self._sections[:] = value
        self._input[:] = value
        if velocity is not None:
            self._sections += np.array([[2.0], [1.0], [0.0]]) / self.omega * velocity
            self._input += self.delay * np.asarray(velocity)
        np.dot(self._readout, self._sections, out=self._output)

    def step(self, value: np.ndarray, dt: float) -> np.ndarray:
        """Advance by dt [s] to the input `value` (C,); return the output (a view)."""
        if dt > 0.0:
            if dt != self._dt:
                self._set_step(dt)
            _advance(
                self._sections, self._input, value, self._decay, self._lag_steps, self._rise, self._ramp, self._scratch
            )
            self._input[:] = value
            np.dot(self._readout, self._sections, out=self._output)
        return self.position

    def _set_step(self, dt: float) -> None:
        z = self.omega * dt
        decay = exp(-z)
        self._decay[:] = [[decay, 0, 0], [decay * z, decay, 0], [0.5 * decay * z * z, decay * z, decay]]
        self._lag_steps = self._lag / z
        self._dt = dt


def _advance(sections, start, end, decay, lag_steps, rise, ramp, scratch) -> None:
    """Advance the three sections in place over one step of the input from `start` to `end`."""
    np.subtract(end, start, out=rise)
    np.multiply(lag_steps, rise, out=ramp)  # how far each section trails a steady ramp
    np.subtract(sections, start, out=scratch)
    scratch += ramp
    np.dot(decay, scratch, out=sections)
    sections -= ramp
    sections += end


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
        self.quaternion: Quaternion = IDENTITY
        self.twist = np.zeros(6)  # [m/s, rad/s], base axes
        self.acceleration = np.zeros(6)  # [m/s², rad/s²], base axes
        self._q1 = self._q2 = self._input_quaternion = IDENTITY
        self._end = np.zeros(6)

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
        self._input_quaternion = compose_exp(quaternion, tuple(self.delay * rate))
        self._read_derivatives()

    def step(self, position: np.ndarray, quaternion: Quaternion, dt: float) -> None:
        """Advance by dt [s] to the input pose; read the output from the attributes."""
        if dt <= 0.0:
            return
        linear, anchor = self._linear, self.quaternion
        sections = linear._sections
        sections[:2, 3:] = log_relative(anchor, self._q1), log_relative(anchor, self._q2)
        sections[2, 3:] = 0.0
        linear._input[3:] = log_relative(anchor, self._input_quaternion)
        end = self._end
        end[:3] = position
        end[3:] = log_relative(anchor, quaternion)
        linear.step(end, dt)
        x1, x2, x3 = sections[:, 3:].tolist()
        self._q1 = compose_exp(anchor, x1)
        self._q2 = compose_exp(anchor, x2)
        self.quaternion = compose_exp(anchor, x3)
        self._input_quaternion = quaternion
        self._read_derivatives()

    def _read_derivatives(self) -> None:
        w, output = self.omega, self.quaternion
        ax, ay, az = log_relative(output, self._q1)
        bx, by, bz = log_relative(output, self._q2)
        self.twist[:3] = self._linear.velocity[:3]
        self.twist[3:] = rotate(output, (w * bx, w * by, w * bz))
        w2 = w * w
        self.acceleration[:3] = self._linear.acceleration[:3]
        self.acceleration[3:] = rotate(output, (w2 * (ax - 2.0 * bx), w2 * (ay - 2.0 * by), w2 * (az - 2.0 * bz)))
