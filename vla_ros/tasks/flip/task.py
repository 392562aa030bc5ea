# SPDX-License-Identifier: Apache-2.0
"""The task of flipping: a parcel is turned by two hands until its label is up."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, cast

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import check_two_hands
from vla_ros.tasks.flip.expert import FlipExpert
from vla_ros.tasks.flip.instructions import names
from vla_ros.tasks.flip.judge import FlipJudge
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.flip.limits import FlipLimits
from vla_ros.tasks.flip.scenes import TASK, sample_flip
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.task_files import TaskFiles

BOX = "box"  # key of a scene's facts


class Flipping(TaskFiles[FlipLimits]):
    """Turn a parcel label up."""

    name = TASK
    limits_type = FlipLimits
    summary = "turn the parcel that lies on the table until its label is up, with two hands"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"the label is within {self.limits.up_deg:g}° of straight up, the parcel lies still on the table for "
            f"{self.limits.hold_s:g} s, the hands open and {100 * self.limits.away_m:g} cm away"
        )

    def check_target(self, name: str, scene: Scene) -> None:
        """Refuse: the parcel lies alone. Raises ConfigError."""
        raise ConfigError(f"success_object '{name}': the parcel lies alone: leave it out")

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, that nothing is asked of other objects, and that there are two hands.

        Raises ConfigError.
        """
        check_set(self.sets, request.set_name)
        if request.by_part:
            raise ConfigError("by_part: a parcel has no parts: leave it out, or take task grasping")
        if request.objects or request.target or request.place:
            raise ConfigError("objects, target, place: the parcel lies alone: leave them out, or take task grasping")
        check_two_hands(request.robot, TASK)

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene with one parcel."""
        check_set(self.sets, request.set_name)
        return sample_flip(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the parcel's edges and where its label is."""
        return {BOX: dataclasses.asdict(LabelledBox.of(scene.target_object.model))}

    def judge(
        self,
        shown: Mapping[str, Any],
        embodiment: Embodiment,
        start: Truth,
        limits: TaskLimits,
        instruction: str = "",
        success_object: str = "",
    ) -> Judge:
        """Judge the parcel; where the words are others than the scene's and name none, nobody can say."""
        own = instruction in ("", shown["instruction"]) or names(instruction)
        doubt = "" if own else "the instruction does not name the parcel"
        openings = {gripper.name: gripper.width_max for gripper in embodiment.grippers}
        objects = [SceneObject.read(values) for values in shown["objects"]]
        thresholds = cast(FlipLimits, limits)  # as self.limits returned them, or changed from these
        box = LabelledBox.read(shown[BOX])
        return FlipJudge(shown["target"], box, objects, start, openings, thresholds, doubt)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Refuse: one arm cannot. Raises ConfigError."""
        raise ConfigError("a flip takes two hands: its expert is of the whole robot")

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that flips with the truth."""
        check_two_hands(world.embodiment.source, TASK)
        return FlipExpert(world, models, LabelledBox.of(world.scene.target_object.model))

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        color = scene.target_object.model.color
        return (f"squeeze the parcel with the {color} stripe between both hands, lift it and turn it",
                "put it down with its label up, and take the hands away")  # fmt: skip
