# SPDX-License-Identifier: Apache-2.0
"""Both hands to the chunks of a whole robot: who follows what, and when nothing may be followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.base_motion import PlanarPose
from controllers.chunks.chunk import ActionChunk, pose_channels
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.robots.link_tree import LinkTree
from vla_ros.teleop.axes import Pose, robot_pose
from vla_ros.teleop.gaze import Gaze
from vla_ros.teleop.hand_motion import HandMotion, HandMotionLimits
from vla_ros.teleop.lateness import Lateness
from vla_ros.teleop.protocol import HANDS, OWN_SIDE, Hands, HandSample
from vla_ros.teleop.sticks import Sticks
from vla_ros.teleop.trigger import Trigger, make_trigger

STEP_S, STEPS = 0.02, 10  # of a chunk: what the arm still does when no other follows
TIMES = STEP_S * np.arange(1, STEPS + 1)
# [s] at most, by either clock: a client that sends a thousand packets a second must not keep control busy, and in a
# slow world each chunk would displace the one before at the very moment at which control was to begin with it.
CHUNK_EVERY_S = 0.008
LATE = "the hand's positions arrive too late: the network is slow"
CLUTCH_AGAIN = "let go of the clutch and press it again"


@dataclass(frozen=True, eq=False)
class ArmReading:
    """What is known of an arm now, in the robot's base."""

    commanded: Pose | None
    end_effectors: Mapping[str, float]  # what its end effectors are commanded to, by channel


