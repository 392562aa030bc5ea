# SPDX-License-Identifier: Apache-2.0
"""One hand to one tool: clutch, scale, jump rejection, stale hold and speed limits. Poses are in the robot's base.

Engaging the clutch latches the hand's pose and the arm's commanded pose; from then on the tool's goal is the latched
tool pose plus the hand's difference, so nothing moves at the moment of clutching, wherever the hand is. What is
followed is not the goal but a setpoint that goes to it no faster than the limits, and never far ahead of the arm.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import degrees, radians

import numpy as np

from controllers.errors import ConfigError
from controllers.rotations import Quaternion, angle_between, compose_exp, log_relative, multiply
from vla_ros.teleop.axes import Pose


@dataclass(frozen=True)
class MotionLimits:
    """What of a hand's motion is followed."""

    linear_speed: float = 0.5  # [m/s]
    angular_speed: float = 1.5  # [rad/s]
    jump_distance: float = 0.06  # [m] between two packets: no hand, but a tracker that lost it
    jump_angle: float = radians(25.0)  # [rad]
    calm_s: float = 0.25  # [s] that a hand must be steady after a jump to be followed anew
    stale_s: float = 0.15  # [s] without a packet, or as late as this: hold
    leash: float = 0.15  # [m] that the setpoint may be ahead of the arm
    leash_angle: float = 0.6  # [rad]

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if not 1e-3 <= value <= 10.0:
                raise ConfigError(f"hand motion: '{name}' must be 0.001 to 10, got {value:g}")


class HandMotion:
    """Follow one hand while its clutch is held."""

    def __init__(self, limits: MotionLimits, lower: np.ndarray, upper: np.ndarray) -> None:
        """`lower`, `upper` (3,) [m] are the box that the tool's goal is kept in."""
        self.limits = limits
        self._lower, self._upper = lower, upper
        self._hand0 = self._tool0 = self._accepted = self._stray = None  # type: Pose | None
        self._goal: Pose | None = None
        self._setpoint: Pose | None = None
        self._heard = self._steady_since = float("-inf")  # [s]
        self.refused = ""  # why the hand is not followed just now

    @property
    def engaged(self) -> bool:
        """Say whether the tool follows the hand."""
        return self._hand0 is not None

    def release(self) -> None:
        """Let go: the tool stays where it is sent now."""
        self._hand0 = self._tool0 = self._accepted = self._stray = self._goal = self._setpoint = None
        self.refused = ""

    def stale(self, now: float) -> bool:
        """Say whether the hand has been silent for too long at `now` [s]."""
        return now - self._heard > self.limits.stale_s

    def follow(self, now: float, hand: Pose, tool: Pose, scale: float, speed: float) -> None:
        """Take the pose of a hand whose clutch is held, at `now` [s]; `tool` is where the arm is commanded to be.

        `scale` is metres of the tool for a metre of the hand, `speed` the share of the limits that is used.
        """
        stale, dt = self.stale(now), min(now - self._heard, self.limits.stale_s)
        self._heard = now
        if not self.engaged or self._accepted is None or stale:
            self._latch(hand, tool)
        elif not self._near(self._accepted, hand):
            self._wait_until_calm(now, hand, tool)
        else:
            self._accepted, self._stray, self.refused = hand, None, ""
            self._aim(hand, scale)
        self._advance(dt, tool, speed)

    def path(self, times: np.ndarray, speed: float) -> np.ndarray:
        """Return where the tool goes from now if the hand stands still: (H, 7) at `times` (H,) [s], xyzw at the end."""
        assert self._setpoint is not None
        assert self._goal is not None
        points = np.empty((len(times), 7))
        for row, time in zip(points, times.tolist(), strict=True):
            pose = self._towards(self._setpoint, self._goal, time * speed)
            row[:3], row[3:] = pose.position, pose.orientation
        return points

    def _latch(self, hand: Pose, tool: Pose) -> None:
        self._hand0 = self._accepted = hand
        self._tool0 = self._goal = self._setpoint = tool
        self._stray, self.refused = None, ""

    def _aim(self, hand: Pose, scale: float) -> None:
        """Set the goal: the latched tool pose plus the hand's difference."""
        assert self._hand0 is not None
        assert self._tool0 is not None
        wanted = self._tool0.position + scale * (hand.position - self._hand0.position)
        kept = np.clip(wanted, self._lower, self._upper)
        if (kept != wanted).any():
            self.refused = "the edge of the workspace"
        turn = multiply(hand.orientation, _inverse(self._hand0.orientation))  # about the base's axes
        self._goal = Pose(kept, multiply(turn, self._tool0.orientation))

    def _wait_until_calm(self, now: float, hand: Pose, tool: Pose) -> None:
        accepted = self._accepted
        assert accepted is not None
        if self._stray is None or not self._near(self._stray, hand):
            self._steady_since = now
            shift = 100.0 * float(np.linalg.norm(hand.position - accepted.position))
            turn = degrees(angle_between(accepted.orientation, hand.orientation))
            self.refused = f"the hand jumped by {shift:.0f} cm and {turn:.0f}°: hold it still, or clutch again"
        self._stray = hand
        if now - self._steady_since >= self.limits.calm_s:
            self._latch(hand, tool)

    def _near(self, a: Pose, b: Pose) -> bool:
        shift = float(np.linalg.norm(b.position - a.position))
        turn = angle_between(a.orientation, b.orientation)
        return shift <= self.limits.jump_distance and turn <= self.limits.jump_angle

    def _advance(self, dt: float, tool: Pose, speed: float) -> None:
        assert self._setpoint is not None
        assert self._goal is not None
        ahead = self._towards(self._setpoint, self._goal, dt * speed)
        # An arm that cannot follow, at the table for instance, must not be sent further and further away.
        limits = self.limits
        self._setpoint = _within(tool, ahead, limits.leash, limits.leash_angle)

    def _towards(self, a: Pose, b: Pose, time: float) -> Pose:
        """Return where the limits let a tool be that goes from `a` to `b` for `time` [s]."""
        return _within(a, b, self.limits.linear_speed * time, self.limits.angular_speed * time)


def _within(a: Pose, b: Pose, distance: float, angle: float) -> Pose:
    """Return `b`, or as much of the way from `a` to it as `distance` [m] and `angle` [rad] allow."""
    shift = b.position - a.position
    length = float(np.linalg.norm(shift))
    position = b.position if length <= distance else a.position + shift * (distance / length)
    turn = np.array(log_relative(a.orientation, b.orientation))
    size = float(np.linalg.norm(turn))
    if size <= angle:
        return Pose(position, b.orientation)
    x, y, z = (turn * (angle / size)).tolist()
    return Pose(position, compose_exp(a.orientation, (x, y, z)))


def _inverse(q: Quaternion) -> Quaternion:
    x, y, z, w = q
    return (-x, -y, -z, w)
