# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of handing over: one hand grasps an end and lifts, both meet, the other takes and puts down."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import Enum

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.actions.single_arm import PERIOD_S
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, close
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import EMPTY, LIFTED, MOVED, NEAR, PUSHED, TURNED
from vla_ros.tasks.handover.end_grasps import EndGrasps
from vla_ros.tasks.handover.giving import Giving, GivingPlanner
from vla_ros.tasks.handover.laying import LayingPlanner
from vla_ros.tasks.handover.long_thing import LongThing
from vla_ros.tasks.handover.meeting import Meeting, MeetingPlanner
from vla_ros.tasks.placing.motion import DOWN_SPEED, SETTLE_S
from vla_ros.tasks.two_hands.pair_checker import Situation
from vla_ros.tasks.two_hands.planning import PairPlanner
from vla_ros.tasks.two_hands.script import TwoHandedScript
from vla_ros.tasks.two_hands.ways import Row

LIFT_M = 0.06  # [m] before both arms move on
SPEED = 0.18  # [m/s] at the fastest point of a straight line
SECURE_S = 0.3  # [s] that both hands hold it before one lets go
TRIES, MEETINGS = 3, 5  # grasps, and meetings, that are planned before the expert gives up
FAR_ENOUGH = 0.8  # of the way on which a hand retreats: no other direction is tried
PLAY = 0.03  # [m] that a hand which lets go opens wider than what it held


class Stage(Enum):
    """What the rows under way are for."""

    BEGIN = "begin"
    GIVE = "give"  # one hand grasps and lifts
    MEET = "meet"  # it brings the thing, the other hand comes before it
    TAKE = "take"  # the other hand takes hold
    PART = "part"  # the first lets go and backs out
    PLACE = "place"  # the second puts it down
    LEAVE = "leave"  # and goes home
    DONE = "done"


