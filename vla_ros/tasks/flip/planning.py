# SPDX-License-Identifier: Apache-2.0
"""Plan one turn of a parcel by two hands: a grip that both arms can hold all the way, and each arm's way."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, minimum_jerk, straight
from vla_ros.sim.world import World
from vla_ros.tasks.flip.grips import PITCHES, ROLLS, SLANTS, Axis, Grip, hand_pose
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.flip.turning import ParcelTurn, air_turn, move, tilt
from vla_ros.tasks.two_hands.both_arms import ABOVE, BothArms, moved
from vla_ros.tasks.two_hands.fingers import finger_corners
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.squeezing import SqueezedArm, squeeze_force
from vla_ros.tasks.two_hands.ways import Row, one_by_one

SPREAD, NARROW = 0.05, 0.0  # [m] between finger tips that keep the parcel from turning in the hands, or let it pivot
BESIDE = 0.04  # [m] of the finger tips from the parcel before and after
NEAR = 0.003  # [m] likewise, where it is looked for what else would touch
IN_SPEED = 0.08  # [m/s] towards the parcel
PRESS_S, SETTLE_S = 0.8, 0.3  # [s]
STRIDE = np.radians(30.0)  # of a turn, between two looks at whether wrists make it
JUMP = 1.2  # [rad] of a joint between two looks: the arm would have to take another posture
SHIFTS = (-0.05, -0.10, 0.05, -0.15)  # [m] onwards, as a parcel tilts, of places where it is tilted instead
RIM = 0.018  # [m] from the rising edge where finger tips hold a parcel that tilts
LOOSE = 0.5  # of the squeeze, with which it tilts: it pivots between the finger tips, and the table carries most of it


@dataclass(frozen=True, eq=False)
class PlannedTurn:
    """Rows of both arms, and where the parcel is to be in each; None where no hand holds it."""

    rows: list[Row]
    parcel: list[np.ndarray | None]  # T_base_parcel (4, 4)


@dataclass(frozen=True, eq=False)
class _Held:
    """How one hand holds the parcel, and the joints with which it takes hold."""

    T_parcel_ee: np.ndarray  # (4, 4)
    touched: np.ndarray  # (3,) [m] where it presses, parcel frame
    q: np.ndarray  # (N,) [rad]
    opening: float  # [m]
    pivots: bool  # the parcel turns between the finger tips, and the hand does not

    def tool(self, T_lies: np.ndarray, T_base_parcel: np.ndarray) -> np.ndarray:
        """Return T_base_ee (4, 4) with the parcel somewhere that lay at T_lies."""
        if not self.pivots:
            return T_base_parcel @ self.T_parcel_ee
        point = np.append(self.touched, 1.0)
        return moved(T_lies @ self.T_parcel_ee, ((T_base_parcel - T_lies) @ point)[:3])


class TurnPlanner:
    """Plan from the truth, for the two arms of a world."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], box: LabelledBox, motion: ExpertMotionConfig):
        self.world, self.box, self.motion = world, box, motion
        self._both = BothArms(world, models, motion)
        self.arms, self._planners = self._both.names, self._both.planners
        self._squeezed = tuple(SqueezedArm(models[arm], world.embodiment.arm(arm)) for arm in self.arms)
        self._corners = {
            opening: tuple(finger_corners(world, gripper.name, opening) for gripper in self._both.grippers)
            for opening in (SPREAD, NARROW)
        }
        self._starts: dict[tuple[object, ...], np.ndarray | None] = {}  # joints by side, grip and place
        self.reset()
        model = world.scene.target_object.model
        self._force = squeeze_force(model.mass, model.friction)

    def reset(self) -> None:
        """Forget the episode."""
        self._turns_in_the_air = True  # until it is seen that wrists do not make it

    def plan(self, turn: float, here: Row) -> PlannedTurn | None:
        """Return how both hands turn the parcel about the level line between them; None: no grip serves.

        `turn` [rad], a quarter either way, is about the axis, positive from the far side down. `here` is where the arms
        are.
        """
        T_lies = self.world.object_pose(self.world.scene.target)
        axis, table, period = self.axis(T_lies), self.world.scene.table.height, self.motion.period
        if self._turns_in_the_air:
            way = air_turn(self.box, table, T_lies, axis, turn, period)
            for pair in self._whole_turns(axis, turn):
                planned = self._planned(axis, pair, way, here, pivots=False)
                if planned is not None:
                    return planned
        self._turns_in_the_air = False  # what wrists cannot do here they cannot do beside it either
        rim, way = self._tilt(T_lies, turn)
        for pair in _fixed():
            planned = self._planned(rim, pair, way, here, pivots=True)
            if planned is not None:
                return planned
        return self._move(axis, T_lies, turn, here)

    def _tilt(self, T_lies: np.ndarray, turn: float) -> tuple[Axis, ParcelTurn]:
        """Return the line on which hands hold a parcel that tilts, near its rising edge, and how it tilts."""
        axis = self.axis(T_lies)
        half = float(np.abs(axis.forward @ T_lies[:3, :3]) @ np.array(self.box.half))
        rim = dataclasses.replace(axis, middle=axis.middle - np.sign(turn) * (half - RIM) * axis.forward)
        return rim, tilt(self.box, self.world.scene.table.height, T_lies, axis, turn, self.motion.period)

    def _move(self, axis: Axis, T_lies: np.ndarray, turn: float, here: Row) -> PlannedTurn | None:
        """Return how both hands carry the parcel to where they can tilt it."""
        for shift in SHIFTS:
            onwards = shift * np.sign(turn) * axis.forward
            rim, tilting = self._tilt(moved(T_lies, onwards), turn)
            if not any(self._held(rim, pair, tilting, pivots=True) for pair in _fixed()):
                continue
            way = move(self.world.scene.table.height, self.box, T_lies, onwards, self.motion.period)
            for pair in _fixed():
                planned = self._planned(axis, pair, way, here, pivots=False)
                if planned is not None:
                    return planned
        return None

    def _planned(
        self, axis: Axis, pair: tuple[Grip, Grip], way: ParcelTurn, here: Row, pivots: bool
    ) -> PlannedTurn | None:
        held = self._held(axis, pair, way, pivots)
        return None if held is None else self._ways(axis, held, way, here)

    def axis(self, T_base_parcel: np.ndarray) -> Axis:
        """Return the line through the parcel's middle between the sides that the hands press: left and right."""
        normals = T_base_parcel[:3, :3]
        index = int(np.argmax(np.abs(normals[1])))
        along = normals[:, index] * np.sign(normals[1, index]) * (1.0, 1.0, 0.0)
        return Axis(T_base_parcel[:3, 3].copy(), along / np.linalg.norm(along), self.box.half[index])

    def apart(self, here: Row) -> list[Row]:
        """Return how the hands let go of a parcel that has slipped, and rise."""
        axis, motion, ways = self.axis(self.world.object_pose(self.world.scene.target)), self.motion, {}
        for side, (arm, planner) in enumerate(zip(self.arms, self._planners, strict=True)):
            T_out = moved(here[arm].T_base_ee, 2.0 * BESIDE * axis.outwards(side))
            T_up = moved(T_out, np.array([0.0, 0.0, ABOVE]))
            out = straight(here[arm].T_base_ee, T_out, planner.width_max, MotionPhase.RETREAT, IN_SPEED, motion)
            up = straight(T_out, T_up, planner.width_max, MotionPhase.RETREAT, motion.lift_speed, motion)
            ways[arm] = planner.follow([*out, *up], here[arm].q, blind=True) or [here[arm]]
        return one_by_one([ways], here)

    # -- which grip ----------------------------------------------------------------------------------------------------
    def _whole_turns(self, axis: Axis, turn: float) -> Iterator[tuple[Grip, Grip]]:
        """Return grips with which wrists of both hands make a whole turn in the air."""
        for slant, middle in itertools.product(SLANTS, PITCHES):
            pair = []
            for side in (0, 1):
                grips = (Grip(slant, middle - turn / 2, rolled) for rolled in ROLLS)
                grip = next((grip for grip in grips if self._turns(axis, grip, side, turn)), None)
                if grip is None:
                    break
                pair.append(grip)
            if len(pair) == 2:
                yield pair[0], pair[1]

    def _turns(self, axis: Axis, grip: Grip, side: int, turn: float) -> bool:
        """Say whether an arm makes a turn about an axis without another posture."""
        planner, count = self._planners[side], round(abs(turn) / STRIDE)
        q: np.ndarray | None = None
        for stride in range(count + 1):
            turned = dataclasses.replace(grip, pitch=grip.pitch + turn * stride / count)
            T = hand_pose(axis, turned, side, self._corners[SPREAD][side])
            q_next = planner.posture_at(T, planner.group.home if q is None else q, starts=2 if q is None else 1)
            if q_next is None or (q is not None and np.abs(q_next - q).max() > JUMP):
                return False
            q = q_next
        return True

    def _held(self, axis: Axis, grips: tuple[Grip, Grip], way: ParcelTurn, pivots: bool) -> tuple[_Held, _Held] | None:
        """Return how both hands hold it all the way, touching nothing else; None where they cannot."""
        target, lies, held = self.world.scene.target, way.keys[0], []
        opening = NARROW if pivots else SPREAD
        T_parcel_base = np.linalg.inv(lies)
        for side in (0, 1):
            T = hand_pose(axis, grips[side], side, self._corners[opening][side])
            q = self._start(T, grips[side], side)
            if q is None:
                return None
            touched = T_parcel_base @ np.append(axis.middle + axis.reach * axis.outwards(side), 1.0)
            held.append(_Held(T_parcel_base @ T, touched[:3], q, opening, pivots))
        for side, planner in enumerate(self._planners):
            near = held[side].q
            for T_parcel, gap in ((lies, BESIDE), *((T, NEAR) for T in way.keys)):
                with planner.suppose(held[1 - side].q, {target: T_parcel}):
                    T_tool = moved(held[side].tool(lies, T_parcel), gap * axis.outwards(side))
                    q = planner.stands(T_tool, opening, near)
                if q is None:
                    return None
                near = q
        return held[0], held[1]

    def _start(self, T: np.ndarray, grip: Grip, side: int) -> np.ndarray | None:
        """Return the joints (N,) [rad] with which an arm takes hold; None where it cannot."""
        known = (side, grip, *T[:3, 3].round(6))
        if known not in self._starts:
            planner = self._planners[side]
            self._starts[known] = planner.posture_at(T, planner.group.home, starts=2)
        return self._starts[known]

    # -- ways ----------------------------------------------------------------------------------------------------------
    def _ways(self, axis: Axis, held: tuple[_Held, _Held], way: ParcelTurn, here: Row) -> PlannedTurn | None:
        left, right = (self._way(axis, side, held, way, here) for side in (0, 1))
        if left is None or right is None:
            return None
        there, pressing, holding, away = zip(left, right, strict=True)
        coming, leaving = self._both.together(there), self._both.together(away)
        if coming is None or leaving is None:
            return None
        taking: list[Mapping[str, Sequence[JointStep]]] = [*coming, dict(zip(self.arms, pressing, strict=True))]
        rows = one_by_one([*taking, dict(zip(self.arms, holding, strict=True)), *leaving], here)
        before = len(one_by_one(taking, here))
        parcel: list[np.ndarray | None] = [None] * len(rows)
        parcel[before : before + len(way.way)] = way.way
        return PlannedTurn(rows, parcel)

    def _way(
        self, axis: Axis, side: int, held: tuple[_Held, _Held], way: ParcelTurn, here: Row
    ) -> list[list[JointStep]] | None:
        """Return one hand's way there, in and pressing, with the parcel, and away."""
        planner, own, motion = self._planners[side], held[side], self.motion
        lies, outwards = way.keys[0], axis.outwards(side)
        T_hold = own.tool(lies, lies)
        T_beside = moved(T_hold, BESIDE * outwards)
        with planner.suppose(held[1 - side].q):
            there = self._both.come(side, T_beside, own.opening, here[self.arms[side]].q, own.q)
        if there is None:
            return None
        inwards = straight(T_beside, T_hold, own.opening, MotionPhase.ARRIVE, IN_SPEED, motion)
        taken = planner.follow(inwards, there[-1].q, clean=False)
        if taken is None:
            return None
        tools = [own.tool(lies, T) for T in way.way]
        carried = planner.follow([Step(T, own.opening, MotionPhase.CARRY) for T in tools], taken[-1].q, clean=False)
        if carried is None:
            return None
        with planner.suppose(None, {self.world.scene.target: way.keys[-1]}):
            off = straight(
                tools[-1], moved(tools[-1], BESIDE * outwards), own.opening, MotionPhase.RETREAT, IN_SPEED, motion
            )
            away = self._both.leave(side, off, carried[-1].q)
        if away is None:
            return None
        full = LOOSE if own.pivots else 1.0
        rising = [*minimum_jerk(PRESS_S, motion.period), *[1.0] * round(SETTLE_S / motion.period)]
        pressing = [self._pressed(side, -outwards, taken[-1], full * share) for share in rising]
        holding = [self._pressed(side, -outwards, step, full) for step in carried]
        letting_go = [self._pressed(side, -outwards, carried[-1], full * share) for share in (*reversed(rising), 0.0)]
        return [there, [*taken, *pressing], holding, [*letting_go, *away]]

    def _pressed(self, side: int, inwards: np.ndarray, step: JointStep, share: float) -> JointStep:
        """Return a step told as much too far inwards as a share of the squeeze takes."""
        planner = self._planners[side]
        depth = self._squeezed[side].depth(step.q, inwards, share * self._force)
        T = moved(step.T_base_ee, depth * inwards)
        q = solve_ik(planner.arm, T, step.q, q_rest=step.q, starts=1)
        return dataclasses.replace(step, T_base_ee=T, q=step.q if q is None else q)


def _fixed() -> Iterator[tuple[Grip, Grip]]:
    """Return grips of hands that do not turn with the parcel."""
    for slant, pitch in itertools.product(SLANTS, PITCHES):
        for rolls in itertools.product(ROLLS, repeat=2):
            yield Grip(slant, pitch, rolls[0]), Grip(slant, pitch, rolls[1])
