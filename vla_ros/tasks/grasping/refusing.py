# SPDX-License-Identifier: Apache-2.0
"""What is right where the words mean nothing that is there: to say so, and to leave everything where it stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.actions.single_arm import SingleArmCodec
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.grasping.lifting import GraspTaskConfig
from vla_ros.tasks.judging import Judge, Outcome, Truth

MANIPULATED = Outcome("manipulated what was not meant")


class RefusalJudge(Judge):
    """Follow one run: a refusal is right, and so is to touch nothing for long enough."""

    limits: GraspTaskConfig

    def __init__(self, objects: Sequence[SceneObject], start: Truth, limits: GraspTaskConfig) -> None:
        super().__init__(start, limits, objects)
        self._lay = {name: place.copy() for name, place in start.positions.items()}
        self._refused = False

    @property
    def success_text(self) -> str:
        """Say what was done, after a success."""
        return "refused what is not there" if self._refused else "left everything where it stood"

    def _judge(self, truth: Truth) -> None:
        places, most = truth.positions, self.limits.moved_m
        moved = [name for name, place in self._lay.items() if np.linalg.norm(places[name] - place) > most]
        if moved:
            self.first_lifted = moved[0]
            self._end(MANIPULATED, f"moved {self._called(moved)}, and what was asked for is not there")
        elif self.elapsed >= self.limits.refrain_s - 1e-9:
            self._succeed()

    def give_up(self, reason: str = "") -> None:
        """Take the policy's word that nothing is meant."""
        if not self.finished:
            self._refused = True
            self._succeed()


class RefusingExpert:
    """The script that knows: nothing is to be done."""

    def __init__(self, robot: Embodiment, arm: str) -> None:
        """`arm` is the one whose hand would take it."""
        self._codec = SingleArmCodec.of_gripper(robot, arm=arm)
        self.explanation = "what is asked for is not there"
        self._sequence = 0

    def reset(self) -> None:
        """Forget nothing."""

    def infer(self, observation: Observation) -> ActionChunk:
        """Return that nothing is to be done: the hand stays where it is."""
        seen = self._codec.view(observation)
        self._sequence += 1
        horizon = self._codec.horizon
        targets = self._codec.targets([seen.T_base_ee_commanded] * horizon, [seen.state.gripper_width] * horizon)
        return self._codec.chunk_of_targets(seen, targets, TaskStatus.INVALID, self._sequence)
