# SPDX-License-Identifier: Apache-2.0
"""Plans of one arm that mind the other: where that stands, or would stand, and how near the two come."""

from __future__ import annotations

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
from vla_ros.tasks.placing.planning import PlacementPlanner
from vla_ros.tasks.two_hands.apart import ArmsApart

APART = 0.020  # [m] between the arms: control keeps 15 mm, half of it on either side
SINGULAR_SHARE = 0.9  # of the condition number from which on control slows the arm down
SWING_SHARE = 0.35  # of the joints' speed limits at the fastest point
SAME_POSTURE = 0.1  # [rad]


class PairPlanner(PlacementPlanner):
    """Plan for one arm of two, in the state of the world or in one that is supposed."""

    JOINT_MARGIN = 0.05  # [rad] short arms work near their limits; the controller pushes back a little there

    def __init__(self, world: World, arm: ArmModel, other: str, motion: ExpertMotionConfig) -> None:
        """`other` is the name of the other arm."""
        super().__init__(world, arm, motion)
        group = world.embodiment.arm(other)
        self._other_qpos = [world.model.joint(name).qposadr[0] for name in group.joints]
        self._apart = ArmsApart(world.model, self._group, group)
        self._others[self._apart.second] = True  # what that touches is not this arm's affair; the two are kept apart
        self._condition_max = SINGULAR_SHARE * load_control_config(world.embodiment.source).kinematics.singular_slow
        self._supposed_q: np.ndarray | None = None  # (N,) [rad] of the other arm
        self._supposed: dict[str, np.ndarray] = {}  # T_base_object (4, 4) by object

    @contextmanager
    def suppose(self, q_other: np.ndarray | None = None, objects: Mapping[str, np.ndarray] | None = None) -> Iterator[None]:
        """Plan as though the other arm stood at q (N,) [rad] and some objects at poses (4, 4)."""
        before = self._supposed_q, self._supposed
        self._supposed_q, self._supposed = q_other, dict(objects or {})
        self._stand()
        try:
            yield
        finally:
            self._supposed_q, self._supposed = before
            self._stand()

    def stands(self, T_base_ee: np.ndarray, opening: float, q_near: np.ndarray, free: Sequence[str] = ()) -> np.ndarray | None:
        """Return joints (N,) [rad] near q at which the tool is there and nothing is touched but `free`; else None."""
        q = solve_ik(self.arm, T_base_ee, q_near, q_rest=self._rest, starts=1)
        if q is None or np.minimum(q - self.arm.lower, self.arm.upper - q).min() < self.JOINT_MARGIN:
            return None
        return None if self._touched(q, opening) - set(free) else q

    def posture_at(self, T_base_ee: np.ndarray, q_near: np.ndarray) -> np.ndarray | None:
        """Return joints (N,) [rad] near q at which the tool is there, whatever is touched; None where there are none."""
        return solve_ik(self.arm, T_base_ee, q_near, q_rest=self._rest, starts=2)

    def follow(self, steps: list[Step], q_start: np.ndarray) -> tuple[bool, float] | None:
        """Say whether nothing is touched on a way, and the least joint margin [rad]; None where the arm cannot go."""
        return self._follow(steps, q_start)

    def swing(
        self, T_start: np.ndarray, T_end: np.ndarray, q_start: np.ndarray, width: float, phase: MotionPhase
    ) -> Iterator[list[Step]]:
        """Return ways of the tool on which every joint goes straight to where it ends, for each posture found there.

        Where a straight way of the tool passes joint limits or singularities, this one does not.
        """
        q_begin = solve_ik(self.arm, T_start, q_start, q_rest=self._rest, starts=1)
        if q_begin is None:
            return
        ends: list[np.ndarray] = []
        for near in (q_begin, self._rest):
            q_end = solve_ik(self.arm, T_end, near, q_rest=self._rest, starts=2)
            if q_end is None or any(np.abs(q_end - other).max() < SAME_POSTURE for other in ends):
                continue
            ends.append(q_end)
            span, length = np.abs(q_end - q_begin), float(np.linalg.norm(T_end[:3, 3] - T_start[:3, 3]))
            fastest = float((span / self._group.velocity).max()) / SWING_SHARE
            fractions = minimum_jerk(1.875 * max(fastest, length / self.motion.lift_speed), self.motion.period)
            poses = [self.arm.forward(q_begin + f * (q_end - q_begin)).copy() for f in fractions]
            yield [*(Step(T, width, phase) for T in poses[:-1]), Step(T_end, width, phase)]

    def ways_to(self, T_start: np.ndarray, T_end: np.ndarray, above: float, width: float) -> Iterator[list[Step]]:
        """Return the straight way across, then those that swing."""
        yield from super().ways_to(T_start, T_end, above, width)
        T_over = T_end.copy()
        T_over[2, 3] += above
        down = lower(T_over, T_end, width, self.motion)
        for way in self.swing(T_start, T_over, self.world.arms[self._group.name].q, width, MotionPhase.CARRY):
            yield way + down

    @property
    def group(self) -> ArmGroup:
        """Return the arm that is planned for."""
        return self._group

    @property
    def width_max(self) -> float:
        """Return how wide its gripper opens [m]."""
        return self._gripper.width_max

    def postures(self, steps: Sequence[Step], q_start: np.ndarray) -> list[np.ndarray] | None:
        """Return joints (N,) [rad] of every step of a way; None where the arm cannot go on."""
        found, q = [], np.asarray(q_start, dtype=float)
        for step in steps:
            reached = solve_ik(self.arm, step.T_base_ee, q, q_rest=self._rest, starts=1)
            if reached is None:
                return None
            q = reached
            found.append(q)
        return found

    def clear_of(self, own: Sequence[np.ndarray], others: Sequence[np.ndarray]) -> bool:
        """Say whether both arms keep apart who go through postures (N,) [rad] step by step, the shorter way waiting."""
        for index in range(max(len(own), len(others))):
            self._scratch.qpos[self._other_qpos] = others[min(index, len(others) - 1)]
            names = self._touched(own[min(index, len(own) - 1)], self._gripper.width_max)
            if self._group.tool_frame in names:
                return False
        return True

    def _stand(self) -> None:
        super()._stand()
        if self._supposed_q is not None:
            self._scratch.qpos[self._other_qpos] = self._supposed_q
        for name, T in self._supposed.items():
            self._put(name, T)

    def _put(self, name: str, T_base_object: np.ndarray) -> None:
        start = self.world.model.jnt_qposadr[self.world.model.body(name).jntadr[0]]
        self._scratch.qpos[start : start + 3] = T_base_object[:3, 3]
        wxyz = np.roll(Rotation.from_matrix(T_base_object[:3, :3]).as_quat(), 1)
        self._scratch.qpos[start + 3 : start + 7] = wxyz

    def _touched(self, q: np.ndarray, opening: float) -> set[str]:
        """Name what is touched; the arm's own tool where it comes too near to the other arm or to a singularity."""
        touched = super()._touched(q, opening)
        if self._apart.nearer_than(self._scratch, APART) or np.linalg.cond(self.arm.jacobian(q)) > self._condition_max:
            touched.add(self._group.tool_frame)
        return touched
