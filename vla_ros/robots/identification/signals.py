# SPDX-License-Identifier: Apache-2.0
"""From samples to motion and effort without lag: filtered forwards and backwards, then thinned out.

Velocity and acceleration are differences of the filtered position. What the regressor makes of them passes the same
filter as the effort once more, so that both sides of the equation lose the same (Gautier's parallel filter).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from controllers.errors import ConfigError
from vla_ros.robots.identification.recording import ExcitationRecording

CUTOFF = 5.0  # [Hz] ten times the excitation's highest frequency: friction turns its sign quickly
ORDER = 4
WORK_RATE = 100.0  # [Hz] at which motion is computed
KEPT_RATE = 25.0  # [Hz] of the rows that are fitted: what the filter leaves needs no more
EDGE_S = 0.4  # [s] left out at both ends, where a filter has one side only
GAP_MAX_S = 0.1  # [s] between samples


@dataclass(frozen=True, eq=False)
class SmoothedRecording:
    """A recording on an even grid, K instants, smoothed."""

    time: np.ndarray  # (K,) [s]
    state: np.ndarray  # (3, K, N) q, dq, ddq
    effort: np.ndarray  # (K, N) [N·m] as recorded


def smoothed(recording: ExcitationRecording) -> SmoothedRecording:
    """Smooth a recording. Raises ConfigError when it was sampled too slowly or has gaps."""
    steps = np.diff(recording.time)
    rate = 1.0 / float(np.median(steps))
    if rate < 8.0 * CUTOFF:
        raise ConfigError(f"sampled at {rate:.0f} Hz: at least {8.0 * CUTOFF:.0f} Hz are needed")
    if steps.max() > GAP_MAX_S:
        at = recording.time[int(steps.argmax())] - recording.time[0]
        raise ConfigError(f"{steps.max():.2f} s are missing after {at:.2f} s: at most {GAP_MAX_S:g} s may be")
    if recording.duration < 4.0:
        raise ConfigError(f"{recording.duration:.1f} s are too short: record at least 4 s")
    # On the recorded rate first: thinning out before the filter would fold noise into the motion.
    fine = np.arange(recording.time[0], recording.time[-1], 1.0 / max(rate, WORK_RATE))
    q = low_pass(_interpolated(fine, recording.time, recording.q), max(rate, WORK_RATE))
    effort = low_pass(_interpolated(fine, recording.time, recording.effort), max(rate, WORK_RATE))
    time = np.arange(fine[0], fine[-1], 1.0 / WORK_RATE)
    q = _interpolated(time, fine, q)
    dq = np.gradient(q, 1.0 / WORK_RATE, axis=0)
    ddq = np.gradient(dq, 1.0 / WORK_RATE, axis=0)
    return SmoothedRecording(time, np.stack([q, dq, ddq]), _interpolated(time, fine, effort))


def low_pass(values: np.ndarray, rate: float = WORK_RATE) -> np.ndarray:
    """Filter values (K, …) sampled at `rate` [Hz] without lag."""
    sections = butter(ORDER, CUTOFF, fs=rate, output="sos")
    return sosfiltfilt(sections, values, axis=0)


def kept(count: int) -> np.ndarray:
    """Return the indices of `count` instants at WORK_RATE that are fitted."""
    edge = round(EDGE_S * WORK_RATE)
    return np.arange(edge, count - edge, round(WORK_RATE / KEPT_RATE))


def _interpolated(at: np.ndarray, time: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.stack([np.interp(at, time, column) for column in values.T], axis=1)
