# SPDX-License-Identifier: Apache-2.0
"""Both hands to the chunks of a whole robot: who follows what, and when nothing may be followed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from controllers.chunk import ActionChunk, pose_channels
from vla_ros.robots.embodiment import Embodiment
from vla_ros.teleop.axes import Pose, robot_pose
from vla_ros.teleop.hand_motion import HandMotion, MotionLimits
from vla_ros.teleop.lateness import Lateness
from vla_ros.teleop.protocol import HANDS, Hands, HandSample
from vla_ros.teleop.trigger import GripperTrigger

STEP_S, STEPS = 0.02, 10  # of a chunk: what the arm still does when no other follows
TIMES = STEP_S * np.arange(1, STEPS + 1)
BASE_CHANNELS = ("base/velocity.x", "base/velocity.y", "base/velocity.yaw")
# [s] at most, by either clock: a client that sends a thousand packets a second must not keep control busy, and in a
# slow world each chunk would displace the one before at the very moment at which control was to begin with it.
CHUNK_EVERY_S = 0.008
STICK_DEAD = 0.08  # of a stick's way, in which it is at rest
LATE = "the hand's positions arrive too late: the network is slow"
CLUTCH_AGAIN = "let go of the clutch and press it again"


@dataclass(frozen=True, eq=False)
class ArmReading:
    """What is known of an arm now, in the robot's base."""

    commanded: Pose | None
    gripper_width: float  # [m] commanded


class _ArmHand:
    """One arm, the hand that drives it and its gripper."""

    def __init__(self, arm: str, hand: str, gripper: str, width_max: float, motion: HandMotion) -> None:
        self.arm, self.hand, self.gripper = arm, hand, gripper
        self.width_max = width_max
        self.motion, self.trigger = motion, GripperTrigger(width_max)
        self.blocked = False  # the clutch was held when the arm could not follow: it must be pressed anew
        self.refused = ""

    def let_go(self, reason: str, held: bool) -> None:
        self.motion.release()
        self.blocked, self.refused = self.blocked or held, reason if held else ""


