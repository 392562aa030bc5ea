# SPDX-License-Identifier: Apache-2.0
"""How smooth and how true a motion is. Shape legend: N samples dt apart."""

from __future__ import annotations

import numpy as np
from scipy.signal import butter, sosfiltfilt
from scipy.spatial.transform import Rotation

CUTOFF_HZ = 50.0  # of what is measured, before it is differentiated three times


def jerk(positions: np.ndarray, dt: float) -> np.ndarray:
    """Return |jerk| (N,) [m/s³] of positions (N, 3) [m] by third differences; sample k looks at k−2 … k+1."""
    size = np.linalg.norm(np.diff(positions, 3, axis=0), axis=1) / dt**3
    return np.pad(size, (2, 1), mode="edge")


def turn_jerk(quaternions: np.ndarray, dt: float) -> np.ndarray:
    """Return the second difference (N,) [rad/s³] of the angular velocity of quaternions (N, 4), xyzw."""
    turns = Rotation.from_quat(quaternions)
    rates = (turns[1:] * turns[:-1].inv()).as_rotvec() / dt
    return np.pad(np.linalg.norm(np.diff(rates, 2, axis=0), axis=1) / dt**2, (2, 1), mode="edge")


def smoothed(positions: np.ndarray, dt: float, cutoff: float = CUTOFF_HZ) -> np.ndarray:
    """Return positions (N, C) behind a zero-phase low-pass: fourth-order Butterworth, forwards and backwards."""
    return sosfiltfilt(butter(4, cutoff, fs=1.0 / dt, output="sos"), positions, axis=0)


def log_dimensionless_jerk(positions: np.ndarray, dt: float) -> float:
    """Return LDLJ = −ln(T³ / v_peak² ∫ |jerk|² dt) of a movement (N, 3) from rest to rest; higher is smoother.

    Balasubramanian et al. 2015, "On the analysis of movement smoothness", eq. 4. A minimum-jerk movement has −5.32.
    """
    speed = np.linalg.norm(np.gradient(positions, dt, axis=0), axis=1)
    duration = dt * (len(positions) - 1)
    integral = float((jerk(positions, dt) ** 2).sum() * dt)
    return -float(np.log(duration**3 / max(speed.max(), 1e-9) ** 2 * max(integral, 1e-12)))


def spectral_arc_length(
    speed: np.ndarray, dt: float, padding: int = 4, cutoff_hz: float = 10.0, threshold: float = 0.05
) -> float:
    """Return SPARC of a speed profile (N,): minus the length of its normalised spectrum; nearer to 0 is smoother.

    Balasubramanian et al. 2012 and 2015 (eq. 6 to 8), with their zero padding, 10 Hz and amplitude threshold 0.05.
    """
    size = int(2 ** (np.ceil(np.log2(len(speed))) + padding))
    frequencies = np.arange(size // 2 + 1) / (size * dt)
    amplitudes = np.abs(np.fft.rfft(speed, size))
    amplitudes = amplitudes / max(amplitudes.max(), 1e-12)
    inside = np.flatnonzero((frequencies <= cutoff_hz) & (amplitudes >= threshold))
    chosen = slice(inside[0], min(inside[-1], np.flatnonzero(frequencies <= cutoff_hz)[-1]) + 1)
    f, a = frequencies[chosen], amplitudes[chosen]
    if len(f) < 2:
        return 0.0
    return -float(np.hypot(np.diff(f) / (f[-1] - f[0]), np.diff(a)).sum())


def steps(positions: np.ndarray, dt: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return by how much position [m], velocity [m/s] and acceleration [m/s²] step at each sample, (N,) each.

    A step is what a polynomial through the samples before does not explain: the position's against the velocity on
    both sides (both differences that leave the sample out), the others' between the differences on both sides.
    """
    before = np.diff(positions, axis=0)[:-3]  # p1−p0 … of windows p0 … p4 around the move from p1 to p2
    after = np.diff(positions, axis=0)[2:-1]
    across = np.diff(positions, axis=0)[1:-2]
    position = np.linalg.norm(across - 0.5 * (before + after), axis=1)
    velocity = np.linalg.norm(after - before, axis=1) / dt
    curved = np.diff(positions, 2, axis=0)
    acceleration = np.linalg.norm(curved[3:] - curved[:-3], axis=1) / dt**2
    return (
        np.pad(position, (2, 2), mode="edge"),
        np.pad(velocity, (2, 2), mode="edge"),
        np.pad(acceleration, (3, 2), mode="edge"),
    )


def windows(transitions: np.ndarray, length: float, dt: float, samples: int) -> list[slice]:
    """Return the samples from just before each transition (K,) [s] until `length` [s] later; those past the end are left out.

    Five samples before, so that every difference across the transition lies inside.
    """
    first = np.rint(np.asarray(transitions) / dt).astype(int)
    return [slice(max(k - 5, 0), min(k + round(length / dt), samples)) for k in first if k < samples - 5]
