# SPDX-License-Identifier: Apache-2.0
"""Plan how two hands take a tray by the boards at its ends, carry it level and put it down."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.objects.serving_trays import BOARD, handle
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, straight
from vla_ros.sim.world import World
from vla_ros.tasks.two_hands.both_arms import BothArms, moved
from vla_ros.tasks.two_hands.carrying import object_ways
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.ways import Row, one_by_one

# [rad] of the tool about the line between the hands: 0 away from the robot, a quarter down. The same for both hands.
PITCHES = tuple(np.radians((90.0, 75.0, 105.0, 60.0, 120.0, 45.0)))
GRIP = 0.012  # [m] of the tool point below a board's top
BESIDE = 0.05  # [m] from there back, before and after
HEIGHTS = (0.06, 0.04)  # [m] that the tray is lifted
SPEED, TURN_RATE, IN_SPEED = (
    0.15,
    0.4,
    0.10,
)  # [m/s], [rad/s], [m/s] at the fastest point: what stands there must not slide
CLOSE_S, OPEN_S = 1.0, 0.4  # [s]
OPENING = 0.045  # [m] before and after
SET_DOWN = 0.002  # [m] above the table where it is let go


class TrayPlanner:
    """Plan from the truth, for the two arms of a world."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], motion: ExpertMotionConfig) -> None:
        self.world, self.motion = world, motion
        self.both = BothArms(world, models, motion)
        self._model = world.scene.target_object.model

    def plan(self, T_goal: np.ndarray, here: Row) -> list[Row] | None:
        """Return rows of both arms that bring the tray to T_goal (4, 4); None: no way.

        `here` is where the arms are.
        """
        T_start = self.world.object_pose(self.world.scene.target)
        down = T_goal.copy()
        down[2, 3] += SET_DOWN
        for height in HEIGHTS:
            up = np.array([0.0, 0.0, height])
            keys = (T_start, moved(T_start, up), moved(down, up), down)
            way = object_ways(keys, SPEED, TURN_RATE, self.motion.period)
            for grips in self._grips(T_start):
                holds = [np.linalg.inv(T_start) @ T for T in grips]
                if not all(self._stands(side, [T @ holds[side] for T in keys]) for side in (0, 1)):
                    continue
                left, right = (self._way(side, holds[side], way, here) for side in (0, 1))
                if left is None or right is None:
                    continue
                there, taking, holding, away = zip(left, right, strict=True)
                coming, leaving = self.both.together(there), self.both.together(away)
                if coming is None or leaving is None:
                    continue
                held = [dict(zip(self.both.names, pair, strict=True)) for pair in (taking, holding)]
                return one_by_one([*coming, *held, *leaving], here)
        return None

    def _grips(self, T_tray: np.ndarray) -> Iterator[list[np.ndarray]]:
        """Return T_base_ee (4, 4) of both hands; fingers close across the boards."""
        for pitch, rolls in itertools.product(PITCHES, itertools.product((1.0, -1.0), repeat=2)):
            forward, up, along = T_tray[:3, 0], T_tray[:3, 2], T_tray[:3, 1]
            z = np.cos(pitch) * forward - np.sin(pitch) * up
            tools = []
            for side in (0, 1):
                y = rolls[side] * along
                T = np.eye(4)
                T[:3, :3] = np.stack([np.cross(y, z), y, z], axis=1)
                T[:3, 3] = T_tray[:3, :3] @ (handle(self._model, side) - (0.0, 0.0, GRIP)) + T_tray[:3, 3]
                tools.append(T)
            yield tools

    def _stands(self, side: int, tools: list[np.ndarray]) -> bool:
        """Say whether an arm gets to tool poses (4, 4), one after the other."""
        planner = self.both.planners[side]
        q = planner.posture_at(tools[0], planner.group.home, starts=2)
        for T in tools[1:]:
            q = None if q is None else planner.posture_at(T, q, starts=1)
        return q is not None

    def _way(self, side: int, hold: np.ndarray, way: list[np.ndarray], here: Row) -> list[list[JointStep]] | None:
        """Return one hand's way there, in and closed, with the tray, and away."""
        planner, motion = self.both.planners[side], self.motion
        T_start = self.world.object_pose(self.world.scene.target)
        T_hold, back = T_start @ hold, -BESIDE * (T_start @ hold)[:3, 2]
        q_hold = planner.posture_at(T_hold, planner.group.home, starts=2)
        if q_hold is None:
            return None
        there = self.both.come(side, moved(T_hold, back), OPENING, here[self.both.names[side]].q, q_hold)
        if there is None:
            return None
        inwards = straight(moved(T_hold, back), T_hold, OPENING, MotionPhase.ARRIVE, IN_SPEED, motion)
        taken = planner.follow(inwards, there[-1].q)
        if taken is None:
            return None
        carried = planner.follow([Step(T @ hold, BOARD, MotionPhase.CARRY) for T in way], taken[-1].q, clean=False)
        if carried is None:
            return None
        T_down, arm_down = way[-1] @ hold, carried[-1]
        T_off = moved(T_down, -BESIDE * T_down[:3, 2])
        shift = way[-1] @ np.linalg.inv(T_start)
        with planner.suppose(None, {name: shift @ self.world.object_pose(name) for name in self.world.object_names}):
            off = straight(T_down, T_off, OPENING, MotionPhase.RETREAT, IN_SPEED, motion)
            away = self.both.leave(side, off, arm_down.q)
        if away is None:
            return None
        closing = [_told(taken[-1], 0.0)] * math.ceil(CLOSE_S / motion.period)
        opening = [_told(arm_down, OPENING)] * math.ceil(OPEN_S / motion.period)
        still = [_told(arm_down, 0.0)] * math.ceil(OPEN_S / motion.period)
        return [there, [*taken, *closing], [_told(step, 0.0) for step in carried], [*still, *opening, *away]]


def _told(step: JointStep, width: float) -> JointStep:
    return JointStep(step.T_base_ee, width, step.phase, step.q)