class _ArmHand:
    """One arm, the hand that drives it and what its trigger tells."""

    def __init__(self, arm: str, hand: str, tools: Sequence[EndEffectorGroup], motion: HandMotion) -> None:
        self.arm, self.hand, self.motion = arm, hand, motion
        self.triggers: list[Trigger] = [make_trigger(tool) for tool in tools]
        self.blocked = False  # the clutch was held when the arm could not follow: it must be pressed anew
        self.refused = ""
        self.turned = 0.0  # [rad] by which a base that helps has turned since the clutch was pressed

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
        limits: HandMotionLimits | None = None,
        first_hand: str = OWN_SIDE,
        facing: float = 0.0,
        base_helps: bool = False,
    ) -> None:
        """`lower`, `upper` (3,) [m] are the workspace; `first_hand` drives the first arm, the other the second;
        OWN_SIDE: each the arm on its side, the right one an only arm.

        `facing` [rad] is where the operator looks, in the robot's base. Of a base that helps, driving where hands reach
        too far, hands stay where they are in the room; else they go with the base.
        """
        self.limits = limits or HandMotionLimits()
        self._facing, self._base_frame = facing, embodiment.base_frame
        self._mobile = embodiment.base is not None
        self._helped = base_helps and self._mobile
        self._place: PlanarPose | None = None  # T_odom_base at the last packet
        self._in_the_room = False  # hands hold their place there, and the base helps them
        self._sticks = Sticks(embodiment, self.limits.linear_speed)
        self._gaze = Gaze(embodiment)
        order = (
            HANDS if (hand_beside(embodiment) if first_hand == OWN_SIDE else first_hand) == HANDS[0] else HANDS[::-1]
        )
        self._hands = []
        for arm, hand in zip(embodiment.arms, order, strict=False):
            tools = embodiment.tools_of(arm.name)
            self._hands.append(_ArmHand(arm.name, hand, tools, HandMotion(self.limits, lower, upper)))
        self.scale, self.speed = 1.0, 1.0
        self._lateness = Lateness()
        self._untold: tuple[Hands, Mapping[str, float]] | None = None  # the newest packet, while no chunk tells of it
        self._sequence = 0
        self._sent = self._stamp = float("-inf")  # [s] when the last chunk was made, and its stamp

    @property
    def hands(self) -> dict[str, str]:
        """Return the hand that drives an arm, by the arm's name."""
        return {driven.arm: driven.hand for driven in self._hands}

    @property
    def watched_joints(self) -> tuple[str, ...]:
        """Name the joints of which `hear` is to be told where they are."""
        return self._gaze.joints

    @property
    def sequence(self) -> int:
        """Return the number of the last chunk."""
        return self._sequence

    def number(self) -> int:
        """Give out the number of the next chunk: whoever else moves the arms counts with the hands."""
        self._sequence += 1
        return self._sequence

    @property
    def engaged(self) -> bool:
        """Say whether any arm follows its hand."""
        return any(driven.motion.engaged for driven in self._hands)

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
        engaged = [driven for driven in self._hands if driven.motion.engaged and driven.motion.silent(now)]
        for driven in engaged:
            driven.motion.release()
            driven.refused = LATE
        return bool(engaged)

    def hear(
        self,
        hands: Hands,
        arrival: float,
        stamp: float,
        arms: Mapping[str, ArmReading],
        obstacle: str,
        joints: Mapping[str, float] | None = None,
        place: PlanarPose | None = None,
    ) -> None:
        """Take a packet that arrived at `arrival` [s, monotonic]; what it makes of the arms is `due` afterwards.

        `stamp` [s] is of the clock in which chunks are executed, and limits how far the arm goes; the hand itself is
        judged by `arrival`. `obstacle` says why no arm may follow now; "" when they may. `joints` [rad] are where those
        of a head are: without them it does not follow the headset. `place` is T_odom_base at `stamp`, where it is
        known: a base helps only then, and while no stick drives it.
        """
        driven_by_stick = any(self._sticks.velocities(hands, look=False).get(axis) for axis in BASE_AXES)
        self._in_the_room = self._helped and place is not None and not driven_by_stick
        self._carry(place)
        late = self._lateness.of(1e-3 * hands.t, arrival) > self.limits.stale_s
        followed = False
        for driven in self._hands:
            sample = hands.hands.get(driven.hand)
            if sample is not None and sample.clutch and late:
                driven.refused = LATE
            elif self._follow(driven, sample, arms.get(driven.arm), (arrival, stamp), obstacle):
                followed = True
        if not late:
            self._untold = (hands, joints or {}) if followed else None

    @property
    def owing(self) -> bool:
        """Say whether a packet that is followed has no chunk yet."""
        return self._untold is not None and self.engaged

    def due(self, now: float, stamp: float) -> ActionChunk | None:
        """Return the chunk of the newest packet that has none yet, once it may be sent at `now` [s] and `stamp` [s].

        Of packets that a network delivers in a bunch the last says where the hand is, and the next bunch may be long.
        """
        # Simulated time may begin anew, and ROS time be set back.
        too_soon = now - self._sent < CHUNK_EVERY_S or 0.0 <= stamp - self._stamp < CHUNK_EVERY_S
        if self._untold is None or not self.engaged or too_soon:
            return None
        (hands, joints), self._untold = self._untold, None
        channels: list[str] = []
        columns: list[np.ndarray] = []
        for driven in self._hands:
            if not driven.motion.engaged:
                continue
            channels += pose_channels(driven.arm)
            columns.append(driven.motion.path(TIMES, self.speed))
            sample = hands.hands.get(driven.hand)
            if sample is not None:
                for trigger in driven.triggers:
                    channels += trigger.channels
                    columns.append(np.tile(np.array(trigger.values(sample.gripper)), (STEPS, 1)))
        gaze = self._gaze.follow(hands.head, stamp, joints, TIMES, self.speed)
        pushed = self._sticks.velocities(hands, look=not gaze)
        if self._in_the_room:  # told to stand, it would
            pushed = {channel: speed for channel, speed in pushed.items() if channel not in BASE_AXES}
        channels += [*pushed, *gaze]
        columns += [np.full((STEPS, 1), self.speed * velocity) for velocity in pushed.values()]
        columns += [positions[:, None] for positions in gaze.values()]
        self._sent, self._stamp = now, stamp
        return self._chunk(stamp, channels, columns, riding=self._mobile and not self._in_the_room)

    def _carry(self, place: PlanarPose | None) -> None:
        """Leave what hands hold where it is in the room, since the base was last seen."""
        before, self._place = self._place, place
        if self._in_the_room and place is not None and before is not None:
            shift = place.inverse() @ before
            for driven in self._hands:
                driven.motion.carry(shift)
                driven.turned -= shift.yaw

    def hold(self, stamp: float, arms: Mapping[str, ArmReading]) -> ActionChunk | None:
        """Return the chunk that takes every arm as the operator's and has it come to rest.

        A chunk that moves only the end effectors, to where they are, lets control brake as it does best; a pose would
        have to be the one that is commanded when the chunk arrives. None when nothing is known of any arm.
        """
        channels: list[str] = []
        columns: list[np.ndarray] = []
        for driven in self._hands:
            reading = arms.get(driven.arm)
            if reading is None or reading.commanded is None:
                continue
            told = [channel for trigger in driven.triggers for channel in trigger.channels]
            if told:
                channels += told
                values = [reading.end_effectors.get(channel, 0.0) for channel in told]
                columns.append(np.tile(np.array(values), (STEPS, 1)))
            else:
                pose = np.concatenate([reading.commanded.position, reading.commanded.orientation])
                channels += pose_channels(driven.arm)
                columns.append(np.tile(pose, (STEPS, 1)))
        return self._chunk(stamp, channels, columns, self._mobile) if columns else None

    def _chunk(self, stamp: float, channels: list[str], columns: list[np.ndarray], riding: bool) -> ActionChunk:
        # A hand that is held still means a place before the robot, wherever that drives, unless it drives for the hand.
        return ActionChunk(
            stamp, self._base_frame, tuple(channels), TIMES, np.hstack(columns), self.number(), riding=riding
        )

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
            driven.turned = 0.0
            for trigger in driven.triggers:
                trigger.engage(sample.gripper, reading.end_effectors)
        hand = robot_pose(sample.position, sample.orientation, self._facing - driven.turned)
        driven.motion.follow(*times, hand, reading.commanded, self.scale, self.speed)
        return True


def hand_beside(embodiment: Embodiment) -> str:
    """Return the hand on the side of the first arm: the left one where its tool is further left than the second's."""
    if len(embodiment.arms) < 2:
        return HANDS[0]
    tree = LinkTree(expand_urdf(embodiment))
    home = {joint: q for group in embodiment.driven_groups for joint, q in zip(group.joints, group.home, strict=True)}
    first, second = (tree.place(arm.tool_frame, home)[1, 3] for arm in embodiment.arms[:2])
    return "left" if first > second else "right"
