# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of bussing: one thing after the other, by the hand with the shorter way.

While the base stands, a hand is moved by tool poses; while it drives, arms are by joints, which mean the same anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.actions.single_arm import PERIOD_S
from vla_ros.policies.capabilities.refusals import Answer, Refusals
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, minimum_jerk
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.world import World
from vla_ros.tasks.bussing.driving import Drive
from vla_ros.tasks.bussing.hand import BussingHand
from vla_ros.tasks.bussing.requests import BussingRequest, meant, scene_requests
from vla_ros.tasks.bussing.stances import Stance, stance_before, stances
from vla_ros.tasks.placing.planning import Site, site_at
from vla_ros.tasks.placing.receptacles import Body
from vla_ros.tasks.two_hands.pair_codec import JointStep, PairCodec
from vla_ros.tasks.two_hands.script import RowPlayer
from vla_ros.tasks.two_hands.ways import Row, side_by_side

RETREAT_M = 0.14  # [m] up from a receptacle before the arm folds
FOLD_SHARE = 0.25  # of the joints' speed limits at the fastest point
ROWS = 40  # of a chunk that drives
OVERDUE_S = 12.0  # [s] a drive is over, wherever the base has come to
STANCES = 6  # that are tried for a thing before another one's turn
ROUNDS = 2  # that each thing gets its turn
PLACES = 5  # stances that are tried to put a thing down
FALLEN = 0.10  # [m] below the table: out of reach


class Stage(Enum):
    """What is under way."""

    CHOOSE = "choose"
    TO_THING = "to thing"  # the base drives, the arms fold
    GRASP = "grasp"
    TO_RECEPTACLE = "to receptacle"  # the base drives with the thing lifted
    PLACE = "place"
    DONE = "done"


