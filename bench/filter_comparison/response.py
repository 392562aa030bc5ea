# SPDX-License-Identifier: Apache-2.0
"""What a filter does to a step and to a stream of targets, measured from its output alone.

Legend: N samples at the control rate; velocity, acceleration and jerk are differences of samples, as a robot that
is commanded at this rate meets them. Where a continuous response jumps, they grow with the rate.
"""

from __future__ import annotations

import numpy as np
from scipy.signal import freqz, group_delay

from bench.filter_comparison.designs import Filter

BEGIN = 2  # ticks that count as the beginning of a response: its first two differences
BAND = 0.02  # a step has settled when it stays this close to its end, share of the step
TARGET_PERIOD = 0.1  # [s] the policy's 10 Hz
REACH, REACH_TIME = 0.3, 1.5  # [m], [s] the stream's motion
NEAR = 1e-3  # [m] a stream has settled when it stays this close to its goal


def derivative(response: np.ndarray, order: int, rate: float) -> np.ndarray:
    """Differentiate (N,) samples of a filter that was at rest, `order` times; (N,) [1/s^order]."""
    return np.diff(response, order, prepend=np.full(order, response[0])) * rate**order


def step_command(seconds: float, rate: float) -> np.ndarray:
    """Return zero, then ones (N,)."""
    command = np.ones(round(seconds * rate) + 1)
    command[0] = 0.0
    return command


def reach(times: np.ndarray) -> np.ndarray:
    """Return a minimum-jerk reach (N,) [m] that begins at 0 s and rests after REACH_TIME."""
    s = np.clip(times / REACH_TIME, 0.0, 1.0)
    return REACH * s**3 * (10.0 - 15.0 * s + 6.0 * s * s)


def stream_times(seconds: float, rate: float) -> np.ndarray:
    """Return the instants [s] of a stream's samples (N,), the first one tick before it begins."""
    return np.arange(-1, round((REACH_TIME + seconds) * rate)) / rate


def stream_command(times: np.ndarray) -> np.ndarray:
    """Return the reach as a policy without interpolation sends it (N,) [m]: every 0.1 s the target 0.1 s ahead."""
    index = np.floor(times / TARGET_PERIOD + 1e-9) + 1.0
    return reach(np.where(times < 0.0, 0.0, index * TARGET_PERIOD))


def step_figures(response: np.ndarray, rate: float) -> dict[str, float]:
    """Measure a unit step's response (N,); accelerations and jerk in steps."""
    acceleration, jerk = np.abs(derivative(response, 2, rate)), np.abs(derivative(response, 3, rate))
    impulse = np.diff(response)
    return {
        "overshoot_percent": 100.0 * max(0.0, float(response.max()) - 1.0),
        # For the worst input there is: how far the output leaves the input's range, share of that range.
        "excess_percent": 100.0 * float(np.abs(impulse[impulse < 0.0]).sum()),
        "initial_acceleration_per_s2": float(acceleration[1 : 1 + BEGIN].max()),
        "peak_acceleration_per_s2": float(acceleration.max()),
        "peak_jerk_per_s3": float(jerk.max()),
        "settling_ms": 1e3 * _settling(response - 1.0, BAND, rate),
    } | frequency_figures(impulse, rate)


def frequency_figures(impulse: np.ndarray, rate: float) -> dict[str, float]:
    """Measure an impulse response (N,): −3 dB, delay at low frequency and how far delay varies up to −3 dB."""
    # The delay at frequency zero is the centre of the impulse response; it also bounds where −3 dB can lie.
    delay = float(np.arange(len(impulse)) @ impulse / impulse.sum()) / rate
    frequencies = np.linspace(0.0, min(0.5 / delay, 0.45 * rate), 256)
    gain = np.abs(freqz(impulse, worN=frequencies, fs=rate)[1])
    edge = int(np.argmax(gain < np.sqrt(0.5)))
    share = (gain[edge - 1] - np.sqrt(0.5)) / (gain[edge - 1] - gain[edge])
    delays = group_delay((impulse, [1.0]), w=frequencies[:edge], fs=rate)[1] / rate
    return {
        "minus_3_db_hz": float(frequencies[edge - 1] + share * (frequencies[edge] - frequencies[edge - 1])),
        "delay_ms": 1e3 * delay,
        "delay_spread_ms": 1e3 * float(delays.max() - delays.min()),
    }


def stream_figures(filter: Filter, times: np.ndarray, rate: float) -> dict[str, float]:
    """Measure what comes of a stream of targets."""
    response = filter(stream_command(times))
    # Linear filters: the same reach without steps (held targets run half a period ahead of it) leaves the steps alone.
    smooth = filter(reach(times + 0.5 * TARGET_PERIOD))
    moving = times < REACH_TIME
    ripple = derivative(response - smooth, 1, rate)[moving]
    acceleration = np.abs(derivative(response, 2, rate))
    last_target = REACH_TIME - TARGET_PERIOD
    return {
        "overshoot_mm": 1e3 * max(0.0, float(response.max()) - REACH),
        "initial_acceleration_m_s2": float(acceleration[1 : 1 + BEGIN].max()),
        "peak_acceleration_m_s2": float(acceleration.max()),
        "peak_jerk_m_s3": float(np.abs(derivative(response, 3, rate)).max()),
        "ripple_mm_s": 1e3 * float(np.sqrt((ripple**2).mean())),
        "settling_ms": 1e3 * (_settling(response - REACH, NEAR, rate) - 1.0 / rate - last_target),
    }


def _settling(error: np.ndarray, band: float, rate: float) -> float:
    """Return when (N,) is within the band for good [s]."""
    outside = np.flatnonzero(np.abs(error) > band)
    return float(outside[-1] + 1) / rate if len(outside) else 0.0
