# SPDX-License-Identifier: Apache-2.0
"""The scripted expert: grasps the named object with the simulator's truth. A reference, and a teacher.

It has a policy's two methods and sends a policy's chunks, through the same controller, but is built around the
world it acts in. What it fails at is a fault of objects, grasps or controller.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.actions.single_arm import SingleArmCodec, SingleArmObservation
from vla_ros.policies.capabilities.refusals import Answer, Refusals
from vla_ros.policies.observation import Observation
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, close, lift, retreat
from vla_ros.sim.grasping.planning import GraspPlanner, PlannedGrasp
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.part_grasps import PartGraspPlanner

MOVED = 0.012  # [m] the object has moved since the plan was made: plan again
TURNED = 0.25  # [rad]
NEAR = 0.08  # [m] from the grasp: the fingers are around the object, whose closing centres it
PUSHED = 0.03  # [m] further than that they would not: back out, plan again
LIFTED = 0.05  # [m] above where it lay: the grasp has worked
EMPTY = 0.0015  # [m] width below which the fingers hold nothing


class ExpertPolicy:
    """Approach, close, lift; when nothing was lifted, back out and try another grasp."""

    def __init__(
        self,
        world: World,
        arm: ArmModel,
        motion: ExpertMotionConfig | None = None,
        by_part: bool = False,
        target: str = "",
    ) -> None:
        """`target` is what it grasps; "": the scene's."""
        self.world = world
        self.codec = SingleArmCodec.of_gripper(world.embodiment, arm=world.embodiment.arm_with(arm.joints).name)
        self.motion = motion or ExpertMotionConfig(period=self.codec.period)
        self.planner = (PartGraspPlanner if by_part else GraspPlanner)(world, arm, self.motion)
        self.target = target or world.scene.target  # a demonstration of an error may name another
        # What a demonstration of an error makes of the next plan, given where the tool (4, 4) starts.
        self.amend: Callable[[PlannedGrasp, np.ndarray], PlannedGrasp] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""  # why there is nothing to do, in words
        self._steps: list[Step] = []
        self._index = 0  # of the next action to send
        self._sent = 0  # actions in the last chunk
        self._stamp = -np.inf
        self._sequence = 0
        self._refusals = Refusals()
        self.planned: PlannedGrasp | None = None
        self.failed: list[np.ndarray] = []  # grasps that did not hold, object frame
        self._T_base_object = np.eye(4)  # when the plan was made
        self._start_height = self.world.object_pose(self.target)[2, 3]

    def plan_anew(self, target: str | None = None, back_out: bool = True) -> None:
        """Drop the plan: the next look makes another one, of `target` when given, after backing out when it is near."""
        self._steps, self._index, self._sent = [], 0, 0
        if not back_out or target is not None:
            self.planned = None
        if target is not None:
            self.target, self.failed = target, []
            self._start_height = self.world.object_pose(target)[2, 3]

    def open_wider(self, margin: float) -> None:
        """Approach from now on with this much room [m] on each side of what is grasped, where neighbours leave it."""
        self.planner.grasps = dataclasses.replace(self.planner.grasps, wide_margin=margin)

    def chunk_refused(self, reason: str) -> None:
        """Take why control refused the last chunk: nothing of it is done."""
        self._sent = 0
        self._refusals.hear(reason)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next actions of the plan, after a look at whether the plan still holds."""
        seen = self.codec.view(observation)
        answer = self._refusals.answer()
        if answer is Answer.GIVE_UP:
            self.explanation = self._refusals.explanation
            return self.send(seen, [self._hold(seen)] * self.codec.horizon, TaskStatus.INVALID)
        elapsed = seen.stamp - self._stamp
        self._index += min(self._sent, round(elapsed / self.motion.period)) if np.isfinite(elapsed) else 0
        self._stamp = seen.stamp
        if answer is Answer.PLAN_AGAIN:
            self._plan_again(seen)
        elif self._needs_plan(seen):
            self._plan(seen)
        horizon = self.codec.horizon
        steps = self._steps[self._index : self._index + horizon]
        status = TaskStatus.ONGOING if self._steps else TaskStatus.INVALID
        if not steps:
            last = self._steps[-1] if self._steps else self._hold(seen)
            steps = [last]
        steps = steps + [steps[-1]] * (horizon - len(steps))
        self._sent = horizon
        return self._chunk(seen, steps, status)

    def send(
        self, observation: SingleArmObservation, steps: list[Step], status: TaskStatus = TaskStatus.ONGOING
    ) -> ActionChunk:
        """Return a chunk of other steps than the plan's, which waits meanwhile."""
        self._stamp, self._sent = observation.stamp, 0
        return self._chunk(observation, steps, status)

    @property
    def index(self) -> int:
        """Return which of the plan's actions comes next."""
        return self._index

    @property
    def phase(self) -> MotionPhase | None:
        """Return what the next action is for; None without a plan."""
        return self._steps[min(self._index, len(self._steps) - 1)].phase if self._steps else None

    @property
    def grasped(self) -> bool:
        """Say whether the grasp is past: the fingers are closed, or closing, around the object, or it is done with."""
        return self.phase in (MotionPhase.CLOSE, MotionPhase.LIFT)

    def _needs_plan(self, observation: SingleArmObservation) -> bool:
        if not self._steps:
            return True
        if self._lifted():
            return False
        if self.phase is MotionPhase.APPROACH:
            return self._object_moved(observation)
        empty = observation.state.gripper_width < EMPTY
        return self._index >= len(self._steps) or (self.phase is MotionPhase.LIFT and empty)

    def _lifted(self) -> bool:
        return self.world.object_pose(self.target)[2, 3] - self._start_height >= LIFTED

    def _object_moved(self, observation: SingleArmObservation) -> bool:
        T_now = self.world.object_pose(self.target)
        moved = np.linalg.norm(T_now[:3, 3] - self._T_base_object[:3, 3])
        if self._is_near(observation):
            return bool(moved > PUSHED)
        turned = Rotation.from_matrix(T_now[:3, :3].T @ self._T_base_object[:3, :3]).magnitude()
        return bool(moved > MOVED or turned > TURNED)

    def _is_near(self, observation: SingleArmObservation) -> bool:
        if self.planned is None:
            return False
        way = observation.state.T_base_ee[:3, 3] - self.planned.grasp.T_base_grasp[:3, 3]
        return bool(np.linalg.norm(way) < NEAR)

    def _plan_again(self, observation: SingleArmObservation) -> None:
        """Plan from where the arm is, another grasp than the one whose way in control refuses."""
        if self.planned is not None and not self.grasped:
            self.failed.append(np.linalg.inv(self._T_base_object) @ self.planned.grasp.T_base_grasp)
        self._plan(observation)

    def _plan(self, observation: SingleArmObservation) -> None:
        """Plan from where the arm is commanded to be; after a failed closure back out first."""
        T_start, q = observation.T_base_ee_commanded, observation.state.q
        steps: list[Step] = []
        if self.planned is not None and self.phase in (MotionPhase.CLOSE, MotionPhase.LIFT):
            self.failed.append(np.linalg.inv(self._T_base_object) @ self.planned.grasp.T_base_grasp)
        if self.planned is not None and self._is_near(observation):
            steps = retreat(T_start, self.world.embodiment.gripper(self.codec.gripper).width_max, self.motion)
            T_start = steps[-1].T_base_ee
            q = self.planner.posture(T_start, q)  # the way in begins where the way out ends
        self._T_base_object = self.world.object_pose(self.target)
        planned = self._choose(T_start, q)
        if planned is not None and self.amend is not None:
            planned = self.amend(planned, T_start)
        self._index = 0
        if planned is None:
            self.explanation = "no reachable grasp"
            self._steps = []
            return
        self.planned = planned
        T_grasp, opening = planned.grasp.T_base_grasp, planned.grasp.opening
        steps += planned.approach
        steps += close(T_grasp, opening, planned.grasp.width, self.motion)
        self._steps = steps + lift(T_grasp, self.motion)

    def _choose(self, T_start: np.ndarray, q: np.ndarray) -> PlannedGrasp | None:
        target = self.target
        return self.planner.plan(target, T_start, q, self.failed) or self.planner.plan(target, T_start, q)

    def _hold(self, observation: SingleArmObservation) -> Step:
        return Step(observation.T_base_ee_commanded, observation.state.gripper_width, MotionPhase.APPROACH)

    def _chunk(self, observation: SingleArmObservation, steps: list[Step], status: TaskStatus) -> ActionChunk:
        self._sequence += 1
        targets = self.codec.targets([step.T_base_ee for step in steps], [step.width for step in steps])
        return self.codec.chunk_of_targets(observation, targets, status, self._sequence)
