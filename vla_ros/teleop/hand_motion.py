# SPDX-License-Identifier: Apache-2.0
"""One hand to one tool: clutch, scale, jump rejection, stale hold and speed limits. Poses are in the robot's base.

Engaging the clutch latches the hand's pose and the arm's commanded pose; from then on the tool's goal is the latched
tool pose plus the hand's difference, so nothing moves at the moment of clutching, wherever the hand is. What is
followed is not the goal but a setpoint that goes to it no faster than the limits, and never far ahead of the arm.

Two clocks: how a hand behaves (silence, a jump, calm) is judged by the wall clock, in which hands live. How far the
setpoint goes follows the clock in which chunks are executed, simulated time where there is one: an arm in a world at a
quarter of real time would otherwise be commanded four times the speed that the limits allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, degrees, radians, sin

import numpy as np

from controllers.chunks.base_motion import PlanarPose
from controllers.errors import ConfigError, VlaError
from controllers.rotations import Quaternion, angle_between, compose_exp, log_relative, multiply
from vla_ros.teleop.axes import Pose

TICKING = 2.0  # between two packets the clock of the chunks goes at most so many times as far as the wall clock


@dataclass(frozen=True)
class HandMotionLimits:
    """What of a hand's motion is followed."""

    linear_speed: float = 0.5  # [m/s]
    angular_speed: float = 1.5  # [rad/s]
    jump_distance: float = 0.06  # [m] between two packets: no hand, but a tracker that lost it
    jump_angle: float = radians(25.0)  # [rad]
    calm_s: float = 0.25  # [s] that a hand must be steady after a jump to be followed anew
    stale_s: float = 0.15  # [s] as late as this, a packet is not followed
    gap_s: float = 0.5  # [s] without a packet: the clutch counts as let go; what is shorter is made up for
    leash: float = 0.15  # [m] that the setpoint may be ahead of the arm
    leash_angle: float = 0.6  # [rad]

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            if not 1e-3 <= value <= 10.0:
                raise ConfigError(f"hand motion: '{name}' must be 0.001 to 10, got {value:g}")


@dataclass
class _Grip:
    """A clutch that is held: what was latched, what is followed."""

    hand: Pose  # latched
    tool: Pose  # latched
    accepted: Pose  # the hand, by the last packet that was believed
    goal: Pose  # where the hand wants the tool
    setpoint: Pose  # where the limits let it be by now
    stray: Pose | None = None  # the hand, by the last packet that was not believed
    steady_since: float = 0.0  # [s] stray packets have agreed since then


