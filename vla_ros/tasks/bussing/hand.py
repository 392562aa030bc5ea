# SPDX-License-Identifier: Apache-2.0
"""One hand with one thing: placing's expert, which waits with the thing lifted until the base has driven.

Its chunks are of joints: the way that was looked at is the way that is gone, elbow included. Of tool poses control
makes another one, by which an upper arm that was planned beside the torso comes too near it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.single_arm import SingleArmCodec, SingleArmObservation
from vla_ros.policies.contract import ActionContract
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step
from vla_ros.sim.world import World
from vla_ros.tasks.bussing.placements import BussingPlanner
from vla_ros.tasks.grasping.expert import EMPTY
from vla_ros.tasks.placing.expert import WITH_IT, PlacingExpert
from vla_ros.tasks.two_hands.pair_codec import JointStep

LOST = 0.16  # [m] from the tool to the thing's middle: it is in the hand no more
CLOSURES = 3  # that hold nothing, from one place of the base
ROWS = 8  # of a chunk


class BussingHand(PlacingExpert):
    """Grasp and lift a thing; once it may, put it into its receptacle."""

    def __init__(self, world: World, arm: ArmModel, motion: ExpertMotionConfig, thing: str, goal: str) -> None:
        self.arrived = False  # the base stands where the thing is to be put down
        self._way_up: list[Step] = []
        super().__init__(world, arm, motion, target=thing, goal=goal)
        self.codec = SingleArmCodec.of_gripper(world.embodiment, horizon=ROWS, arm=self.codec.arm)
        moved = ActionContract(joints=tuple(arm.joints), grippers=(self.codec.gripper,), anchor="none", horizon=ROWS)
        self._by_joints = ActionCodec(moved, world.embodiment.base_frame, self.codec.period)
        self.planner = self.placements = self._ways = BussingPlanner(world, arm, motion)

    @property
    def lifted(self) -> bool:
        """Say whether the thing is up, and the way up is over."""
        return self.phase is MotionPhase.LIFT and self._index >= len(self._steps) and self._lifted()

    @property
    def stuck(self) -> bool:
        """Say whether there is no way, or the hand has closed in vain too often."""
        return not self._steps or len(self.failed) >= CLOSURES

    @property
    def placed(self) -> bool:
        """Say whether the thing was let go and the hand is back from it."""
        return self._placing and self._index >= len(self._steps)

    @property
    def in_receptacle(self) -> bool:
        """Say whether the thing is where it is to go."""
        return self._delivered()

    def lost(self, width: float) -> bool:
        """Say whether a hand that is `width` [m] open holds the thing no more."""
        away = np.linalg.norm(self.world.object_pose(self.target)[:3, 3] - self.world.tool_pose(self.codec.arm)[:3, 3])
        return width < EMPTY or bool(away > LOST)

    def hold_on(self) -> None:
        """Forget that there was no way to put the thing down: the base drives on with it."""
        self._steps, self._index, self._sent = self._way_up, len(self._way_up), 0

    def with_joints(self, steps: Sequence[Step], q: np.ndarray) -> list[JointStep]:
        """Return steps with the joints of each, of an arm that stands at q [rad]; none where it cannot do them."""
        return self._ways.joints_along(steps, q) or []

    def _plan(self, observation: SingleArmObservation) -> None:
        if self.lifted:
            self._way_up = self._steps
        super()._plan(observation)
        self._find_joints(observation)

    def _find_joints(self, observation: SingleArmObservation) -> None:
        """Have every step say its joints; a way without them is none."""
        self._steps = [*self.with_joints(self._steps, observation.state.q)]

    def _plan_again(self, observation: SingleArmObservation) -> None:
        if not self._placing or self.phase in WITH_IT:
            super()._plan_again(observation)
            if self._placing:
                self._find_joints(observation)
            return
        # What control refuses is the way back from what is let go: open where the hand is, the arm folds from there.
        full = self.world.embodiment.gripper(self.codec.gripper).width_max
        here = JointStep(observation.T_base_ee_commanded, full, MotionPhase.RETREAT, observation.state.q)
        self._steps, self._index = [here] * self.codec.horizon, 0

    def _needs_plan(self, observation: SingleArmObservation) -> bool:
        if self.placed:
            return False  # whether it is where it is to go is the script's affair
        if self.lifted and not self.arrived:
            return False
        return super()._needs_plan(observation)

    def _chunk(self, observation: SingleArmObservation, steps: list[Step], status: TaskStatus) -> ActionChunk:
        self._sequence += 1
        here = observation.state.q  # a step that does not say is one that holds
        targets = np.array([[*(step.q if isinstance(step, JointStep) else here), step.width] for step in steps])
        return self._by_joints.chunk_of_targets(observation, targets, status, self._sequence)
