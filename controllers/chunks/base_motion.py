# SPDX-License-Identifier: Apache-2.0
"""Where a moving base is, by its odometry, so that what was seen from it at one time holds at another.

A chunk gives poses in the base at its stamp. What they mean stays where it is in the world while the base drives on:

    T_now_target = T_odom_now⁻¹ T_odom_stamp T_stamp_target

unless the chunk says that it is `riding`: then they are in the base as that moves, as hands and recordings have them.
A base stands on a floor, so both are planar: x, y [m] and yaw [rad].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import atan2, cos, hypot, isfinite, pi, sin

import numpy as np

TOPIC = "odom"  # on which it comes
LENGTH = 1024  # samples that are kept: 2 s at 500 Hz
LEAD_MAX_S = 0.25  # [s] a base is led on by its last velocity for so long; then it is taken to stand
AGE_MAX_S = 0.25  # [s] of odometry by which poses are carried
SET_BACK_S = 1.0  # [s] a clock that is set back by more begins anew; what is older by less came late
LEAP_M, LEAP_RAD = 0.05, 0.05  # beyond what the velocity accounts for: no base moves so, its odometry began anew
REST_SPEED = 2e-3  # [m/s], [rad/s]
NOTHING = 1e-7  # [m], [rad]


@dataclass(frozen=True)
class PlanarPose:
    """A frame on the floor, seen from another: T_a_b."""

    x: float = 0.0  # [m]
    y: float = 0.0
    yaw: float = 0.0  # [rad]

    def __matmul__(self, other: PlanarPose) -> PlanarPose:
        """Return T_a_c of T_a_b and T_b_c."""
        c, s = cos(self.yaw), sin(self.yaw)
        return PlanarPose(self.x + c * other.x - s * other.y, self.y + s * other.x + c * other.y, self.yaw + other.yaw)

    def inverse(self) -> PlanarPose:
        """Return T_b_a."""
        c, s = cos(self.yaw), sin(self.yaw)
        return PlanarPose(-c * self.x - s * self.y, s * self.x - c * self.y, -self.yaw)

    @property
    def nothing(self) -> bool:
        """Say whether both frames are the same."""
        return abs(self.x) + abs(self.y) + abs(self.yaw) < NOTHING

    def led_on(self, twist: Sequence[float], seconds: float) -> PlanarPose:
        """Return where it is after `seconds` [s] at twist (3,): x and y [m/s], yaw [rad/s], in its own frame."""
        vx, vy, rate = twist
        turn = rate * seconds
        if abs(turn) > 1e-9:  # along the arc
            c, s = sin(turn) / rate, (1.0 - cos(turn)) / rate
        else:
            c, s = seconds, 0.5 * turn * seconds
        return self @ PlanarPose(c * vx - s * vy, s * vx + c * vy, turn)

    def place(self, pose: np.ndarray) -> None:
        """Take a pose (7,): position [m], quaternion xyzw, from frame b to frame a, in place."""
        x, y, _, a, b, c, d = pose.tolist()
        cosine, sine = cos(self.yaw), sin(self.yaw)
        pose[0], pose[1] = self.x + cosine * x - sine * y, self.y + sine * x + cosine * y
        w, z = cos(0.5 * self.yaw), sin(0.5 * self.yaw)  # half the turn, on the left
        pose[3], pose[4], pose[5], pose[6] = w * a - z * b, w * b + z * a, w * c + z * d, w * d - z * c

    def placed(self, poses: np.ndarray) -> np.ndarray:
        """Return poses (K, 7) of frame b in frame a; a quaternion keeps its sign."""
        moved = poses.copy()
        for pose in moved:
            self.place(pose)
        return moved


class BaseMotion:
    """What odometry says: kept for a while, and led on by the velocity. One thread adds, any may ask."""

    def __init__(self) -> None:
        """Know nothing yet."""
        self._samples = np.full((LENGTH, 4), -np.inf)  # stamp [s], x, y [m], yaw [rad], not wrapped
        self._count = 0
        # In one assignment: the loop asks while another thread adds.
        self._newest: tuple[float, PlanarPose, tuple[float, float, float]] | None = None

    @property
    def known(self) -> bool:
        """Say whether there has been any odometry."""
        return self._newest is not None

    def add(self, stamp: float, T_odom_base: np.ndarray, twist: np.ndarray) -> str:
        """Take T_odom_base (4, 4) and the twist (3,) in the base of `stamp` [s]; return what is wrong with it, or "".

        What is not finite is left out; what leaps is taken, for what was before no longer holds.
        """
        x, y, yaw = float(T_odom_base[0, 3]), float(T_odom_base[1, 3]), atan2(T_odom_base[1, 0], T_odom_base[0, 0])
        vx, vy, rate = twist.tolist()
        if not isfinite(x + y + yaw + vx + vy + rate + stamp):
            return "odometry is not finite"
        newest, wrong = self._newest, ""
        if newest is not None and stamp < newest[0] - SET_BACK_S:
            self._samples[:], newest = -np.inf, None
        if newest is not None:
            before, pose, velocity = newest
            if stamp <= before:
                return ""
            expected = pose.led_on(velocity, min(stamp - before, LEAD_MAX_S))
            yaw = expected.yaw + (yaw - expected.yaw + pi) % (2.0 * pi) - pi
            away, turned = hypot(x - expected.x, y - expected.y), abs(yaw - expected.yaw)
            if away > LEAP_M or turned > LEAP_RAD:
                wrong = f"odometry leaps by {away:.2f} m and {turned:.2f} rad in {1e3 * (stamp - before):.0f} ms"
        self._samples[self._count % LENGTH] = stamp, x, y, yaw
        self._count += 1
        self._newest = (stamp, PlanarPose(x, y, yaw), (vx, vy, rate))
        return wrong

    def stale(self, now: float) -> bool:
        """Say whether there has been no odometry for too long at `now` [s], or none that this clock can tell.

        From a clock that is ahead it would stay new for long after it has ended, and lead to a wrong place.
        """
        newest = self._newest
        return newest is None or abs(now - newest[0]) > AGE_MAX_S

    def lacking(self, now: float) -> str:
        """Say what is missing at `now` [s] for poses to be carried and the base to be driven; "" where nothing is."""
        newest = self._newest
        if newest is None:
            return f"the base has no odometry: nothing has come on '{TOPIC}': is its driver running?"
        if newest[0] - now > AGE_MAX_S:
            return (
                f"the base has no odometry: the last on '{TOPIC}' is stamped {newest[0] - now:.2f} s ahead, allowed "
                f"{AGE_MAX_S:g} s: do the clocks of the base and of control agree?"
            )
        if self.stale(now):
            return (
                f"the base has no odometry: the last on '{TOPIC}' is {now - newest[0]:.2f} s old, allowed "
                f"{AGE_MAX_S:g} s: is its driver running?"
            )
        return ""

    @property
    def at_rest(self) -> bool:
        """Say whether the base stands, as far as is known."""
        newest = self._newest
        return newest is None or max(map(abs, newest[2])) < REST_SPEED

    def at(self, time: float) -> PlanarPose:
        """Return T_odom_base at `time` [s]: led on after the newest sample, between two before it, else the oldest."""
        newest = self._newest
        if newest is None:
            return PlanarPose()
        stamp, pose, twist = newest
        if time >= stamp:
            return pose.led_on(twist, min(time - stamp, LEAD_MAX_S))
        kept = self._samples[self._samples[:, 0] > -np.inf]
        if not len(kept):  # the clock is being set back in the thread that adds
            return pose
        kept = kept[np.argsort(kept[:, 0])]
        return PlanarPose(*(float(np.interp(time, kept[:, 0], column)) for column in kept.T[1:]))


def carried(state: np.ndarray, shifts: Sequence[PlanarPose], step: float) -> np.ndarray:
    """Return a path's state (3, 7), value, velocity and acceleration, in a frame that moves against the path's own.

    `shifts` are T_frame_path before, now and after, `step` [s] of the path's time apart.
    """
    before, now, after = shifts
    value, velocity, acceleration = state
    bent = 0.5 * step * step * acceleration
    first, middle, last = (
        shift.placed(point[None])[0]
        for shift, point in (
            (before, value - step * velocity + bent), (now, value), (after, value + step * velocity + bent)
        )
    )  # fmt: skip
    return np.stack([middle, (last - first) / (2.0 * step), (last - 2.0 * middle + first) / (step * step)])