class HandMotion:
    """Follow one hand while its clutch is held."""

    def __init__(self, limits: HandMotionLimits, lower: np.ndarray, upper: np.ndarray) -> None:
        """`lower`, `upper` (3,) [m] are the box that the tool's goal is kept in."""
        self.limits = limits
        self._lower, self._upper = lower, upper
        self._grip: _Grip | None = None
        self._heard = float("-inf")  # [s] by the wall clock
        self._stamp = 0.0  # [s] of the last packet, by the clock in which chunks are executed
        self.refused = ""  # why the hand is not followed just now

    @property
    def engaged(self) -> bool:
        """Say whether the tool follows the hand."""
        return self._grip is not None

    def release(self) -> None:
        """Let go: the tool stays where it is sent now."""
        self._grip, self.refused = None, ""

    def carry(self, shift: PlanarPose) -> None:
        """Go over to a base that has moved by `shift`, T_now_before: what is followed stays where it is in the world.

        Hands come in the axes of the new base from now on.
        """
        grip = self._grip
        if grip is None:
            return
        for name in ("tool", "goal", "setpoint"):
            setattr(grip, name, _seen_from(shift, getattr(grip, name)))
        turn = PlanarPose(yaw=shift.yaw)
        grip.hand, grip.accepted = _turned(turn, grip.hand), _turned(turn, grip.accepted)
        grip.stray = None if grip.stray is None else _turned(turn, grip.stray)

    def silent(self, now: float) -> bool:
        """Say whether the hand has been silent for too long at `now` [s, wall clock]."""
        return now - self._heard > self.limits.gap_s

    def follow(self, arrival: float, stamp: float, hand: Pose, tool: Pose, scale: float, speed: float) -> None:
        """Take the pose of a hand whose clutch is held; `tool` is where the arm is commanded to be.

        It came at `arrival` [s, wall clock], and at `stamp` [s] by the clock in which chunks are executed. `scale` is
        metres of the tool for a metre of the hand, `speed` the share of the limits that is used.
        """
        grip, silence = self._grip, arrival - self._heard
        # A clock that was set is no time to move in: simulated time comes in ticks, but hardly quicker than the wall's.
        dt = min(max(stamp - self._stamp, 0.0), TICKING * silence, self.limits.stale_s)
        self._heard, self._stamp = arrival, stamp
        if grip is None or silence > self.limits.gap_s:
            self._latch(hand, tool)
            return
        # What the last chunk has done meanwhile, to where the hand wanted it then: after a gap the way to where the
        # hand is now begins there, at the limits, and not as much further on as the gap was long.
        self._advance(grip, dt, tool, speed)
        if self._near(grip.accepted, hand, silence):
            grip.accepted, grip.stray, self.refused = hand, None, ""
            self._aim(grip, hand, scale)
        elif silence > self.limits.stale_s or self._calm(grip, arrival, hand):
            self._latch(hand, tool)  # a hand that went too far in a gap to be followed is wherever it is by now

    def path(self, times: np.ndarray, speed: float) -> np.ndarray:
        """Return where the tool goes from now if the hand stands still: (H, 7) at `times` (H,) [s], xyzw at the end.

        Raises VlaError when the clutch is not held.
        """
        if self._grip is None:
            raise VlaError("a hand whose clutch is not held goes nowhere")
        points = np.empty((len(times), 7))
        for row, time in zip(points, times.tolist(), strict=True):
            pose = self._towards(self._grip.setpoint, self._grip.goal, time * speed)
            row[:3], row[3:] = pose.position, pose.orientation
        return points

    def _latch(self, hand: Pose, tool: Pose) -> None:
        self._grip, self.refused = _Grip(hand, tool, hand, tool, tool), ""

    def _aim(self, grip: _Grip, hand: Pose, scale: float) -> None:
        """Set the goal: the latched tool pose plus the hand's difference."""
        wanted = grip.tool.position + scale * (hand.position - grip.hand.position)
        kept = np.clip(wanted, self._lower, self._upper)
        if (kept != wanted).any():
            self.refused = "the edge of the workspace"
        turn = multiply(hand.orientation, _inverse(grip.hand.orientation))  # about the base's axes
        grip.goal = Pose(kept, multiply(turn, grip.tool.orientation))

    def _calm(self, grip: _Grip, now: float, hand: Pose) -> bool:
        """Say whether a hand that has jumped has been steady for long enough."""
        if grip.stray is None or not self._near(grip.stray, hand, 0.0):
            grip.steady_since = now
            shift = 100.0 * float(np.linalg.norm(hand.position - grip.accepted.position))
            turn = degrees(angle_between(grip.accepted.orientation, hand.orientation))
            self.refused = f"the hand jumped by {shift:.0f} cm and {turn:.0f}°: hold it still, or clutch again"
        grip.stray = hand
        return now - grip.steady_since >= self.limits.calm_s

    def _near(self, a: Pose, b: Pose, time: float) -> bool:
        """Say whether a hand may have gone from `a` to `b` in `time` [s]: no jump, or as far as it is followed."""
        limits, shift = self.limits, float(np.linalg.norm(b.position - a.position))
        turn = angle_between(a.orientation, b.orientation)
        return shift <= max(limits.jump_distance, limits.linear_speed * time) and turn <= max(
            limits.jump_angle, limits.angular_speed * time
        )

    def _advance(self, grip: _Grip, dt: float, tool: Pose, speed: float) -> None:
        ahead = self._towards(grip.setpoint, grip.goal, dt * speed)
        # An arm that cannot follow, at the table for instance, must not be sent further and further away.
        grip.setpoint = _within(tool, ahead, self.limits.leash, self.limits.leash_angle)

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


def _seen_from(T_now_before: PlanarPose, pose: Pose) -> Pose:
    """Return a pose of one base in another."""
    whole = np.concatenate([pose.position, pose.orientation])
    T_now_before.place(whole)
    a, b, c, d = whole[3:].tolist()
    return Pose(whole[:3], (a, b, c, d))


def _turned(turn: PlanarPose, hand: Pose) -> Pose:
    """Return a hand's pose in axes that are turned: those of its turns, too."""
    back: Quaternion = (0.0, 0.0, -sin(0.5 * turn.yaw), cos(0.5 * turn.yaw))
    turned = _seen_from(turn, hand)
    return Pose(turned.position, multiply(turned.orientation, back))


def _inverse(q: Quaternion) -> Quaternion:
    x, y, z, w = q
    return (-x, -y, -z, w)
