# SPDX-License-Identifier: Apache-2.0
"""The task of grasping: lift the object that the instruction names."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, cast

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.referring.meaning import Meaning, meaning, object_name
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.grasping.expert import ExpertPolicy
from vla_ros.tasks.grasping.judge import GraspJudge
from vla_ros.tasks.grasping.lifting import GraspTaskConfig
from vla_ros.tasks.grasping.part_grasps import PartStretch, sample_part_scene
from vla_ros.tasks.grasping.refusing import RefusalJudge, RefusingExpert
from vla_ros.tasks.grasping.scenes import sample_scene
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.task_files import TaskFiles

PART = "part"  # key of a scene's facts


class Grasping(TaskFiles[GraspTaskConfig]):
    """Lift one object among others, by a part of it where it is requested so."""

    name = "grasping"
    limits_type = GraspTaskConfig
    summary = "lift the object that the instruction names"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        limits = self.limits
        return f"the named object is {100 * limits.lift_m:g} cm above where it lay for {limits.hold_s:g} s"

    def check_target(self, name: str, scene: Scene) -> None:
        """Check that an object is in a scene. Raises ConfigError with those that are."""
        object_name(name, [placed.name for placed in scene.objects])

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, and that it can be asked for by a part. Raises ConfigError with what can."""
        asks = check_set(self.sets, request.set_name).asks
        if request.by_part and asks:
            usual = ", ".join(name for name, one in self.sets.sets.items() if not one.asks)
            raise ConfigError(f"set '{request.set_name}' asks for a whole thing, not by a part: take one of {usual}")

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene; `by_part`: of the action categories that have a part, and requested by it."""
        return sample_part_scene(request) if request.by_part else sample_scene(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the part by which the target is to be held."""
        return {PART: dataclasses.asdict(PartStretch.of(scene))} if scene.part else {}

    def judge(
        self,
        shown: Mapping[str, Any],
        embodiment: Embodiment,
        start: Truth,
        limits: TaskLimits,
        instruction: str = "",
        success_object: str = "",
    ) -> Judge:
        """Judge by the operator's choice, the scene's target for its own sentence, or what the words mean."""
        objects = [SceneObject.read(values) for values in shown["objects"]]
        openings = {gripper.name: gripper.width_max for gripper in embodiment.grippers}
        part = PartStretch(**shown[PART]) if PART in shown else None
        thresholds = cast(GraspTaskConfig, limits)  # as self.limits returned them, or changed from these
        own = instruction in ("", shown["instruction"])
        if own and not (shown["target"] or success_object):
            return RefusalJudge(objects, start, thresholds)
        if success_object or own:
            known = {item.name: item for item in objects}
            meant = Meaning((known[object_name(success_object or shown["target"], known)],))
        else:
            meant = meaning(instruction, objects, shown["nouns"])
        return GraspJudge(meant, objects, start, openings, thresholds, part)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return the script that grasps with the truth."""
        if not world.scene.target:
            return RefusingExpert(world.embodiment, world.embodiment.arm_with(arm.joints).name)
        return ExpertPolicy(world, arm, by_part=bool(world.scene.part))

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        if not scene.target:
            return ("what the words ask for is not there: leave everything where it stands",)
        part, model = f" by its {scene.part}" if scene.part else "", scene.target_object.model
        alike = [one for one in scene.objects if (one.model.category, one.model.color) == (model.category, model.color)]
        named = f"grasp the {model.color_phrase} {model.category}{part}" if len(alike) == 1 else scene.instruction
        return (named,
                "lift it by a hand's breadth or more, and hold it")  # fmt: skip
