# SPDX-License-Identifier: Apache-2.0
"""What one roll-out was like, as numbers."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from bench.chunk_control import metrics
from bench.chunk_control.paths import TABLE_S, IdealPath
from bench.chunk_control.rollout import DT, TRACK_EVERY, Rollout

NEAR_S = 0.3  # [s] around the policy's own sense of progress that the nearest point is sought
WINDOW_S = 0.25  # [s] after a transition that count as the transition's: filters and splines answer late


@dataclass(frozen=True)
class Judgement:
    """Figures of one roll-out. Excess: over the ideal path's own jerk in the same windows."""

    transition_jerk_peak: float  # [m/s³] commanded: mean over the transitions of the peak's excess
    transition_jerk_rms: float  # [m/s³] commanded: excess in all windows together
    transition_turn_jerk_peak: float  # [rad/s³] commanded: mean over the transitions of the peak
    felt_jerk_peak: float  # [m/s³] the same of the measured tool below 50 Hz
    felt_jerk_rms: float  # [m/s³]
    ldlj: float  # of the measured tool's whole movement
    sparc: float
    step_position_mm: float  # commanded: mean over the transitions of the largest step
    step_velocity_mm_s: float
    step_acceleration_m_s2: float
    deviation_rms_mm: float  # measured tool from the nearest point of the path near where it is: lateness is forgiven
    timed_error_rms_mm: float  # measured tool from where the path is by the clock: lateness counts
    following_rms_mm: float  # measured tool from what was commanded
    completion_ratio: float  # time until the path is done, of the ideal
    completion_s: float
    refused: float  # chunks the method did not take
    finished: float  # 1, or 0 when the run was given up: its other figures mean little


FIGURES = tuple(field.name for field in fields(Judgement))


def judge(rollout: Rollout) -> Judgement:
    """Judge a roll-out."""
    path, commanded, measured = rollout.path, rollout.commanded[:, :3], rollout.measured
    windows = metrics.windows(rollout.transitions, WINDOW_S, DT, len(commanded))
    ideal = path.jerk(rollout.phase)
    tool = metrics.smoothed(measured, DT)
    phase = nearest(path, measured, rollout.phase)
    done = np.flatnonzero(phase >= path.done)
    completion = DT * float(done[0] if len(done) else len(phase))
    clock = DT * np.arange(1, len(measured) + 1)
    turning = metrics.turn_jerk(rollout.commanded[:, 3:], DT)
    jerk, felt = metrics.jerk(commanded, DT), metrics.jerk(tool, DT)
    position, velocity, acceleration = (_mean_peak(size, windows) for size in metrics.steps(commanded, DT))
    return Judgement(
        transition_jerk_peak=_peak_excess(jerk, ideal, windows),
        transition_jerk_rms=_rms_excess(jerk, ideal, windows),
        transition_turn_jerk_peak=_mean_peak(turning, windows),
        felt_jerk_peak=_peak_excess(felt, ideal, windows),
        felt_jerk_rms=_rms_excess(felt, ideal, windows),
        ldlj=metrics.log_dimensionless_jerk(tool, DT),
        sparc=metrics.spectral_arc_length(np.linalg.norm(np.gradient(tool, DT, axis=0), axis=1), DT),
        step_position_mm=1e3 * position,
        step_velocity_mm_s=1e3 * velocity,
        step_acceleration_m_s2=acceleration,
        deviation_rms_mm=1e3 * _rms(measured - path.poses(phase)[:, :3]),
        timed_error_rms_mm=1e3 * _rms(measured - path.poses(clock)[:, :3]),
        following_rms_mm=1e3 * _rms(measured - commanded),
        completion_ratio=completion / path.done,
        completion_s=completion,
        refused=float(rollout.refused),
        finished=float(rollout.completed),
    )


def nearest(path: IdealPath, positions: np.ndarray, about: np.ndarray) -> np.ndarray:
    """Return the path's times (N,) [s] whose points are nearest to positions (N, 3), within NEAR_S of `about` (N,)."""
    table, reach = path.table, round(NEAR_S / TABLE_S)
    ticks = np.arange(0, len(positions), TRACK_EVERY)
    found = []
    for k in ticks:
        low = max(0, round(about[k] / TABLE_S) - reach)
        far = ((table[low : low + 2 * reach + 1] - positions[k]) ** 2).sum(axis=1)
        found.append(TABLE_S * (low + int(np.argmin(far))))
    return np.interp(np.arange(len(positions)), ticks, found)


def _peak_excess(jerk: np.ndarray, ideal: np.ndarray, windows: list[slice]) -> float:
    return float(np.mean([max(0.0, jerk[w].max() - ideal[w].max()) for w in windows]))


def _rms_excess(jerk: np.ndarray, ideal: np.ndarray, windows: list[slice]) -> float:
    inside = np.zeros(len(jerk), bool)
    for w in windows:
        inside[w] = True
    return float(np.sqrt(max(0.0, (jerk[inside] ** 2).mean() - (ideal[inside] ** 2).mean())))


def _mean_peak(size: np.ndarray, windows: list[slice]) -> float:
    return float(np.mean([size[w].max() for w in windows]))


def _rms(errors: np.ndarray) -> float:
    return float(np.sqrt((errors**2).sum(axis=1).mean()))
