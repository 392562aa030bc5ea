# SPDX-License-Identifier: Apache-2.0
"""Plan one turn of a parcel by two hands: a grip that both arms can hold all the way, and the way of each step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, minimum_jerk, straight
from vla_ros.sim.world import World
from vla_ros.tasks.flip.grips import SPREAD, Axis, Grip, grips, hand_pose
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.two_hands.carrying import object_ways
from vla_ros.tasks.two_hands.fingers import finger_corners
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.planning import PairPlanner
from vla_ros.tasks.two_hands.squeezing import SqueezedArm, squeeze_force
from vla_ros.tasks.two_hands.ways import Row, one_by_one

CLEAR = 0.020  # [m] between table and parcel while it turns
SET_DOWN = 0.002  # [m] above the table where it is let go
BESIDE = 0.04  # [m] of the finger tips from the parcel before and after
NEAR = 0.003  # [m] likewise, where it is looked for what else would touch
ABOVE = 0.10  # [m] higher than that the hands come and go
CARRY_SPEED, TURN_RATE = 0.15, 0.8  # [m/s], [rad/s] at the fastest point
IN_SPEED = 0.08  # [m/s] towards the parcel
PRESS_S, SETTLE_S = 0.8, 0.3  # [s]
LOOKS = (0.0, 0.5, 1.0)  # shares of the turn at which a grip is tried


@dataclass(frozen=True, eq=False)
class PlannedTurn:
    """Rows of both arms, and where the parcel is to be in each; None where no hand holds it."""

    rows: list[Row]
    parcel: list[np.ndarray | None]  # T_base_parcel (4, 4)


class TurnPlanner:
    """Plan from the truth, for the two arms of a world."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], box: LabelledBox, motion: ExpertMotionConfig):
        self.world, self.box, self.motion = world, box, motion
        grippers = sorted(world.embodiment.grippers, key=lambda one: -float(world.tool_pose(one.arm)[1, 3]))[:2]
        self.arms = (grippers[0].arm, grippers[1].arm)  # left, right
        self._planners = tuple(
            PairPlanner(world, models[arm], other, motion) for arm, other in (self.arms, self.arms[::-1])
        )
        self._squeezed = tuple(SqueezedArm(models[arm], world.embodiment.arm(arm)) for arm in self.arms)
        self.opening = min(SPREAD, *(0.7 * gripper.width_max for gripper in grippers))
        self._corners = tuple(finger_corners(world, gripper.name, self.opening) for gripper in grippers)
        model = world.scene.target_object.model
        self._force = squeeze_force(model.mass, model.friction)

    def plan(self, turn: float, here: Row) -> PlannedTurn | None:
        """Return how both hands turn the parcel about the level line between them; None: no grip serves.

        `turn` [rad] is about the axis, positive from the far side down. `here` is where the arms are.
        """
        T_start = self.world.object_pose(self.world.scene.target)
        axis = self.axis(T_start)
        poses = self._poses(T_start, axis, turn)
        for grip in grips(turn):
            held = self._held(axis, grip, T_start, poses)
            if held is not None:
                planned = self._ways(axis, held, T_start, poses, here)
                if planned is not None:
                    return planned
        return None

    def axis(self, T_base_parcel: np.ndarray) -> Axis:
        """Return the line through the parcel's middle between the sides that the hands press: left and right."""
        normals = T_base_parcel[:3, :3]
        index = int(np.argmax(np.abs(normals[1])))
        along = normals[:, index] * np.sign(normals[1, index]) * (1.0, 1.0, 0.0)
        return Axis(T_base_parcel[:3, 3].copy(), along / np.linalg.norm(along), self.box.half[index])

    def _poses(self, T_start: np.ndarray, axis: Axis, turn: float) -> list[np.ndarray]:
        """Return where the parcel lies, is lifted to, is turned in the air, and is let go."""
        table = self.world.scene.table.height
        across = np.abs(T_start[:3, :3].T @ np.stack([axis.forward, (0.0, 0.0, 1.0)], axis=1)).T @ np.array(self.box.half)
        lifted, turned, down = T_start.copy(), np.eye(4), np.eye(4)
        lifted[2, 3] = table + float(np.hypot(*across)) + CLEAR
        turned[:3, :3] = Rotation.from_rotvec(turn * axis.along).as_matrix() @ T_start[:3, :3]
        turned[:3, 3] = lifted[:3, 3]
        down[:3, :3], down[:3, 3] = turned[:3, :3], turned[:3, 3]
        down[2, 3] += table + SET_DOWN - self.box.lowest(turned)
        return [T_start, lifted, turned, down]

    def apart(self, here: Row) -> list[Row]:
        """Return how the hands let go of a parcel that has slipped, and rise."""
        axis, motion, ways = self.axis(self.world.object_pose(self.world.scene.target)), self.motion, {}
        for side, (arm, planner) in enumerate(zip(self.arms, self._planners, strict=True)):
            T_out = _moved(here[arm].T_base_ee, 2.0 * BESIDE * self._outwards(axis, side))
            T_up = _moved(T_out, np.array([0.0, 0.0, ABOVE]))
            out = straight(here[arm].T_base_ee, T_out, planner.width_max, MotionPhase.RETREAT, IN_SPEED, motion)
            up = straight(T_out, T_up, planner.width_max, MotionPhase.RETREAT, motion.lift_speed, motion)
            ways[arm] = planner.follow([*out, *up], here[arm].q, blind=True) or [here[arm]]
        return one_by_one([ways], here)

    # -- which grip ----------------------------------------------------------------------------------------------------
    def _held(
        self, axis: Axis, grip: Grip, T_start: np.ndarray, poses: Sequence[np.ndarray]
    ) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | None:
        """Return T_parcel_ee (4, 4) of both hands and the joints that they take hold with; None where it cannot be."""
        tools = [hand_pose(axis, grip, side, self._corners[side]) for side in (0, 1)]
        holds = [np.linalg.inv(T_start) @ T for T in tools]
        beside = [_moved(T, self._outwards(axis, side) * BESIDE) for side, T in enumerate(tools)]
        found: list[np.ndarray] = []
        for side, planner in enumerate(self._planners):
            q = planner.posture_at(tools[side], planner.group.home, starts=3)
            if q is None:
                return None
            found.append(q)
            for T in poses[1:]:
                q = planner.posture_at(T @ holds[side], q, starts=1)
                if q is None:
                    return None
        for side, planner in enumerate(self._planners):
            with planner.suppose(found[1 - side], {self.world.scene.target: T_start}):
                if planner.stands(beside[side], self.opening, found[side]) is None:
                    return None
            q = found[side]
            for T in poses:
                out = _moved(T @ holds[side], self._outwards(axis, side) * NEAR)
                with planner.suppose(found[1 - side], {self.world.scene.target: T}):
                    q = planner.stands(out, self.opening, q)
                if q is None:
                    return None
        return (holds[0], holds[1]), (found[0], found[1])

    @staticmethod
    def _outwards(axis: Axis, side: int) -> np.ndarray:
        return axis.along if side == 0 else -axis.along

    # -- ways ----------------------------------------------------------------------------------------------------------
    def _ways(
        self,
        axis: Axis,
        held: tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
        T_start: np.ndarray,
        poses: Sequence[np.ndarray],
        here: Row,
    ) -> PlannedTurn | None:
        way = object_ways(poses, CARRY_SPEED, TURN_RATE, self.motion.period)
        parts = [self._way(axis, side, held[0][side], held[1], T_start, way, here) for side in (0, 1)]
        if parts[0] is None or parts[1] is None:
            return None
        both = [dict(zip(self.arms, pair, strict=True)) for pair in zip(*parts, strict=True)]
        rows = one_by_one(both, here)
        before = len(one_by_one(both[:2], here))
        parcel: list[np.ndarray | None] = [None] * len(rows)
        parcel[before : before + len(way)] = way
        return PlannedTurn(rows, parcel)

    def _way(
        self,
        axis: Axis,
        side: int,
        hold: np.ndarray,
        q_held: tuple[np.ndarray, np.ndarray],
        T_start: np.ndarray,
        way: Sequence[np.ndarray],
        here: Row,
    ) -> list[list[JointStep]] | None:
        """Return one hand's way there, in and pressing; with the parcel; and away."""
        planner, arm, opening, motion = self._planners[side], self.arms[side], self.opening, self.motion
        outwards, target = self._outwards(axis, side), self.world.scene.target
        T_hold = T_start @ hold
        T_beside = _moved(T_hold, BESIDE * outwards)
        with planner.suppose(q_held[1 - side]):
            there = self._come(planner, T_beside, here[arm].q, q_held[side])
        if there is None:
            return None
        inwards = straight(T_beside, T_hold, opening, MotionPhase.ARRIVE, IN_SPEED, motion)
        q_beside = there[-1].q
        taken = planner.follow(inwards, q_beside, clean=False)
        if taken is None:
            return None
        carried = planner.follow([Step(T @ hold, opening, MotionPhase.CARRY) for T in way], taken[-1].q, clean=False)
        if carried is None:
            return None
        pressed = [taken[-1]] * round(PRESS_S / motion.period)
        settled = [taken[-1]] * round(SETTLE_S / motion.period)
        down = [carried[-1]] * round(SETTLE_S / motion.period)
        let_go = [carried[-1]] * round(PRESS_S / motion.period)
        rising = minimum_jerk(PRESS_S, motion.period)
        T_down = way[-1] @ hold
        T_off = _moved(T_down, BESIDE * outwards)
        with planner.suppose(None, {target: way[-1]}):
            off = straight(T_down, T_off, opening, MotionPhase.RETREAT, IN_SPEED, motion)
            T_up = _moved(T_off, np.array([0.0, 0.0, ABOVE]) + BESIDE * outwards)
            up = straight(T_off, T_up, planner.width_max, MotionPhase.RETREAT, motion.lift_speed, motion)
            away = planner.follow([*off, *up], carried[-1].q, clean=False)
            if away is None:
                away = planner.follow([*off, *up], carried[-1].q, blind=True)
        if away is None:
            return None
        squeezed = [
            self._pressed(side, step, -outwards, share)
            for steps, shares in (
                (pressed, rising), (settled, [1.0] * len(settled)), (carried, [1.0] * len(carried)),
                (down, [1.0] * len(down)), (let_go, 1.0 - rising),
            )
            for step, share in zip(steps, shares, strict=True)
        ]  # fmt: skip
        first = len(pressed) + len(settled)
        return [
            there,
            [*taken, *squeezed[:first]],
            squeezed[first : first + len(carried)],
            [*squeezed[first + len(carried) :], *away],
        ]

    def _come(
        self, planner: PairPlanner, T_beside: np.ndarray, q_start: np.ndarray, q_held: np.ndarray
    ) -> list[JointStep] | None:
        """Return the way to beside the parcel, from above."""
        opening, motion = self.opening, self.motion
        q_beside = planner.posture_at(T_beside, q_held, starts=1)
        if q_beside is None:
            return None
        for above in (ABOVE, 0.5 * ABOVE, 0.0):
            T_over = _moved(T_beside, np.array([0.0, 0.0, above]))
            q_over = planner.posture_at(T_over, q_beside, starts=1)
            if q_over is None:
                continue
            across = planner.joint_way(q_start, q_over, opening, MotionPhase.APPROACH)
            down = straight(T_over, T_beside, opening, MotionPhase.APPROACH, motion.lift_speed, motion) if above else []
            found = planner.follow([*across, *down], q_start)
            if found is not None:
                return found
        return None

    def _pressed(self, side: int, step: JointStep, inwards: np.ndarray, share: float) -> JointStep:
        """Return a step told as much too far inwards as a share of the squeeze takes."""
        planner = self._planners[side]
        depth = self._squeezed[side].depth(step.q, inwards, share * self._force)
        T = _moved(step.T_base_ee, depth * inwards)
        q = solve_ik(planner.arm, T, step.q, q_rest=step.q, starts=1)
        return dataclasses.replace(step, T_base_ee=T, q=step.q if q is None else q)


def _moved(T: np.ndarray, shift: np.ndarray) -> np.ndarray:
    moved = T.copy()
    moved[:3, 3] += shift
    return moved
