# SPDX-License-Identifier: Apache-2.0
"""Plans of one arm that mind the other: where that stands, or would stand, and how near the two come."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from vla_ros.robots.control import load_control_config
from vla_ros.robots.groups import ArmGroup
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, minimum_jerk
from vla_ros.sim.world import World
from vla_ros.tasks.placing.motion import lower
from vla_ros.tasks.placing.planning import PlacementPlanner, Site
from vla_ros.tasks.two_hands.apart import APART, LOOKED_AT, ArmsApart, too_fast
from vla_ros.tasks.two_hands.pair_codec import JointStep

SINGULAR_SHARE = 0.9  # of the condition number from which on control slows an arm down that is moved by poses
SWING_SHARE = 0.2  # of the joints' speed limits at the fastest point
SAME_POSTURE = 0.1  # [rad]
STRIDE_SHARE = 0.7  # of the joints' speed limits between two steps


class ArmPlanner(PlacementPlanner):
    """Plan for one arm of two, in the state of the world or in one that is supposed."""

    JOINT_MARGIN = 0.05  # [rad] short arms work near their limits; the controller pushes back a little there

    def __init__(self, world: World, arm: ArmModel, other: str, motion: ExpertMotionConfig) -> None:
        """`other` is the name of the other arm."""
        super().__init__(world, arm, motion)
        group = world.embodiment.arm(other)
        self._other_qpos = [world.model.joint(name).qposadr[0] for name in group.joints]
        self._apart = ArmsApart(world.model, self._group, group, world.embodiment.base_frame)
        self._others[self._apart.other] = True  # what that touches is not this arm's affair; the two are kept apart
        self._condition_max = SINGULAR_SHARE * load_control_config(world.embodiment.source).kinematics.singular_slow
        self._longest = STRIDE_SHARE * self._group.velocity * motion.period  # (N,) [rad] a step
        self._by_joints = False  # the way that is looked at is one of joints: singularities do not matter
        self._supposed_q: np.ndarray | None = None  # (N,) [rad] of the other arm
        self._supposed: dict[str, np.ndarray] = {}  # T_base_object (4, 4) by object

    @property
    def group(self) -> ArmGroup:
        """Return the arm that is planned for."""
        return self._group

    @property
    def width_max(self) -> float:
        """Return how wide its gripper opens [m]."""
        return self._gripper.width_max

    @contextmanager
    def suppose(
        self, q_other: np.ndarray | None = None, objects: Mapping[str, np.ndarray] | None = None
    ) -> Iterator[None]:
        """Plan as though the other arm stood at q (N,) [rad] and some objects at poses (4, 4)."""
        before = self._supposed_q, self._supposed
        self._supposed_q, self._supposed = q_other, dict(objects or {})
        self._stand()
        try:
            yield
        finally:
            self._supposed_q, self._supposed = before
            self._stand()

    def stands(
        self, T_base_ee: np.ndarray, opening: float, q_near: np.ndarray, free: Sequence[str] = ()
    ) -> np.ndarray | None:
        """Return joints (N,) [rad] near q at which the tool is there and nothing is touched but `free`; else None."""
        q = self.posture_at(T_base_ee, q_near, starts=1)
        self._by_joints = True
        touched = set() if q is None else self._touched(q, opening)
        self._by_joints = False
        return None if touched - set(free) else q

    def posture_at(self, T_base_ee: np.ndarray, q_near: np.ndarray, starts: int = 2) -> np.ndarray | None:
        """Return joints (N,) [rad] near q at which the tool is there, whatever is touched; None: there are none."""
        q = solve_ik(self.arm, T_base_ee, q_near, q_rest=self._rest, starts=starts)
        return None if q is None or self._margin(q) < self.JOINT_MARGIN else q

    def told(self, T_base_ee: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Return the joints (N,) [rad] that an arm is told whose tool is told to be there, measured at q."""
        told = solve_ik(self.arm, T_base_ee, q, q_rest=q, starts=1)
        return q if told is None else told

    def follow(
        self, steps: Sequence[Step], q_start: np.ndarray, clean: bool = True, blind: bool = False
    ) -> list[JointStep] | None:
        """Return a way with the joints of every step; None where the arm cannot go, or something is touched.

        `clean`: the scene's objects count as well. `blind`: nothing counts, for who must get away.
        """
        found: list[JointStep] = []
        q, before = np.asarray(q_start, dtype=float), None
        gap, looked = self._gap(q, steps[0].width), -1
        allowed = min(self.JOINT_MARGIN, 0.5 * self._margin(q))  # an arm too near a limit already may leave it
        for number, step in enumerate(steps):
            if isinstance(step, JointStep):
                q_next = step.q
            elif before is not None and step.T_base_ee is before.T_base_ee:
                q_next = q
            else:
                reached = solve_ik(self.arm, step.T_base_ee, q, q_rest=self._rest, starts=1)
                if reached is None:
                    return found if blind and found else None
                q_next = reached
            still = before is not None and np.array_equal(q_next, q)
            hurried = (np.abs(q_next - q) > self._longest).any() or self._margin(q_next) < allowed
            if hurried and not blind:
                return None
            q, before = q_next, step
            found.append(JointStep(step.T_base_ee, step.width, step.phase, q))
            if still or blind or not (number % 2 or number == len(steps) - 1):
                continue
            touched = self._touched_anything(q, step.width)
            if touched if clean else touched - set(self.world.object_names):
                return None
            gap_before, gap = gap, self._apart.gap(self._scratch, LOOKED_AT)
            if too_fast(gap_before, gap, (number - looked) * self.motion.period):
                return None
            looked = number
        return found

    def _gap(self, q: np.ndarray, opening: float) -> float:
        self._touched_anything(q, opening)
        return self._apart.gap(self._scratch, LOOKED_AT)

    def _touched_anything(self, q: np.ndarray, opening: float) -> set[str]:
        """Name the bodies, not of the robot, that are touched."""
        return super()._touched(q, opening)

    def swing(
        self, T_end: np.ndarray, q_start: np.ndarray, width: float, phase: MotionPhase, above: float = 0.0
    ) -> Iterator[list[JointStep]]:
        """Return ways on which every joint goes straight, for each posture found at the end; then those by way of home.

        They end `above` [m] over T_end (4, 4), in a posture that gets down to it.
        """
        T_over = T_end.copy()
        ends: list[np.ndarray] = []
        T_over[2, 3] += above
        for near in (q_start, self._rest):
            q_end = self.posture_at(T_end, near)
            q_over = None if q_end is None else self.posture_at(T_over, q_end)
            if q_over is not None and all(np.abs(q_over - other).max() > SAME_POSTURE for other in ends):
                ends.append(q_over)
        for q_over in ends:
            yield self.joint_way(q_start, q_over, width, phase)
        for q_over in ends:
            home = self.joint_way(q_start, self._rest, width, phase)
            yield home + self.joint_way(self._rest, q_over, width, phase)

    def joint_way(self, q_start: np.ndarray, q_end: np.ndarray, width: float, phase: MotionPhase) -> list[JointStep]:
        """Return the way on which every joint goes straight from q to q (N,) [rad]."""
        span = q_end - q_start
        length = float(np.linalg.norm(self.arm.forward(q_end)[:3, 3] - self.arm.forward(q_start)[:3, 3]))
        fastest = float((np.abs(span) / self._group.velocity).max()) / SWING_SHARE
        fractions = minimum_jerk(1.875 * max(fastest, length / self.motion.lift_speed), self.motion.period)
        postures = [q_start + f * span for f in fractions]
        return [JointStep(self.arm.forward(q).copy(), width, phase, q) for q in postures]

    def home(self, q_start: np.ndarray, width: float) -> list[JointStep]:
        """Return the way on which every joint goes straight home."""
        return self.joint_way(q_start, self._rest, width, MotionPhase.RETREAT)

    def put_down(
        self, held: str, goal: Site, T_start: np.ndarray, q_start: np.ndarray, width: float
    ) -> list[JointStep] | None:
        """Return the way that puts a held object into a goal, fingers closed; None where the arm finds none."""
        with self.holding(held):
            for steps in self._ways(held, goal, T_start, width):
                way = self.follow(steps, q_start)
                if way is not None:
                    return [dataclasses.replace(step, width=0.0) for step in way]
        return None

    def ways_to(self, T_start: np.ndarray, T_end: np.ndarray, above: float, width: float) -> Iterator[list[Step]]:
        """Return the straight way across, then those that swing."""
        yield from super().ways_to(T_start, T_end, above, width)
        T_over = T_end.copy()
        T_over[2, 3] += above
        down = lower(T_over, T_end, width, self.motion)
        q_start = self.told(T_start, self.world.arms[self._group.name].q)
        for way in self.swing(T_end, q_start, width, MotionPhase.CARRY, above):
            yield [*way, *down]

    def clear_of(self, own: Sequence[JointStep], others: Sequence[JointStep]) -> bool:
        """Say whether both arms keep apart that go these ways step by step, the shorter way waiting at its end."""
        self._stand()
        before = LOOKED_AT
        for index in range(max(len(own), len(others))):
            self._scratch.qpos[self._other_qpos] = others[min(index, len(others) - 1)].q
            step = own[min(index, len(own) - 1)]
            gap = self._gap(step.q, step.width)
            if index and too_fast(before, gap, self.motion.period):
                return False
            before = gap
        return True

    def _margin(self, q: np.ndarray) -> float:
        return float(np.minimum(q - self.arm.lower, self.arm.upper - q).min())

    def _stand(self) -> None:
        super()._stand()
        if self._supposed_q is not None:
            self._scratch.qpos[self._other_qpos] = self._supposed_q
        for name, T in self._supposed.items():
            self._put(name, T)

    def _put(self, name: str, T_base_object: np.ndarray) -> None:
        start = self.world.model.jnt_qposadr[self.world.model.body(name).jntadr[0]]
        T = self.world.in_odom(T_base_object)
        self._scratch.qpos[start : start + 3] = T[:3, 3]
        wxyz = np.roll(Rotation.from_matrix(T[:3, :3]).as_quat(), 1)
        self._scratch.qpos[start + 3 : start + 7] = wxyz

    def _touched(self, q: np.ndarray, opening: float) -> set[str]:
        """Name what is touched; the arm's own tool where it comes too near to the other arm or to a singularity."""
        touched = self._touched_anything(q, opening)
        singular = not self._by_joints and np.linalg.cond(self.arm.jacobian(q)) > self._condition_max
        if singular or self._apart.gap(self._scratch, APART) < APART:
            touched.add(self._group.tool_frame)
        return touched
