# SPDX-License-Identifier: Apache-2.0
"""Grasp what the instruction names and, where it says so, put it into or onto something else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import TaskStatus
from vla_ros.objects.catalogue import Catalogue
from vla_ros.policies.actions.single_arm import SingleArmObservation
from vla_ros.policies.geometric.config import GeometricConfig
from vla_ros.policies.geometric.goal import Goal, GoalFinder
from vla_ros.policies.geometric.grasps.judge import GraspJudge
from vla_ros.policies.geometric.grasps.reachability import backed_off
from vla_ros.policies.geometric.language import Request, parse_instruction
from vla_ros.policies.geometric.placing_language import split_placing
from vla_ros.policies.geometric.policy import GeometricPolicy, PolicyPhase, Step
from vla_ros.robots.embodiment import Embodiment


class PlacingGeometricPolicy(GeometricPolicy):
    """The geometric policy, which carries what it holds to where the words say; without such words it only grasps."""

    def __init__(
        self,
        embodiment: Embodiment,
        catalogue: Catalogue,
        config: GeometricConfig | None = None,
        judge: GraspJudge | None = None,
    ) -> None:
        super().__init__(embodiment, catalogue, config, judge)
        self._goals = GoalFinder(catalogue, self._namer, self.config)

    def reset(self) -> None:
        """Forget the episode."""
        super().reset()
        self._goal_request: Request | None = None  # None: nothing is to be put anywhere
        self._goal: Goal | None = None
        self._T_over, self._T_down = np.eye(4), np.eye(4)  # tool poses above the goal, and where it lets go
        self._release_width = 0.0  # [m]

    def _read(self, instruction: str) -> None:
        phrases = split_placing(instruction)
        self._goal_request = None if phrases is None else self._goals.read(phrases.goal)
        if phrases is None:
            super()._read(instruction)
            return
        self._request = parse_instruction(phrases.thing, self._vocabulary)
        if self._goal_request is not None and not self._goal_request.known:
            self._request = Request(None, (), False)  # half of what is requested is not worth doing

    # -- what is seen ----------------------------------------------------------------------------------------------
    def _see(self, observation: SingleArmObservation) -> bool:
        found = super()._see(observation)
        if self._goal_request is None or self.view is None:
            return found
        self._goal = self._goals.find(self.view, self._goal_request) or self._goal
        if self._goal is None:
            return False
        # What the object is to be put into is not the object.
        parts = self._goal.parts
        self.candidates = [one for one in self.candidates if not one.segment.parts & parts]
        return bool(self.candidates) and self.candidates[0].fits

    def _absent(self, observation: SingleArmObservation) -> Step:
        if self._goal_request is not None and self._goal_request.known and self._goal is None:
            self.explanation = "where it is to go is not in view"
        return super()._absent(observation)

    # -- phases ----------------------------------------------------------------------------------------------------
    @property
    def _phases(self) -> dict[PolicyPhase, Callable[[SingleArmObservation], Step]]:
        return {
            **super()._phases,
            PolicyPhase.CARRY: self._carry,
            PolicyPhase.LOWER: self._lower,
            PolicyPhase.RELEASE: self._release,
            PolicyPhase.WITHDRAW: self._withdraw,
            PolicyPhase.PLACED: self._placed,
        }

    def _done(self, observation: SingleArmObservation) -> Step:
        """Begin to carry what has been lifted, where it is to go somewhere."""
        if self._goal is None or self._goal_request is None:
            return super()._done(observation)
        self._T_over, self._T_down = self._ways(observation, self._goal)
        self._enter(PolicyPhase.CARRY, observation)
        return self._carry(observation)

    def _carry(self, observation: SingleArmObservation) -> Step:
        if self._at(observation, self._T_over, self.config.placement.arrived):
            self._enter(PolicyPhase.LOWER, observation)
            return self._lower(observation)
        T = self.codec.T_base_anchor(observation)
        return self._go(observation, T, self._T_over, self.config.motion.lift_speed, 0.0)

    def _lower(self, observation: SingleArmObservation) -> Step:
        T = self.codec.T_base_anchor(observation)
        if np.linalg.norm(T[:3, 3] - self._T_down[:3, 3]) < 0.002:
            self._arrivals += 1
            # What touches the floor early is pushed no further; waiting longer does not change it.
            if self._at(observation, self._T_down, self.config.episode.arrived) or self._arrivals >= 3:
                self._release_width = observation.state.gripper_width + 2.0 * self.config.placement.release_room
                self._enter(PolicyPhase.RELEASE, observation)
                return self._release(observation)
        return self._go(observation, T, self._T_down, self.config.motion.final_speed, 0.0)

    def _release(self, observation: SingleArmObservation) -> Step:
        if observation.stamp - self._phase_start >= self.config.placement.release_s:
            self._retreat_goal = backed_off(self.codec.T_base_anchor(observation), self.config.episode.retreat)
            self._enter(PolicyPhase.WITHDRAW, observation)
            return self._withdraw(observation)
        return self._still(observation, min(self._release_width, self._open))

    def _withdraw(self, observation: SingleArmObservation) -> Step:
        T = self.codec.T_base_anchor(observation)
        if np.linalg.norm(T[:3, 3] - self._retreat_goal[:3, 3]) < 0.01:
            self._enter(PolicyPhase.PLACED, observation)
            return self._placed(observation)
        width = min(self._release_width, self._open)
        return self._go(observation, T, self._retreat_goal, self.config.motion.lift_speed, width)

    def _placed(self, observation: SingleArmObservation) -> Step:
        rested = observation.stamp - self._phase_start >= self.config.episode.hold_s
        poses, width, _ = self._still(observation, self._open)
        return poses, width, TaskStatus.TERMINATED if rested else TaskStatus.ONGOING

    # -- where it goes ---------------------------------------------------------------------------------------------
    def _ways(self, observation: SingleArmObservation, goal: Goal) -> tuple[np.ndarray, np.ndarray]:
        """Return the tool's poses above the goal and where it lets go: the first turn that the arm has strength for.

        The object's middle goes over the goal's, and as far below the tool as the table was when it was grasped.
        """
        config, T_grasp = self.config.placement, self.grasp.T_base_grasp
        view, center = self.view, self._target_center
        table = view.table if view is not None else 0.0
        below = T_grasp[2, 3] - table  # [m] of the object's lowest point under the tool
        offset = np.zeros(2) if center is None else center - T_grasp[:2, 3]  # from the tool to the object's middle
        top = max(goal.rim, self._highest_between(observation.state.T_base_ee[:2, 3], goal))
        best, strongest, strong = None, -1.0, self._arm_reach.described.strong
        for turn in config.turns:
            R = Rotation.from_euler("z", turn).as_matrix()
            T_down = np.eye(4)
            T_down[:3, :3] = R @ T_grasp[:3, :3]
            T_down[:2, 3] = goal.center - R[:2, :2] @ offset
            T_down[2, 3] = table + config.floor + config.gap + below
            T_over = T_down.copy()
            T_over[2, 3] = max(top + config.over + below, T_down[2, 3])
            strength = self._arm_reach.strength((T_over, T_down), observation.state.q, strong)
            if best is None or strength > strongest:
                best, strongest = (T_over, T_down), strength
            if strength >= strong:
                break
        if best is None:  # turns are never empty
            raise RuntimeError("no turn was tried")
        return best

    def _highest_between(self, start: np.ndarray, goal: Goal) -> float:
        """Return the height [m] of what stands near the straight way from start (2,) to the goal."""
        way = goal.center - start
        length = max(float(np.linalg.norm(way)), 1e-6)
        tops = [-np.inf]
        for item in () if self.view is None else self.view.fragments:
            if np.linalg.norm(item.center - self._target_center) < self.config.target.near:
                continue  # it is in the hand
            offset = item.points[:, :2] - start
            along = np.clip(offset @ way / length, 0.0, length)
            aside = np.linalg.norm(offset - along[:, None] * way / length, axis=1)
            near = aside < self.config.placement.aside
            if near.any():
                tops.append(float(item.points[near, 2].max()))
        return max(tops)

    def _at(self, observation: SingleArmObservation, goal: np.ndarray, distance: float) -> bool:
        return bool(np.linalg.norm(observation.state.T_base_ee[:3, 3] - goal[:3, 3]) < distance)
