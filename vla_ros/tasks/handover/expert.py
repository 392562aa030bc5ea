# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of handing over: one hand grasps an end and lifts, both meet, the other takes and puts down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.observation import Observation
from vla_ros.policies.single_arm import PERIOD_S
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, close, retreat
from vla_ros.sim.grasping.planning import PlannedGrasp
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import EMPTY, ExpertPolicy
from vla_ros.tasks.handover.end_grasps import EndGraspPlanner
from vla_ros.tasks.handover.long_thing import LongThing
from vla_ros.tasks.handover.meeting import MeetingPlanner, parting
from vla_ros.tasks.placing.motion import let_go
from vla_ros.tasks.placing.planning import site_at
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.script import TwoHandedScript
from vla_ros.tasks.two_hands.ways import Row, one_by_one

LIFT_M = 0.06  # [m] before both arms move on
SPEED = 0.18  # [m/s] at the fastest point: two arms that near each other are slowed down
TURN_RATE = 0.8  # [rad/s] of the tool at the fastest point: small arms turn about short wrists
SECURE_S = 0.3  # [s] that both hands hold it before one lets go
TRIES = 3  # meetings that are planned before the expert gives up


class Stage(Enum):
    """What the rows under way are for."""

    GIVE = "give"  # one hand grasps and lifts
    MEET = "meet"  # it brings the thing, the other hand takes hold
    PART = "part"  # the first lets go and backs out
    PLACE = "place"  # the second puts it down
    DONE = "done"


class GivingExpert(ExpertPolicy):
    """Grasping's expert, at that end of the thing which is best for what comes after."""

    planner: EndGraspPlanner

    def __init__(
        self,
        world: World,
        arm: ArmModel,
        planner: EndGraspPlanner,
        meetings: MeetingPlanner,
        motion: ExpertMotionConfig,
    ) -> None:
        super().__init__(world, arm, motion)
        self.planner = planner
        planner.serves = meetings.possible

    @property
    def lifted(self) -> bool:
        """Say whether the thing is up and the hand has come to rest."""
        return self.phase is MotionPhase.LIFT and self._lifted() and self._index >= len(self._steps)

    def _choose(self, T_start: np.ndarray, q: np.ndarray) -> PlannedGrasp | None:
        for failed in (self.failed, []):
            for sign in (1.0, -1.0):
                self.planner.sign = sign
                planned = self.planner.plan(self.target, T_start, q, failed)
                if planned is not None:
                    return planned
        return None


