# SPDX-License-Identifier: Apache-2.0
"""How the arm moves: jerk, stretches in which it does nothing, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData, JointSeries
from vla_ros.data.quality.finding import Finding

RATE_HZ = 100.0  # joint states are resampled to
SAMPLES_MIN = 40
GAP_S = 0.5  # [s] without a joint state: what happened in it is not known
END_S = 0.2  # [s] over which the speed at the end is taken


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at the arm's joints."""
    joints = arm_joints(data)
    if joints is None:
        return
    jerk = rms_jerk(joints, config.smoothing_hz, config.moving_speed)
    if len(jerk):
        worst = int(jerk.argmax())
        value = float(jerk[worst])
        reason = f"jerky: {joints.names[worst]} has {value:.0f} rad/s³ RMS while it moves"
        yield Finding("jerk_rms", value, config.jerk.penalty(value), reason)
    speed = joints.speed()
    longest, share = idle(joints.time, speed, config.still_speed)
    yield Finding("idle_longest_s", longest, config.idle_longest.penalty(longest), f"nothing moves for {longest:.1f} s")
    reason = f"nothing moves for {100.0 * share:.0f} % of the time"
    yield Finding("idle_share", share, config.idle_share.penalty(share), reason)
    at_end = float(np.median(speed[joints.time >= joints.time[-1] - END_S]))
    reason = f"truncated: it ends while a joint moves at {at_end:.2f} rad/s"
    yield Finding("end_speed", at_end, config.end_speed.penalty(at_end), reason)


def arm_joints(data: EpisodeData) -> JointSeries | None:
    """Return the joints of the arms alone, or all when the robot is not known."""
    joints = data.joints
    if joints is None or data.embodiment is None:
        return joints
    names = tuple(name for arm in data.embodiment.arms for name in arm.joints)
    columns = joints.columns(names)
    if columns is None:
        return joints
    return JointSeries(names, joints.time, joints.q[:, columns], joints.dq[:, columns])


def rms_jerk(joints: JointSeries, cutoff_hz: float, moving: float) -> np.ndarray:
    """Return each joint's jerk (J,) [rad/s³], RMS over the time in which the arm moves; empty when it never does.

    Velocities, resampled and filtered forwards and backwards, are differentiated twice, piece by piece between gaps.
    """
    edges = np.flatnonzero(np.diff(joints.time) > GAP_S) + 1
    pieces = [
        squares
        for time, dq in zip(np.split(joints.time, edges), np.split(joints.dq, edges), strict=True)
        if len(squares := _squared_jerk(time, dq, cutoff_hz, moving))
    ]
    return np.sqrt(np.concatenate(pieces).mean(axis=0)) if pieces else np.empty(0)


def _squared_jerk(time: np.ndarray, dq: np.ndarray, cutoff_hz: float, moving: float) -> np.ndarray:
    """Return the squared jerk (M, J) of a piece without gaps at the instants in which the arm moves."""
    from scipy.signal import butter, sosfiltfilt  # takes half a second to load, and the bridge need not judge

    even = np.arange(time[0], time[-1], 1.0 / RATE_HZ)
    if len(even) < SAMPLES_MIN:
        return np.empty(0)
    resampled = np.column_stack([np.interp(even, time, column) for column in dq.T])
    smooth = sosfiltfilt(butter(2, cutoff_hz, fs=RATE_HZ, output="sos"), resampled, axis=0)
    jerk = np.gradient(np.gradient(smooth, 1.0 / RATE_HZ, axis=0), 1.0 / RATE_HZ, axis=0)
    return jerk[np.abs(smooth).max(axis=1) > moving] ** 2


def idle(time: np.ndarray, speed: np.ndarray, still: float) -> tuple[float, float]:
    """Return the longest stretch [s] in which nothing moves, and the share of all such time."""
    steps = np.diff(time)
    stands = (speed[1:] < still) & (steps < GAP_S)
    total = float(steps.sum())
    longest = current = 0.0
    for step, stand in zip(steps.tolist(), stands.tolist(), strict=True):
        current = current + step if stand else 0.0
        longest = max(longest, current)
    return longest, float(steps[stands].sum()) / total if total > 0.0 else 0.0
