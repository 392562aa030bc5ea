# SPDX-License-Identifier: Apache-2.0
"""Ways of two arms, planned as those of one body: a search over both arms' joints, and straight lines of one tool.

Shape legend: N joints of both arms, the first's and then the second's; n of one.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.many_poses import solve_many
from controllers.arm.model import ArmModel
from vla_ros.planning.collision import RobotGeometry
from vla_ros.planning.goals import PlannedArm
from vla_ros.planning.ompl_search import OmplSearch
from vla_ros.planning.problem import JointGoal, PlanningProblem
from vla_ros.planning.smoothing import Shortener, shorten
from vla_ros.planning.sweep import line_free
from vla_ros.planning.trajectory import Connector, motion_limits, polyline_trajectory
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase
from vla_ros.sim.world import World
from vla_ros.tasks.placing.motion import across
from vla_ros.tasks.two_hands.pair_checker import PairChecker, Situation
from vla_ros.tasks.two_hands.pair_codec import JointStep
from vla_ros.tasks.two_hands.ways import Row

# [m] between the links, the next where one end of a way is nearer. Control bends arms aside from 15 mm on.
APART = (0.020, 0.010, 0.006)
CLEARANCE = (0.006, 0.0)  # [m] from what stands around, likewise
JOINT_MARGIN = 0.05  # [rad] short arms work near their limits; the controller pushes back a little there
SPEED_SCALE = 0.4  # of the joints' limits
STRIDE_SHARE = 0.7  # of the joints' speed limits between two steps of a straight line
KEPT, ROOM_MIN = 0.006, 0.004  # [m] between links that control never lets pass, and the least that counts as room
AHEAD_S = 0.45  # [s] until links touch at the speed at which they near each other, at least
NOISE = 2e-4  # [m] that is no approach
STEP = 0.015  # [m] of travel between two looks along a way
SEARCH_STEP = 0.08  # [rad] along the edges of the trees
SHORTCUTS = 8
LEAVING = 4  # rows in which a hand that opens against something, the table for instance, may leave it
BUDGET_S = 1.0  # [s] of a search, of this thread's processor time: an expert on the graph plans beside others


@dataclass(frozen=True, eq=False)
class Hand(PlannedArm):
    """One of the two arms."""

    gripper: EndEffectorGroup

    @property
    def name(self) -> str:
        """Return the arm's name."""
        return self.group.name