class HandoverExpert(TwoHandedScript):
    """Give, meet, part, place, with that hand giving which finds a way."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], arms: tuple[str, str]) -> None:
        """`arms` are the names of the two, the likelier giver first."""
        motion = ExpertMotionConfig(period=PERIOD_S, lift_m=LIFT_M, speed=SPEED, lift_speed=SPEED)
        super().__init__(world, models, sorted(arms), motion)
        thing = LongThing.measure(world.scene.target_object.model)
        if thing is None:
            raise ConfigError(f"'{world.scene.target}' does not lie along its length: two hands cannot hold it")
        self.planner = planner = PairPlanner(world, models, sorted(arms), motion)
        grasps = {arm: EndGrasps(world, models[arm], motion, thing) for arm in arms}
        meetings = [MeetingPlanner(planner, *pair, grasps, thing) for pair in (arms, arms[::-1])]
        self._giving = GivingPlanner(planner, meetings, grasps, LIFT_M)
        self._laying = LayingPlanner(planner, grasps)
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._stage = Stage.BEGIN
        self._given: Giving | None = None
        self._met: Meeting | None = None
        self._failed: list[tuple[str, np.ndarray]] = []  # arms and T_object_grasp that did not hold, or led nowhere
        self._stayed: list[np.ndarray] = []  # T_object_grasp of the taking hand from which the other did not get away
        self._grasped = self._meetings = 0  # times that it was tried
        self._height = 0.0  # [m] of the object when it was grasped

    # -- stages --------------------------------------------------------------------------------------------------------
    def _next_stage(self, observation: Observation) -> list[Row] | None:
        self.planner.stand()
        if self._stage is Stage.BEGIN:
            return self._give(observation)
        if self._stage is Stage.GIVE:
            return self._meet(observation) if self._lifted(observation) else self._give_again(observation)
        if self._stage is Stage.MEET:
            return self._take(observation)
        if self._stage is Stage.TAKE:
            if self._holds(observation, self._taker):
                return self._part(observation)
            self._stage = Stage.GIVE  # once more, from where the empty hand has backed out to
            return self._back_out(observation, self._taker)
        if self._stage is Stage.PART:
            return self._place(observation)
        if self._stage is Stage.PLACE:
            return self._leave(observation)
        self._stage = Stage.DONE
        return []

    def _plan_again(self, observation: Observation) -> list[Row] | None:
        self.planner.stand()
        if self._stage in (Stage.MEET, Stage.TAKE):
            return self._meet(observation)
        if self._stage is Stage.PART:
            return self._part(observation)
        if self._stage is Stage.PLACE and self._holds(observation, self._taker):
            return self._place(observation)
        if self._stage in (Stage.PLACE, Stage.LEAVE, Stage.DONE):
            return self._leave(observation)
        return self._give_again(observation)

    def _broken(self, observation: Observation) -> bool:
        """Say whether what is to be grasped has been moved."""
        given = self._given
        if self._stage is not Stage.GIVE or given is None:
            return False
        if self._rows[self._index][self._giver].phase is not MotionPhase.APPROACH:
            return False
        T, T_before = self.world.object_pose(self.world.scene.target), given.T_base_object
        moved = float(np.linalg.norm(T[:3, 3] - T_before[:3, 3]))
        if self._near_grasp(observation):
            return moved > PUSHED
        return moved > MOVED or Rotation.from_matrix(T[:3, :3].T @ T_before[:3, :3]).magnitude() > TURNED

    def _give(self, observation: Observation) -> list[Row] | None:
        here = self._here(observation)
        given = self._giving.plan(self._joints(here), self._failed)
        if given is None and self._failed:
            given = self._giving.plan(self._joints(here), ())
        self._grasped += 1
        if given is None or self._grasped > TRIES:
            self.explanation = "no grasp from which the other hand can take it"
            return None
        self._stage, self._given = Stage.GIVE, given
        self._height = float(given.T_base_object[2, 3])
        giver, taker, grasp = self._giver, self._taker, given.grasp
        full = self.planner.hands[taker].gripper.width_max
        opened = {giver: grasp.opening, taker: full}
        rows = self.planner.rows(given.way + given.reach, opened, MotionPhase.APPROACH)
        rows += self._closing(given.reach[-1], giver, grasp.opening, grasp.width, opened)
        return rows + self.planner.rows(given.up, {**opened, giver: 0.0}, MotionPhase.LIFT)

    def _give_again(self, observation: Observation) -> list[Row] | None:
        """Back out where the hand is near, and plan another grasp from there."""
        given = self._given
        if given is None:
            return self._give(observation)
        self._failed.append((self._giver, given.T_object_grasp))
        if not self._near_grasp(observation):
            return self._give(observation)
        self._stage = Stage.BEGIN
        return self._back_out(observation, self._giver)

    def _meet(self, observation: Observation) -> list[Row] | None:
        here, giver = self._here(observation), self._giver
        self._meetings += 1
        meeting = None
        if self._meetings <= MEETINGS:
            width = self.codec.width(observation, giver)
            meetings, T_ee_object = self._chosen.meetings, self._in_hand(giver)
            meeting = meetings.plan(self._joints(here), T_ee_object, width, failed=self._stayed)
        if meeting is None:
            return self._lay_back(observation)
        self._stage, self._met = Stage.MEET, meeting
        opened = {giver: 0.0, self._taker: meeting.grasp.opening}
        return self.planner.rows(meeting.way, opened, MotionPhase.CARRY)

    def _lay_back(self, observation: Observation) -> list[Row] | None:
        """Put the thing back where it was grasped, and let go: another grasp may do."""
        given, planner, giver = self._chosen, self.planner, self._giver
        q, widths = self._joints(self._here(observation)), self._open_but(observation, giver)
        held = Situation(widths, self.world.scene.target, giver, self._in_hand(giver))
        way = planner.way(q, given.up[-1], held) if self._grasped < TRIES else None
        down = None if way is None else planner.slide(giver, way[-1], given.grasp.T_base_grasp, DOWN_SPEED)
        if way is None or down is None:
            self.explanation = "no way for both hands to hold it"
            return None
        self._failed.append((giver, given.T_object_grasp))
        self._stage, self._stayed = Stage.BEGIN, []
        rows = planner.rows(way, {**widths, giver: 0.0}, MotionPhase.CARRY)
        rows += planner.rows(down, {**widths, giver: 0.0}, MotionPhase.LOWER)
        return rows + self._open_and_back(down[-1], widths, giver)

    def _take(self, observation: Observation) -> list[Row] | None:
        """Have the other hand go straight in, to where the thing is by now: what is held by an end turns a little."""
        giver, taker, meeting = self._giver, self._taker, self._met
        if meeting is None:
            return self._meet(observation)
        q, width = self._joints(self._here(observation)), self.codec.width(observation, giver)
        reach = self._chosen.meetings.reach(q, self._in_hand(giver), width, meeting)
        if reach is None:
            return self._meet(observation)
        self._stage, opened = Stage.TAKE, {giver: 0.0, taker: meeting.grasp.opening}
        rows = self.planner.rows(reach, opened, MotionPhase.APPROACH)
        rows += self._closing(reach[-1], taker, meeting.grasp.opening, meeting.grasp.width, opened)
        return rows + [rows[-1]] * math.ceil(SECURE_S / self.motion.period)

    def _part(self, observation: Observation) -> list[Row] | None:
        """Let the giving hand open and back out past the end, slowly: the other hand is beside it."""
        self._stage = Stage.PART
        giver, taker, target = self._giver, self._taker, self.world.scene.target
        q, T_object = self._joints(self._here(observation)), self.world.object_pose(target)
        T_object_give, full = np.linalg.inv(self._in_hand(giver)), self.planner.hands[giver].gripper.width_max
        careful = self._wide(observation, giver, self._chosen.grasp.opening)
        for opening, touching in ((careful, ()), (full, (giver,))):  # the last resort may brush against the thing
            widths = {giver: opening, taker: self.codec.width(observation, taker)}
            taken = Situation(widths, target, taker, self._in_hand(taker), touching)
            back = self._chosen.meetings.parting(q, T_object, T_object_give, taken)
            if back is not None:
                told = {giver: opening, taker: 0.0}
                opened = self.planner.rows([q], told, MotionPhase.RELEASE) * self._opening_time(opening)
                return opened + self.planner.rows(back, told, MotionPhase.RETREAT)
        if self._met is None or len(self._stayed) == TRIES:
            self.explanation = "no way back from the meeting"
            return None
        self._stayed.append(self._met.T_object_grasp)
        self._stage = Stage.GIVE  # the taking hand lets go again, and another meeting is looked for
        return self._back_out(observation, taker)

    def _place(self, observation: Observation) -> list[Row] | None:
        self._stage = Stage.PLACE
        planner, giver, taker = self.planner, self._giver, self._taker
        q = self._joints(self._here(observation))
        laying = self._laying.plan(q, taker, giver, self._in_hand(taker), self.codec.width(observation, taker))
        if laying is None:
            self.explanation = "no reachable way to put it down"
            return None
        full = {name: hand.gripper.width_max for name, hand in planner.hands.items()}
        rows = planner.rows(laying.way, {**full, taker: 0.0}, MotionPhase.CARRY)
        rows += planner.rows(laying.down, {**full, taker: 0.0}, MotionPhase.LOWER)
        rows += [rows[-1]] * math.ceil(SETTLE_S / self.motion.period)
        end = laying.down[-1]
        opening = self._wide(observation, taker, 0.0 if self._met is None else self._met.grasp.opening)
        rows += planner.rows([end], {**full, taker: opening}, MotionPhase.RELEASE) * self._opening_time(opening)
        back = self._away(end, taker, {**full, taker: opening})
        rows += planner.rows(back, {**full, taker: opening}, MotionPhase.RETREAT)
        return rows + [planner.rows([back[-1] if back else end], full, MotionPhase.RETREAT)[0]] * 3

    def _leave(self, observation: Observation) -> list[Row]:
        """Go home with both arms; where what lies there is too near for that, up first."""
        self._stage, planner = Stage.LEAVE, self.planner
        q = self._joints(self._here(observation))
        full = {name: hand.gripper.width_max for name, hand in planner.hands.items()}
        way = planner.way(q, planner.home, Situation(full))
        if way is None:
            away = self._away(q, self._taker, full, upwards=True) or [q]
            way = away + (planner.way(away[-1], planner.home, Situation(full, ignored=self.world.object_names)) or [])
        return planner.rows(way, full, MotionPhase.RETREAT)

    # -- what they share -----------------------------------------------------------------------------------------------
    @property
    def _chosen(self) -> Giving:
        if self._given is None:
            raise RuntimeError("nothing has been grasped yet")
        return self._given

    @property
    def _giver(self) -> str:
        return self._chosen.meetings.giver

    @property
    def _taker(self) -> str:
        return self._chosen.meetings.taker

    def _joints(self, here: Row) -> np.ndarray:
        return self.planner.joined({arm: step.q for arm, step in here.items()})

    def _in_hand(self, arm: str) -> np.ndarray:
        """Return T_ee_object (4, 4) of the thing in a hand, as it is now."""
        return np.linalg.inv(self.world.tool_pose(arm)) @ self.world.object_pose(self.world.scene.target)

    def _closing(self, q: np.ndarray, arm: str, opening: float, width: float, widths: Mapping[str, float]) -> list[Row]:
        """Return a moment to arrive at q (N,), then the closing of a hand onto something `width` [m] wide."""
        steps = close(np.eye(4), opening, width, self.motion)
        return [self.planner.rows([q], {**widths, arm: step.width}, step.phase)[0] for step in steps]

    def _back_out(self, observation: Observation, arm: str) -> list[Row]:
        """Return how a hand opens and goes back along its tool's axis, as far as it gets."""
        here = self._here(observation)
        return self._open_and_back(self._joints(here), {name: step.width for name, step in here.items()}, arm)

    def _open_and_back(self, q: np.ndarray, widths: Mapping[str, float], arm: str) -> list[Row]:
        """Return the same from q (N,), the grippers `widths` [m] open before."""
        opening = self.planner.hands[arm].gripper.width_max
        widths = {**widths, arm: opening}
        rows = self.planner.rows([q], widths, MotionPhase.RELEASE) * self._opening_time(opening)
        return rows + self.planner.rows(self._away(q, arm, widths), widths, MotionPhase.RETREAT)

    def _away(self, q: np.ndarray, arm: str, widths: Mapping[str, float], upwards: bool = False) -> list[np.ndarray]:
        """Return how an open hand gets away from what lies there, as far as it gets: back, or `upwards`, else between.

        It may brush against things.
        """
        hand, ignored = self.planner.hands[arm], Situation(widths, ignored=self.world.object_names)
        T_here, up = hand.model.forward(q[hand.part]), np.array([0.0, 0.0, 1.0])
        back = -T_here[:3, 2]
        furthest, longest = [], 0.0
        for way in (up, back, up + back) if upwards else (back, up + back, up):
            T_away = T_here.copy()
            T_away[:3, 3] += self.motion.retreat_m * way / np.linalg.norm(way)
            rows = self.planner.slide(arm, q, T_away, SPEED, ignored, partly=True) or [q]
            gone = float(np.linalg.norm(hand.model.forward(rows[-1][hand.part])[:3, 3] - T_here[:3, 3]))
            if gone > longest:
                furthest, longest = rows, gone
            if gone > FAR_ENOUGH * self.motion.retreat_m:
                break
        return furthest

    def _open_but(self, observation: Observation, holder: str) -> dict[str, float]:
        """Return how wide the grippers are [m] while one holds the thing and the other is open."""
        full = {name: hand.gripper.width_max for name, hand in self.planner.hands.items()}
        return {**full, holder: self.codec.width(observation, holder)}

    def _wide(self, observation: Observation, arm: str, planned: float) -> float:
        """Return how wide a hand that lets go opens [m]: as wide as it came, or a little wider than what it holds."""
        wide = max(planned, self.codec.width(observation, arm) + PLAY / 3.0)
        return min(wide if planned else wide + PLAY, self.planner.hands[arm].gripper.width_max)

    def _opening_time(self, opening: float) -> int:
        """Return how many rows a hand takes to let go."""
        return max(1, math.ceil(0.5 * opening / self.motion.gripper_speed / self.motion.period))

    def _near_grasp(self, observation: Observation) -> bool:
        T = observation.state.arms[self._giver].T_base_ee
        return bool(np.linalg.norm(T[:3, 3] - self._chosen.grasp.T_base_grasp[:3, 3]) < NEAR)

    def _lifted(self, observation: Observation) -> bool:
        up = self.world.object_pose(self.world.scene.target)[2, 3] - self._height
        return up >= LIFTED - 0.02 and self._holds(observation, self._giver)

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
