# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of placing: grasping's, which then carries what it holds to where it is to go and lets go."""

from __future__ import annotations

import dataclasses
from functools import cached_property

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.policies.actions.single_arm import SingleArmObservation
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import EMPTY, ExpertPolicy
from vla_ros.tasks.placing.motion import let_go
from vla_ros.tasks.placing.planning import PlacementPlanner, Site, site_at
from vla_ros.tasks.placing.receptacles import Body

SLIPPED = 0.05  # [m] that the object has moved in the hand: it is no longer held
WITH_IT = (MotionPhase.CARRY, MotionPhase.LOWER)


class PlacingExpert(ExpertPolicy):
    """Grasp, lift, carry, lower, let go; what is lost on the way is grasped again."""

    def __init__(
        self,
        world: World,
        arm: ArmModel,
        motion: ExpertMotionConfig | None = None,
        target: str = "",
        goal: str = "",
    ) -> None:
        """`target` is what it puts, `goal` where; "": the scene's."""
        self.goal = goal or world.scene.goal
        super().__init__(world, arm, motion, target=target)
        self.placements = PlacementPlanner(world, arm, self.motion)
        self._body = Body.of(next(one.model for one in world.scene.objects if one.name == self.target))

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._placing = False  # the plan is one that puts down
        self._T_ee_object = np.eye(4)  # when that plan was made

    def site(self) -> Site:
        """Return where the object is to go, as that stands now."""
        return dataclasses.replace(self._first_site, T_base_site=self.world.object_pose(self.goal))

    @cached_property
    def _first_site(self) -> Site:
        return site_at(self.world, self.goal)

    def plan_anew(self, target: str | None = None, back_out: bool = True) -> None:
        """Drop the plan, whichever it is: the next look begins with a grasp."""
        self._placing = False
        super().plan_anew(target, back_out)

    @property
    def grasped(self) -> bool:
        """Say whether the grasp is past: what is carried, put down or left has been grasped."""
        return self._placing or super().grasped

    def _needs_plan(self, observation: SingleArmObservation) -> bool:
        if self._placing:
            if self.phase in WITH_IT and self._index < len(self._steps):
                return self._slipped(observation)
            return self._index >= len(self._steps) and not self._delivered()
        if self._steps and self.phase is MotionPhase.LIFT and self._lifted():
            return self._index >= len(self._steps)
        return super()._needs_plan(observation)

    def _plan(self, observation: SingleArmObservation) -> None:
        ready = not self._placing and bool(self._steps) and self.phase is MotionPhase.LIFT and self._lifted()
        if not ready:
            self._placing = False
            self._start_height = self.world.object_pose(self.target)[2, 3]
            super()._plan(observation)
            return
        self._put_down(observation)

    def _plan_again(self, observation: SingleArmObservation) -> None:
        if self._placing and self.phase in WITH_IT:
            self._put_down(observation)
        else:
            super()._plan_again(observation)

    def _put_down(self, observation: SingleArmObservation) -> None:
        """Plan the way from where the arm is to where what it holds is let go, and back."""
        T_start, goal = observation.T_base_ee_commanded, self.site()
        width = observation.state.gripper_width
        steps = self.placements.place(self.target, goal, T_start, observation.state.q, width)
        self._index = 0
        if steps is None:
            self.explanation = "no reachable way to put it down"
            self._steps = []
            return
        opening = max(self.planned.grasp.opening, width + 0.01) if self.planned is not None else width + 0.02
        full = self.world.embodiment.gripper(self.codec.gripper).width_max
        self._steps = steps + let_go(steps[-1].T_base_ee, min(opening, full), full, self.motion)
        self._T_ee_object = np.linalg.inv(self.world.tool_pose(self.codec.arm)) @ self.world.object_pose(self.target)
        self._placing = True

    def _slipped(self, observation: SingleArmObservation) -> bool:
        if observation.state.gripper_width < EMPTY:
            return True
        T = np.linalg.inv(self.world.tool_pose(self.codec.arm)) @ self.world.object_pose(self.target)
        return bool(np.linalg.norm(T[:3, 3] - self._T_ee_object[:3, 3]) > SLIPPED)

    def _delivered(self) -> bool:
        goal, T = self.site(), self.world.object_pose(self.target)
        return goal.receptacle.supports(goal.T_base_site, self._body, T)