class BussingExpert(RowPlayer):
    """Clear what is asked for; whatever slips or falls back onto the table gets another turn."""

    def __init__(self, world: World, models: Mapping[str, ArmModel]) -> None:
        arms = [gripper.arm for gripper in world.embodiment.grippers if gripper.arm in models]
        super().__init__(world, models, arms, ExpertMotionConfig(period=PERIOD_S, retreat_m=RETREAT_M))
        self.codec = PairCodec(world.embodiment, arms, PERIOD_S, ROWS, base=True)
        base = world.embodiment.base
        assert base is not None  # the task has looked
        self._config = base
        self._own = scene_requests(world.scene)
        catalogue = load_catalogue()
        self._objects = [SceneObject.of(placed, catalogue) for placed in world.scene.objects]
        self._bodies = {placed.name: Body.of(placed.model) for placed in world.scene.objects}
        self._sites = {goal: site_at(world, goal) for one in self._own for goal in one.goals.values()}
        # What a demonstration of errors makes of a hand that begins with a thing.
        self.hand_chosen: Callable[[BussingHand], None] = lambda hand: None
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._stage = Stage.CHOOSE
        self._hand: BussingHand | None = None  # that works
        self._instruction: str | None = None
        self._goals: dict[str, str] = {}
        self._tried: dict[str, int] = {}  # thing → stances tried
        self._stance: Stance | None = None
        self._ways: Iterator[Stance] = iter(())  # further stances to put down what is held
        self._way: Drive | None = None  # of the base
        self._refusals = Refusals()  # of chunks that are no hand's: a hand counts its own
        self._hands_chunk = False  # the last chunk was the hand's

    @property
    def hand(self) -> BussingHand | None:
        """Return the hand that is at work with a thing now, while the base stands."""
        return self._hand if self._stage in (Stage.GRASP, Stage.PLACE) else None

    def chunk_refused(self, reason: str) -> None:
        """Take why control refused the last chunk: nothing of it is done."""
        if self._hands_chunk and self._hand is not None:
            self._hand.chunk_refused(reason)
        else:
            self._sent = 0
            self._refusals.hear(reason)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next actions of the hand that works, or of the base and the arms that fold."""
        if observation.instruction != self._instruction:
            self._instruct(observation.instruction)
        answer = self._refusals.answer()
        if answer is Answer.GIVE_UP:
            return self._give_up(observation)
        if answer is Answer.PLAN_AGAIN:
            self._begin_again(observation)
        self._hands_chunk = False
        for _ in range(len(Stage)):
            chunk = self._act(observation)
            if chunk is not None:
                return chunk
        return self._rest(observation)

    def _instruct(self, instruction: str) -> None:
        """Take another request; what is held is still put down where it was to go."""
        self._instruction, self.explanation = instruction, ""
        requests: Sequence[BussingRequest] = meant(instruction, self._objects, {}, self._own)
        self._goals = {name: goal for request in requests for name, goal in request.goals.items()}
        self._tried = dict.fromkeys(self._goals, 0)  # thing → stances tried
        if self._stage is Stage.DONE:
            self._stage = Stage.CHOOSE

    def _act(self, observation: Observation) -> ActionChunk | None:
        """Return the actions of the stage; None where it is over and the next one acts."""
        if self._stage is Stage.CHOOSE:
            self._choose(observation)
            return None
        if self._stage is Stage.DONE:
            if not self._open():
                return self._rest(observation)
            self._stage = Stage.CHOOSE  # something has rolled out of its receptacle
            return None
        if self._stage in (Stage.TO_THING, Stage.TO_RECEPTACLE):
            return self._drive(observation)
        return self._work(observation)

    # -- which thing ---------------------------------------------------------------------------------------------------
    def _choose(self, observation: Observation) -> None:
        """Choose a thing, a hand and a stance by the way that the base drives, or see that nothing is left."""
        base, open_things = _base(observation), self._open()
        self._hand = None
        if not open_things:
            self._stage, self.explanation = Stage.DONE, self._why()
            self._fold(observation)
            return
        turns = min(self._tried[name] // STANCES for name in open_things)
        ways = {name: self._stance_for(name, base) for name in open_things if self._tried[name] // STANCES == turns}
        name = min(ways, key=lambda one: self._length(one, ways[one], base))
        self._stance = ways[name]
        self._tried[name] += 1
        model = self.models[self._stance.arm]
        self._hand = BussingHand(self.world, model, self.motion, name, self._goals[name])
        self.hand_chosen(self._hand)
        self._begin_drive(observation, Stage.TO_THING)

    def _left(self) -> list[str]:
        """Name the things that are not where they are to go."""
        return [name for name in self._goals if not self._there(name)]

    def _open(self) -> list[str]:
        """Name those of them that are on the table and may be tried again."""
        return [n for n in self._left() if not self._fallen(n) and self._tried[n] < ROUNDS * STANCES]

    def _why(self) -> str:
        """Say why not everything is where it is to go; "" where it is."""
        if not self._goals:
            return "what is named is not there"
        names = ", ".join(name.replace("_", " ") for name in self._left())
        return f"no way for {names}" if names else ""

    def _stance_for(self, name: str, base: np.ndarray) -> Stance:
        """Return the stance that is to be tried next for a thing: by turns of the arms, the shorter way first."""
        place, number, arms = self._middle(name), self._tried[name] % STANCES, self.codec.arms
        found = []
        for arm in arms:
            ways = list(stances(self.world.embodiment.arm(arm), place, base))
            found.append(ways[min(number // len(arms), len(ways) - 1)])
        found.sort(key=lambda stance: self._length(name, stance, base))
        return found[number % len(arms)]

    def _length(self, name: str, stance: Stance, base: np.ndarray) -> float:
        """Return how far the base drives [m] to take a thing at a stance and to bring it where it is to go."""
        goal = stance_before(self.world.embodiment.arm(stance.arm), self._middle(self._goals[name]))
        return stance.away(base) + goal.away(np.array([stance.x, stance.y]))

    def _there(self, name: str) -> bool:
        site = self._site(name)
        T_goal, T = self.world.object_pose(self._goals[name]), self.world.object_pose(name)
        return site.receptacle.supports(T_goal, self._bodies[name], T)

    def _site(self, name: str) -> Site:
        goal = self._goals[name]
        if goal not in self._sites:
            self._sites[goal] = site_at(self.world, goal)
        return self._sites[goal]

    def _fallen(self, name: str) -> bool:
        return bool(self.world.object_pose(name)[2, 3] < self.world.scene.table.height - FALLEN)

    def _middle(self, name: str) -> np.ndarray:
        """Return where an object's middle is (2,) [m], in the frame of odometry."""
        return self._bodies[name].middle(self.world.in_odom(self.world.object_pose(name)))[:2]

    # -- driving -------------------------------------------------------------------------------------------------------
    def _begin_drive(self, observation: Observation, stage: Stage) -> None:
        assert self._stance is not None
        goal, self._stage = np.array([self._stance.x, self._stance.y]), stage
        self._way = Drive(self._config, self.motion.period, observation.stamp, _base(observation), goal)
        if stage is Stage.TO_THING:
            self._fold(observation)
        else:
            self._rows, self._index, self._sent = [], 0, 0

    def _begin_again(self, observation: Observation) -> None:
        """Begin anew, from where the robot is, what is no hand's: the way of the base, or that home."""
        if self._stage in (Stage.TO_THING, Stage.TO_RECEPTACLE):
            self._begin_drive(observation, self._stage)
        elif self._stage is Stage.DONE:
            self._fold(observation)

    def _fold(self, observation: Observation) -> None:
        """Begin the way home of all arms, by their joints."""
        here, ways = self._here(observation), {}
        for arm in self.codec.arms:
            group = self.world.embodiment.arm(arm)
            full = self.world.embodiment.gripper_on(arm).width_max
            span = group.home - here[arm].q
            seconds = 1.875 * float((np.abs(span) / group.velocity).max()) / FOLD_SHARE
            if np.abs(span).max() < 0.02:
                continue
            ways[arm] = [
                JointStep(here[arm].T_base_ee, full, MotionPhase.RETREAT, here[arm].q + share * span)
                for share in minimum_jerk(seconds, self.motion.period)
            ]
        self._rows, self._index, self._sent = side_by_side(ways, here), 0, 0

    def _drive(self, observation: Observation) -> ActionChunk | None:
        self._advance(observation)
        base, way = observation.state.base, self._way
        assert base is not None
        assert way is not None
        folded = self._index >= len(self._rows)
        overdue = observation.stamp - way.began > OVERDUE_S
        if folded and (overdue or way.there(base.T_odom_base, base.twist)):
            self._stage = Stage.GRASP if self._stage is Stage.TO_THING else Stage.PLACE
            return None
        if self._stage is Stage.TO_RECEPTACLE and self._lost(observation):
            self._stage = Stage.CHOOSE
            return None
        driven = way.velocities(observation.stamp, base.T_odom_base, ROWS)
        return self._send(observation, driven, TaskStatus.ONGOING)

    def _send(self, observation: Observation, driven: np.ndarray, status: TaskStatus) -> ActionChunk:
        """Return a chunk of what is left of the arms' rows and of the base's velocities (H, 3)."""
        rows: list[Row] = list(self._rows[self._index : self._index + ROWS])
        self._sent = len(rows)
        if not self._rows:  # stay where the arms are told to be now
            self._rows, self._index = [self._here(observation)], 1
        rows = rows or [self._rows[-1]]
        count = max(len(rows), len(driven), 4)
        rows += [rows[-1]] * (count - len(rows))
        driven = np.vstack([driven, np.zeros((count - len(driven), 3))])
        self._sequence += 1
        return self.codec.chunk(observation, rows, status, self._sequence, driven)

    def _rest(self, observation: Observation) -> ActionChunk:
        """Return the rest of the way home; then that it is done, or that there is nothing to do."""
        self._advance(observation)
        if self._index < len(self._rows):
            return self._send(observation, np.zeros((1, 3)), TaskStatus.ONGOING)
        done = bool(self._goals) and not self.explanation
        return self._send(observation, np.zeros((1, 3)), TaskStatus.TERMINATED if done else TaskStatus.INVALID)

    def _give_up(self, observation: Observation) -> ActionChunk:
        """Say that control takes nothing: nothing of the chunk is done, and what is tried next begins from here."""
        self.explanation = self._refusals.explanation
        chunk = self._send(observation, np.zeros((1, 3)), TaskStatus.INVALID)
        self._sent = 0
        return chunk

    # -- a hand at work ------------------------------------------------------------------------------------------------
    def _work(self, observation: Observation) -> ActionChunk | None:
        hand = self._hand
        assert hand is not None
        if self._stage is Stage.GRASP and hand.lifted:
            self._bring(observation, hand)
            return None
        if (
            hand.placed
        ):  # in stage GRASP as well: of a way up that control refused the rest was to put it down from there
            self._stage = Stage.CHOOSE
            return None
        chunk = hand.infer(observation)
        gave_up = hand.stuck or chunk.status is TaskStatus.INVALID
        if not gave_up and not (self._stage is Stage.PLACE and not hand.grasped):
            self._hands_chunk = True
            return chunk
        if self._stage is Stage.PLACE and not self._lost(observation):
            self._next_place(observation, hand)
        else:
            self._stage = Stage.CHOOSE
        return None

    def _bring(self, observation: Observation, hand: BussingHand) -> None:
        """Begin to bring what is held to its receptacle."""
        if self._lost(observation):
            self._stage = Stage.CHOOSE
            return
        group = self.world.embodiment.arm(hand.codec.arm)
        self._ways = iter(list(stances(group, self._middle(hand.goal), _base(observation)))[:PLACES])
        self._stance = next(self._ways)
        hand.arrived = True
        self._begin_drive(observation, Stage.TO_RECEPTACLE)

    def _next_place(self, observation: Observation, hand: BussingHand) -> None:
        """Try to put down what is held from another stance; after the last one let go of it where it is."""
        stance = next(self._ways, None)
        if stance is None:
            self._stage = Stage.CHOOSE
            return
        hand.hold_on()
        self._stance = stance
        self._begin_drive(observation, Stage.TO_RECEPTACLE)

    def _lost(self, observation: Observation) -> bool:
        hand = self._hand
        return hand is not None and hand.lost(self.codec.width(observation, hand.codec.arm))


def _base(observation: Observation) -> np.ndarray:
    """Return where the base is (2,) [m], in the frame of odometry."""
    base = observation.state.base
    assert base is not None
    return base.T_odom_base[:2, 3]
