# SPDX-License-Identifier: Apache-2.0
"""The task of flipping: a parcel is turned by two hands until its label is up."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, cast

from controllers.arm.model import ArmModel
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.flip.expert import FlipExpert
from vla_ros.tasks.flip.instructions import names
from vla_ros.tasks.flip.judge import FlipJudge
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.flip.limits import FlipLimits
from vla_ros.tasks.flip.scenes import TASK, sample_flip
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.two_hands.task import TwoHandedTask

BOX = "box"  # key of a scene's facts


class Flipping(TwoHandedTask[FlipLimits]):
    """Turn a parcel label up."""

    name = TASK
    limits_type = FlipLimits
    thing = "the parcel"
    summary = "turn the parcel that lies on the table until its label is up, with two hands"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"the label is within {self.limits.up_deg:g}° of straight up, the parcel lies still on the table for "
            f"{self.limits.hold_s:g} s, the hands open and {100 * self.limits.away_m:g} cm away"
        )

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
        objects = [SceneObject.read(values) for values in shown["objects"]]
        thresholds = cast(FlipLimits, limits)  # as self.limits returned them, or changed from these
        box = LabelledBox.read(shown[BOX])
        return FlipJudge(shown["target"], box, objects, start, self._openings(embodiment), thresholds, doubt)

    def _script(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        return FlipExpert(world, models, LabelledBox.of(world.scene.target_object.model))

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        color = scene.target_object.model.color
        return (f"squeeze the parcel with the {color} stripe between both hands, lift it and turn it",
                "put it down with its label up, and take the hands away")  # fmt: skip
