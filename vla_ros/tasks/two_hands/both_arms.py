# SPDX-License-Identifier: Apache-2.0
"""The two arms that hold grippers, from left to right, and how each comes to something and goes home from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, straight
from vla_ros.sim.world import World
from vla_ros.tasks.two_hands.arm_planning import ArmPlanner
from vla_ros.tasks.two_hands.pair_codec import JointStep

ABOVE = 0.10  # [m] higher than where they begin and end the hands come and go


class BothArms:
    """A planner for each of the two, each of which minds the other."""

    def __init__(self, world: World, models: Mapping[str, ArmModel], motion: ExpertMotionConfig) -> None:
        """`models` are the robot's arms by name."""
        self.motion = motion
        self.grippers = sorted(world.embodiment.grippers, key=lambda one: -float(world.tool_pose(one.arm)[1, 3]))[:2]
        self.names = (self.grippers[0].arm, self.grippers[1].arm)
        self.planners = tuple(
            ArmPlanner(world, models[arm], other, motion) for arm, other in (self.names, self.names[::-1])
        )

    def come(
        self, side: int, T_beside: np.ndarray, opening: float, q_start: np.ndarray, q_near: np.ndarray
    ) -> list[JointStep] | None:
        """Return an arm's way to a tool pose (4, 4), from above, in the posture near q; None: there is none clean."""
        planner, motion = self.planners[side], self.motion
        q_beside = planner.posture_at(T_beside, q_near, starts=1)
        if q_beside is None:
            return None
        for above in (ABOVE, 0.5 * ABOVE, 0.0):
            T_over = moved(T_beside, np.array([0.0, 0.0, above]))
            q_over = planner.posture_at(T_over, q_beside, starts=1)
            if q_over is None:
                continue
            across = planner.joint_way(q_start, q_over, opening, MotionPhase.APPROACH)
            down = straight(T_over, T_beside, opening, MotionPhase.APPROACH, motion.lift_speed, motion) if above else []
            found = planner.follow([*across, *down], q_start)
            if found is not None:
                return found
        return None

    def leave(self, side: int, off: Sequence[Step], q_start: np.ndarray) -> list[JointStep] | None:
        """Return an arm's way along `off`, which may touch objects, and home; None: there is none clean."""
        planner = self.planners[side]
        leaving = planner.follow(off, q_start, clean=False)
        if leaving is None:
            return None
        for above in (0.0, 0.5 * ABOVE, ABOVE):
            up: list[JointStep] = []
            q = leaving[-1].q
            if above:
                q_up = planner.posture_at(moved(leaving[-1].T_base_ee, np.array([0.0, 0.0, above])), q, starts=1)
                if q_up is None:
                    continue
                up = planner.joint_way(q, q_up, planner.width_max, MotionPhase.RETREAT)
                q = q_up
            found = planner.follow([*up, *planner.home(q, planner.width_max)], leaving[-1].q)
            if found is not None:
                return [*leaving, *found]
        return None

    def together(
        self, ways: tuple[Sequence[JointStep], Sequence[JointStep]]
    ) -> list[dict[str, Sequence[JointStep]]] | None:
        """Return the parts in which both arms go their ways: at once where they keep apart, else one after the other.

        None: one would come too near the other even then.
        """
        if self.planners[0].clear_of(*ways):
            return [dict(zip(self.names, ways, strict=True))]
        for first, second in ((0, 1), (1, 0)):
            waits, has_gone = [ways[second][0]], [ways[first][-1]]
            if self.planners[first].clear_of(ways[first], waits) and self.planners[second].clear_of(
                ways[second], has_gone
            ):
                return [{self.names[first]: ways[first]}, {self.names[second]: ways[second]}]
        return None


def moved(T: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Return a pose (4, 4) moved by a shift (3,) [m]."""
    there = T.copy()
    there[:3, 3] += shift
    return there
