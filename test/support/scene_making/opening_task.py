# SPDX-License-Identifier: Apache-2.0
"""A task that is not shipped: pull the drawer open. No single target; its judge reads a joint."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from scene_making.furnished_scene import CABINET, DRAWER, furnished_scene
from vla_ros.policies.actions.single_arm import SingleArmCodec
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, approach, close, straight
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneSets, load_sets
from vla_ros.sim.world import World
from vla_ros.tasks.judging import Judge, Outcome, TaskLimits, Truth
from vla_ros.tasks.watches import ClosureWatch

OPEN = 0.15  # [m]
DOWN = np.diag([1.0, -1.0, -1.0])  # the tool points down, its fingers close along the base's y


class OpeningJudge(Judge):
    """Open is what has slid far enough; progress is the share of it."""

    def __init__(self, start: Truth, limits: TaskLimits, objects: Sequence[SceneObject], width_max: float) -> None:
        super().__init__(start, limits, objects)
        self._hand = ClosureWatch(width_max, 0.5, 0.75)

    def _judge(self, truth: Truth) -> None:
        self._hand.update(next(iter(truth.widths.values())))
        self.attempts = self._hand.closures
        self.progress = max(self.progress, min(1.0, truth.joints[DRAWER] / OPEN))
        if truth.joints[DRAWER] >= OPEN:
            self._end(Outcome.SUCCESS)

    @property
    def success_text(self) -> str:
        return "opened the drawer"

    def cause(self, said: str = "") -> str:
        return "" if self.success else said or "not opened"


class Script:
    """A policy that plays steps from where its first look finds the tool; the truth is in the steps."""

    def __init__(self, embodiment: Embodiment, steps: Sequence[Step]) -> None:
        self.codec, self._steps = SingleArmCodec.of(embodiment), list(steps)
        self._sequence, self._begun = 0, np.inf

    def reset(self) -> None:
        self._begun = np.inf  # [s] of the first look

    def infer(self, observation: Observation) -> ActionChunk:
        seen, horizon = self.codec.view(observation), self.codec.horizon
        self._begun = min(self._begun, seen.stamp)
        index = round((seen.stamp - self._begun) / self.codec.period)
        steps = self._steps[index : index + horizon] or [self._steps[-1]]
        status = TaskStatus.ONGOING if index < len(self._steps) else TaskStatus.TERMINATED
        steps += [steps[-1]] * (horizon - len(steps))
        self._sequence += 1
        targets = self.codec.targets([step.T_base_ee for step in steps], [step.width for step in steps])
        return self.codec.chunk_of_targets(seen, targets, status, self._sequence)


def pull(world: World, point: np.ndarray, way: np.ndarray, opening: float = 0.05) -> list[Step]:
    """Return how the tool takes hold at `point` (3,) [m] from above and goes along `way` (K, 3) [m] from there."""
    motion = ExpertMotionConfig()
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = DOWN, point
    steps = approach(world.T_base_ee, T, opening, 0.08, motion)
    steps += close(T, opening, 0.012, motion)
    for shift in way:
        T_next = T.copy()
        T_next[:3, 3] = point + shift
        steps += straight(steps[-1].T_base_ee, T_next, 0.0, MotionPhase.CARRY, 0.10, motion)
    return steps


def handle(world: World, fixture: str, joint: str) -> np.ndarray:
    """Return where the handle of a fixture's joint is (3,) [m], base frame, its joint at 0."""
    (placed,) = (one for one in world.scene.fixtures if one.name == fixture)
    T, point = placed.T_base_fixture, placed.model.link(joint).handle
    return T[:3, :3] @ np.asarray(point) + T[:3, 3]


class Opening:
    """Pull the drawer open."""

    summary = "open the drawer"
    success = "the drawer is 15 cm open"
    limits = TaskLimits(attempts=3, time_limit_s=30.0)

    @property
    def sets(self) -> SceneSets:
        return load_sets("grasping")

    def check_target(self, name: str, scene: Scene) -> None:
        return None

    def check(self, request: SceneRequest) -> None:
        return None

    def scene(self, request: SceneRequest) -> Scene:
        return furnished_scene(bodies=(CABINET,), seed=request.seed)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        return {"joint": DRAWER}

    def judge(
        self,
        shown: Mapping[str, Any],
        embodiment: Embodiment,
        start: Truth,
        limits: TaskLimits,
        instruction: str = "",
        success_object: str = "",
    ) -> Judge:
        objects = [SceneObject.read(values) for values in shown["objects"]]
        return OpeningJudge(start, limits, objects, embodiment.only_gripper.width_max)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        return Script(world.embodiment, pull(world, handle(world, CABINET, "drawer"), np.array([[-0.17, 0.0, 0.0]])))

    def prompts(self, scene: Scene) -> Collection[str]:
        return ("pull the drawer open by its handle",)