class Teleoperation:
    """Turn packets of hands into chunks. It knows no clock but what it is told [s]."""

    def __init__(
        self,
        embodiment: Embodiment,
        lower: np.ndarray,
        upper: np.ndarray,
        limits: MotionLimits | None = None,
        first_hand: str = "right",
        facing: float = 0.0,
    ) -> None:
        """`lower`, `upper` (3,) [m] are the workspace; `first_hand` drives the first arm, the other the second.

        `facing` [rad] is where the operator looks, in the robot's base.
        """
        self.limits = limits or MotionLimits()
        self._facing, self._base_frame, self._base = facing, embodiment.base_frame, embodiment.base
        order = HANDS if first_hand == HANDS[0] else HANDS[::-1]
        self._hands = []
        for arm, hand in zip(embodiment.arms, order, strict=False):
            gripper = embodiment.gripper_of(arm.name)
            name, width = ("", 0.0) if gripper is None else (gripper.name, gripper.width_max)
            self._hands.append(_ArmHand(arm.name, hand, name, width, HandMotion(self.limits, lower, upper)))
        self.scale, self.speed = 1.0, 1.0
        self._lateness = Lateness()
        self._sequence = 0
        self._sent = self._stamp = float("-inf")  # [s] when the last chunk was made, and its stamp

    @property
    def hands(self) -> tuple[tuple[str, str, float], ...]:
        """Return (arm, hand, widest opening [m]) of every arm that a hand drives."""
        return tuple((driven.arm, driven.hand, driven.width_max) for driven in self._hands)

    @property
    def sequence(self) -> int:
        """Return the number of the last chunk."""
        return self._sequence

    def rescale(self, scale: float) -> None:
        """Change metres of the tool for a metre of the hand; what is engaged is latched anew, so nothing jumps."""
        self.scale = scale
        for driven in self._hands:
            driven.motion.release()

    def clutched(self, arm: str) -> bool:
        """Say whether an arm follows its hand."""
        return any(driven.arm == arm and driven.motion.engaged for driven in self._hands)

    def refused(self, arm: str) -> str:
        """Say why an arm's hand is not followed; "" when it is, or is not to be."""
        for driven in self._hands:
            if driven.arm == arm:
                return driven.refused or driven.motion.refused
        return ""

    def let_go(self, reason: str) -> None:
        """Follow nothing; a clutch that is held must be pressed anew. `reason` is shown while it is held."""
        self._lateness = Lateness()  # the next driver has another clock
        for driven in self._hands:
            driven.let_go(reason, driven.motion.engaged)

    def silent(self, now: float) -> bool:
        """Let go of hands that have not been heard for too long at `now` [s, wall clock]; say whether that was new."""
        engaged = [driven for driven in self._hands if driven.motion.engaged and driven.motion.stale(now)]
        for driven in engaged:
            driven.motion.release()
            driven.refused = LATE
        return bool(engaged)

    def take(
        self, hands: Hands, arrival: float, stamp: float, arms: Mapping[str, ArmReading], obstacle: str
    ) -> ActionChunk | None:
        """Take a packet that arrived at `arrival` [s, monotonic]; return the chunk to be sent at `stamp` [s], if any.

        `stamp` is of the clock in which chunks are executed, and limits how far the arm goes; the hand itself is judged
        by `arrival`. `obstacle` says why no arm may follow now; "" when they may.
        """
        late = self._lateness.of(1e-3 * hands.t, arrival) > self.limits.stale_s
        channels: list[str] = []
        columns: list[np.ndarray] = []
        for driven in self._hands:
            sample = hands.hands.get(driven.hand)
            reading = arms.get(driven.arm)
            if late:
                if sample is not None and sample.clutch:
                    driven.refused = LATE
                continue
            if not self._follow(driven, sample, reading, (arrival, stamp), obstacle):
                continue
            channels += pose_channels(driven.arm)
            columns.append(driven.motion.path(TIMES, self.speed))
            if driven.gripper and sample is not None:
                channels.append(f"{driven.gripper}/width")
                columns.append(np.full((STEPS, 1), driven.trigger.width(sample.gripper)))
        if columns and self._base is not None:
            channels += BASE_CHANNELS
            columns.append(np.tile(self.speed * np.array(self._base.speed) * _pushed(hands), (STEPS, 1)))
        # Simulated time may begin anew, and ROS time be set back.
        too_soon = arrival - self._sent < CHUNK_EVERY_S or 0.0 <= stamp - self._stamp < CHUNK_EVERY_S
        if not columns or too_soon:
            return None
        self._sent, self._stamp = arrival, stamp
        return self._chunk(stamp, channels, columns)

    def hold(self, stamp: float, arms: Mapping[str, ArmReading]) -> ActionChunk | None:
        """Return the chunk that takes every arm as the operator's and has it come to rest.

        A chunk that moves only the gripper, to where it is, lets control brake as it does best; a pose would have to
        be the one that is commanded when the chunk arrives. None when nothing is known of any arm.
        """
        channels: list[str] = []
        columns: list[np.ndarray] = []
        for driven in self._hands:
            reading = arms.get(driven.arm)
            if reading is None or reading.commanded is None:
                continue
            if driven.gripper:
                channels.append(f"{driven.gripper}/width")
                columns.append(np.full((STEPS, 1), reading.gripper_width))
            else:
                pose = np.concatenate([reading.commanded.position, reading.commanded.orientation])
                channels += pose_channels(driven.arm)
                columns.append(np.tile(pose, (STEPS, 1)))
        return self._chunk(stamp, channels, columns) if columns else None

    def _chunk(self, stamp: float, channels: list[str], columns: list[np.ndarray]) -> ActionChunk:
        self._sequence += 1
        return ActionChunk(stamp, self._base_frame, tuple(channels), TIMES, np.hstack(columns), self._sequence)

    def _follow(
        self,
        driven: _ArmHand,
        sample: HandSample | None,
        reading: ArmReading | None,
        times: tuple[float, float],
        obstacle: str,
    ) -> bool:
        """Say whether the arm follows this packet, of `times` [s] by both clocks."""
        if sample is None or not sample.clutch:
            driven.motion.release()
            driven.blocked, driven.refused = False, ""
            return False
        if obstacle or reading is None or reading.commanded is None:
            driven.let_go(obstacle or "where the arm is commanded to be is not known yet", True)
            return False
        if driven.blocked:
            driven.refused = CLUTCH_AGAIN
            return False
        driven.refused = ""
        if not driven.motion.engaged:
            driven.trigger.engage(sample.gripper, reading.gripper_width)
        hand = robot_pose(sample.position, sample.orientation, self._facing)
        driven.motion.follow(*times, hand, reading.commanded, self.scale, self.speed)
        return True


def _pushed(hands: Hands) -> np.ndarray:
    """Return how far the sticks are pushed (3,), −1 to 1: forward and left by the left one, a turn by the right one."""
    (side, back), (turn, _) = (hands.sticks.get(hand, (0.0, 0.0)) for hand in ("left", "right"))
    pushed = np.array([-back, -side, -turn])
    pushed[np.abs(pushed) < STICK_DEAD] = 0.0
    return pushed