class HandoverExpert(TwoHandedScript):
    """Give, meet, part, place, with that hand giving which finds a way."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], arms: tuple[str, str]) -> None:
        """`arms` are the names of the two, the likelier giver first."""
        motion = ExpertMotionConfig(period=PERIOD_S, lift_m=LIFT_M, turn_rate=TURN_RATE, speed=SPEED, lift_speed=SPEED)
        super().__init__(world, models, arms, motion)
        thing = LongThing.measure(world.scene.target_object.model)
        if thing is None:
            raise ConfigError(f"'{world.scene.target}' does not lie along its length: two hands cannot hold it")
        self._pairs = []
        for giver, taker in (arms, arms[::-1]):
            giving = EndGraspPlanner(world, models[giver], taker, motion, thing)
            taking = EndGraspPlanner(world, models[taker], giver, motion, thing)
            meetings = MeetingPlanner(world, giving, taking, thing)
            self._pairs.append((GivingExpert(world, models[giver], giving, meetings, motion), taking, meetings))
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._stage = Stage.GIVE
        self._pair: tuple[GivingExpert, EndGraspPlanner, MeetingPlanner] | None = None  # that acts
        self._tries = 0
        self._at_home = False  # the giving hand went home before the other found a way
        self._taken: Grasp | None = None
        for giving, _, _ in self._pairs:
            giving.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the giving hand's actions until it has lifted the thing, then those of both."""
        if self._stage is Stage.GIVE:
            chunk = self._give(observation)
            if self._pair is None or not self._pair[0].lifted:
                return chunk
            self._stage = Stage.MEET
        return super().infer(observation)

    def _give(self, observation: Observation) -> ActionChunk:
        if self._pair is not None:
            return self._pair[0].infer(observation)
        chunks = []
        for pair in self._pairs:
            chunk = pair[0].infer(observation)
            if chunk.status is not TaskStatus.INVALID:
                self._pair = pair
                return chunk
            chunks.append(chunk)
        self.explanation = self._pairs[0][0].explanation
        return chunks[0]

    @property
    def _arms(self) -> tuple[str, str]:
        """Name the giving and the taking arm."""
        giving, taking, _ = self._chosen
        return giving.codec.arm, taking.group.name

    @property
    def _chosen(self) -> tuple[GivingExpert, EndGraspPlanner, MeetingPlanner]:
        return self._pairs[0] if self._pair is None else self._pair

    def _next_stage(self, observation: Observation) -> list[Row] | None:
        if self._stage is Stage.MEET and self._taken is None:
            return self._meet(observation)
        if self._stage is Stage.MEET:
            if self._holds(observation, self._arms[1]):
                self._stage = Stage.PART
                return self._part(observation)
            return self._try_again(observation)
        if self._stage is Stage.PART:
            self._stage = Stage.PLACE
            return self._place(observation)
        self._stage = Stage.DONE
        return []

    def _meet(self, observation: Observation) -> list[Row] | None:
        giver, taker = self._arms
        here, width = self._here(observation), self.codec.width(observation, giver)
        meeting = self._chosen[2].plan(
            here[giver].T_base_ee, here[giver].q, width, here[taker].T_base_ee, here[taker].q
        )
        self._tries += 1
        if meeting is None or self._tries > TRIES:
            self.explanation = "no way for both hands to hold it"
            return None
        self._taken = grasp = meeting.grasp
        closing = close(grasp.T_base_grasp, grasp.opening, grasp.width, self.motion)
        secure = [closing[-1]] * math.ceil(SECURE_S / self.motion.period)
        q = meeting.approach[-1].q
        still = [JointStep(step.T_base_ee, step.width, step.phase, q) for step in closing + secure]
        return one_by_one([{giver: meeting.brought}, {taker: meeting.approach}, {taker: still}], here)

    def _try_again(self, observation: Observation) -> list[Row] | None:
        """Back the empty hand out; the next stage is another meeting."""
        _, taker = self._arms
        opening = 0.0 if self._taken is None else self._taken.opening
        self._taken, here = None, self._here(observation)
        back = retreat(here[taker].T_base_ee, opening, self.motion)
        return self._row_of(taker, self._chosen[1].follow(back, here[taker].q, blind=True), here)

    def _part(self, observation: Observation) -> list[Row] | None:
        giver, _ = self._arms
        here, planned = self._here(observation), self._chosen[0].planned
        width = self.codec.width(observation, giver)
        opening = width + 0.03 if planned is None else max(planned.grasp.opening, width + 0.01)
        full = self._chosen[0].planner.width_max
        T_object = self.world.object_pose(self.world.scene.target)
        aside = self._chosen[2].aside(T_object, np.linalg.inv(T_object) @ self.world.tool_pose(giver))
        back = parting(here[giver].T_base_ee, aside, min(opening, full), self.motion)
        planner, q = self._chosen[0].planner, here[giver].q
        way = planner.follow(back, q, clean=False) or planner.follow(back, q, blind=True)
        return self._row_of(giver, way, here)

    def _row_of(self, arm: str, way: list[JointStep] | None, here: Row) -> list[Row] | None:
        if way is None:
            self.explanation = "no way back from the meeting"
            return None
        return one_by_one([{arm: way}], here)

    def _place(self, observation: Observation) -> list[Row] | None:
        giver, taker = self._arms
        giving, taking, _ = self._chosen
        scene, here = self.world.scene, self._here(observation)
        width = self.codec.width(observation, taker)
        goal = site_at(self.world, scene.goal)
        steps = taking.put_down(scene.target, goal, here[taker].T_base_ee, here[taker].q, width)
        home = giving.planner.home(here[giver].q, giving.planner.width_max)
        if steps is None and not self._at_home:  # the other hand may be what is in the way
            self._at_home, self._stage = True, Stage.PART
            return one_by_one([{giver: home}], here)
        if steps is None:
            self.explanation = "no reachable way to put it down"
            return None
        opening = width + 0.02 if self._taken is None else self._taken.opening
        full = taking.width_max
        leave = let_go(steps[-1].T_base_ee, min(max(opening, width + 0.01), full), full, self.motion)
        gone = taking.follow(leave, steps[-1].q, blind=True)
        if gone is None:  # as far as the arm gets
            gone = [JointStep(leave[0].T_base_ee, full, MotionPhase.RELEASE, steps[-1].q)] * len(leave)
        back = taking.home(gone[-1].q, full)
        if taking.clear_of(steps, home):
            return one_by_one([{taker: steps + gone, giver: home}, {taker: back}], here)
        return one_by_one([{taker: steps + gone}, {giver: home, taker: back}], here)

    def _holds(self, observation: Observation, arm: str) -> bool:
        return self.codec.width(observation, arm) > EMPTY


def likelier_giver(world: World) -> tuple[str, str]:
    """Name the two arms that hold grippers, that first whose tool at home is nearer to what is to be passed on."""
    place = world.object_pose(world.scene.target)[:2, 3]
    arms = sorted(
        (gripper.arm for gripper in world.embodiment.grippers),
        key=lambda arm: float(np.linalg.norm(world.tool_pose(arm)[:2, 3] - place)),
    )
    return arms[0], arms[1]