class PairPlanner:
    """Plan for two arms at once, from where the world stands."""

    def __init__(
        self, world: World, models: Mapping[str, ArmModel], arms: Sequence[str], motion: ExpertMotionConfig
    ) -> None:
        """`models` are the robot's arms by name, `arms` the two that act."""
        self.world, self.motion = world, motion
        robot = world.embodiment
        pair = {name: models[name] for name in arms}
        geometry = _geometry(robot.source, tuple(arms), _standing(world, arms))
        self._checkers = [PairChecker(geometry, world, pair, apart) for apart in APART]
        parts = self._checkers[0].parts
        self.hands = {name: Hand(robot.arm(name), models[name], parts[name], robot.gripper_on(name)) for name in arms}
        self._limits = motion_limits([hand.group for hand in self.hands.values()], SPEED_SCALE)
        self._connector, self._search = Connector(self._limits), OmplSearch(self._limits, time.thread_time)
        self._carriers = {
            name: [world.model.joint(joint).qposadr[0] for joint in model.mount.carriers]
            for name, model in pair.items()
        }
        self.home = np.concatenate([hand.group.home for hand in self.hands.values()])  # (N,)
        self.stand()

    def stand(self) -> None:
        """Have the arms stand where what carries them is now."""
        for name, hand in self.hands.items():
            hand.model.mount.place(self.world.data.qpos[self._carriers[name]])

    def joined(self, postures: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return q (N,) of both arms, each by its name (n,)."""
        return np.concatenate([postures[name] for name in self.hands])

    def with_arm(self, q: np.ndarray, arm: str, posture: np.ndarray) -> np.ndarray:
        """Return q (N,) with one arm at another posture (n,)."""
        changed = np.array(q, dtype=float)
        changed[self.hands[arm].part] = posture
        return changed

    # -- postures ------------------------------------------------------------------------------------------------------
    def postures(self, arm: str, poses: np.ndarray, near: np.ndarray | None = None) -> np.ndarray:
        """Return for poses (B, 4, 4) joints (B, n) of an arm, from near (n,) or (B, n) or home; NaN: not found."""
        hand = self.hands[arm]
        q = solve_many(hand.model, poses, hand.group.home if near is None else near, hand.group.home)
        with np.errstate(invalid="ignore"):
            margin = np.minimum(q - hand.model.lower, hand.model.upper - q).min(axis=1)
            q[~(margin >= JOINT_MARGIN)] = np.nan
        return q

    def free(self, q: np.ndarray, situation: Situation) -> bool:
        """Say whether both arms at q (N,) keep apart and touch nothing."""
        self._checkers[0].arrange(situation)
        return self._checkers[0].free(q)

    def can_leave(self, q: np.ndarray, situation: Situation) -> bool:
        """Say whether a way may begin at q (N,): nothing is touched, links are as near as a way may end at most."""
        return self._checker_for(q, q, situation) is not None

    def why_not(self, q: np.ndarray, situation: Situation) -> str:
        """Name what is too near or touched at q (N,); "" where nothing is."""
        self._checkers[0].arrange(situation)
        return self._checkers[0].why_not(q)

    # -- ways ----------------------------------------------------------------------------------------------------------
    def way(self, start: np.ndarray, end: np.ndarray, situation: Situation, seed: int = 0) -> list[np.ndarray] | None:
        """Return how both arms go from start to end (N,), a row a period, touching nothing; None: no way was found."""
        checker = self._checker_for(start, end, situation)
        if checker is None:
            return None
        if np.abs(end - start).max() < 1e-4:
            return [end]
        corners = self._corners(checker, start, end, seed)
        motion = None if corners is None else polyline_trajectory(corners, self._connector)
        if corners is None or motion is None:
            return None
        if len(corners) > 2:
            deadline = time.thread_time() + BUDGET_S
            shortener = Shortener(checker, self._limits, self._connector, STEP, deadline, time.thread_time)
            motion = shortener.shorten(motion, np.random.default_rng(seed), SHORTCUTS)
        period = self.motion.period
        times = period * np.arange(1, max(1, int(np.ceil(motion.duration / period - 1e-9))) + 1)
        return self._unhurried(start, motion.states(np.minimum(times, motion.duration))[0])

    def slide(
        self,
        arm: str,
        q: np.ndarray,
        T_end: np.ndarray,
        speed: float,
        situation: Situation | None = None,
        partly: bool = False,
    ) -> list[np.ndarray] | None:
        """Return how one tool goes straight to T_end (4, 4) from q (N,), turning all along, a row a period.

        The other arm stays. None where the arm does not get there, or, with a `situation`, where something is touched;
        `partly`: as far as it gets, one step at least.
        """
        hand = self.hands[arm]
        T_start, posture = hand.model.forward(q[hand.part]), q[hand.part]
        longest = STRIDE_SHARE * hand.group.velocity * self.motion.period
        rows = []
        for step in across(T_start, T_end, 0.0, dataclasses.replace(self.motion, lift_speed=speed)):
            reached = solve_ik(hand.model, step.T_base_ee, posture, q_rest=posture, starts=1)
            if reached is None or (np.abs(reached - posture) > longest).any():
                if not partly:
                    return None
                break
            posture = reached
            rows.append(self.with_arm(q, arm, posture))
        if situation is not None and rows:
            rows = self._way_out(rows, situation) if partly else self._free_way(rows, situation)
        return self._unhurried(q, np.array(rows)) if rows else None

    def _free_way(self, rows: list[np.ndarray], situation: Situation) -> list[np.ndarray]:
        """Return all rows where nothing is touched along them, else none."""
        checker = self._checker_for(rows[0], rows[-1], situation)
        return rows if checker is not None and all(checker.free(row) for row in rows[::-2]) else []

    def _way_out(self, rows: list[np.ndarray], situation: Situation) -> list[np.ndarray]:
        """Return the rows up to where something is touched; what is touched at their beginning may be left."""
        for first, row in enumerate(rows[: LEAVING + 1]):
            checker = self._checker_for(row, row, situation)
            if checker is not None:
                free = [checker.free(one) for one in rows[first:]]
                return rows[: first + free.index(False)] if False in free else rows
        return []

    def _unhurried(self, start: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
        """Return rows (K, N), a period apart, with more time where links near each other faster than control lets pass.

        Control stops arms whose links would be too near within AHEAD_S: so long passes until it looks at a pair again.
        """
        checker, period = self._checkers[0], self.motion.period
        q = np.vstack([start, rows])
        distances = np.array([checker.distances(row) for row in q])  # (K + 1, P)
        nearing = np.maximum(distances[:-1] - distances[1:] - NOISE, 0.0)
        room = np.maximum(np.minimum(distances[:-1], distances[1:]) - KEPT, ROOM_MIN)
        seconds = np.maximum(period, AHEAD_S * (nearing / room).max(axis=1))  # (K,) that each step is to take
        if seconds.max() <= period:
            return list(rows)
        longest = np.max([np.roll(np.pad(seconds, 2, mode="edge"), shift) for shift in (-2, -1, 0, 1, 2)], axis=0)[2:-2]
        times = np.concatenate([[0.0], np.cumsum(longest)])
        wanted = period * np.arange(1, int(np.ceil(times[-1] / period - 1e-9)) + 1)
        return list(np.column_stack([np.interp(wanted, times, column) for column in q.T]))

    def rows(self, ways: Sequence[np.ndarray], widths: Mapping[str, float], phase: MotionPhase) -> list[Row]:
        """Return rows (N,) as steps of both arms with grippers open so wide [m]."""
        return [
            {
                name: JointStep(hand.model.forward(q[hand.part]).copy(), widths[name], phase, q[hand.part])
                for name, hand in self.hands.items()
            }
            for q in ways
        ]

    def _checker_for(self, start: np.ndarray, end: np.ndarray, situation: Situation) -> PairChecker | None:
        """Return what keeps as much distance as both ends have; None where one of them touches something."""
        for checker in self._checkers:
            for clearance in CLEARANCE:
                checker.arrange(dataclasses.replace(situation, clearance=clearance))
                if checker.free(end) and checker.free(start):
                    return checker
        return None

    def _corners(self, checker: PairChecker, start: np.ndarray, end: np.ndarray, seed: int) -> np.ndarray | None:
        if line_free(checker, start, end, STEP):
            return np.array([start, end])
        if line_free(checker, start, self.home, STEP) and line_free(checker, self.home, end, STEP):
            return shorten(checker, np.array([start, self.home, end]), STEP)
        problem = PlanningProblem(start, JointGoal(end))
        path = self._search.find_path(problem, checker, [end], seed, BUDGET_S, SEARCH_STEP)
        if path is None:
            return None
        corners = shorten(checker, path, STEP)
        return corners if all(line_free(checker, *pair, STEP) for pair in pairwise(corners)) else None


def _standing(world: World, arms: Sequence[str]) -> tuple[tuple[str, float], ...]:
    """Return where the joints are that are of neither arm [rad], [m], by name."""
    groups = [group for group in world.embodiment.driven_groups if group.name not in arms]
    joints = [joint for group in groups for joint in group.joints]
    return tuple((joint, round(float(world.data.qpos[world.model.joint(joint).qposadr[0]]), 3)) for joint in joints)


@lru_cache(maxsize=4)
def _geometry(robot: str, arms: tuple[str, str], others: tuple[tuple[str, float], ...]) -> RobotGeometry:
    """Return a robot's shapes: which pairs of them to look at takes a second to find out."""
    embodiment = load_embodiment(robot)
    return RobotGeometry(embodiment, [embodiment.arm(name) for name in arms], dict(others))
