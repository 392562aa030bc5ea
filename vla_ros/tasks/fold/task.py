# SPDX-License-Identifier: Apache-2.0
"""The task of folding: a garment that lies flat on the table is folded in half."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.fold.expert import FoldExpert
from vla_ros.tasks.fold.judge import FoldJudge
from vla_ros.tasks.fold.limits import FoldLimits
from vla_ros.tasks.fold.measure import FoldMeasure
from vla_ros.tasks.fold.scenes import sample_fold
from vla_ros.tasks.garment_words import names
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.task_files import TaskFiles

GARMENT, MEASURE = "garment", "fold"  # keys of a scene's facts


class Folding(TaskFiles[FoldLimits]):
    """Fold a garment in half."""

    name = "fold"
    limits_type = FoldLimits
    summary = "fold the garment that lies on the table in half, with two hands"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"the garment lies still for {self.limits.hold_s:g} s, the hands open and away, and the mean of coverage "
            f"and alignment of its edges is {self.limits.folded:.0%} or more"
        )

    def check_target(self, name: str, scene: Scene) -> None:
        """Refuse: the garment lies alone. Raises ConfigError."""
        raise ConfigError(f"success_object '{name}': the garment lies alone: leave it out")

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, and that nothing is requested of other objects. Raises ConfigError."""
        check_set(self.sets, request.set_name)
        if request.by_part:
            raise ConfigError("by_part: a garment has no parts: leave it out, or take task grasping")

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene with one garment."""
        self.check(request)
        return sample_fold(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the garment's name and what folding makes of it."""
        (placed,) = scene.cloths
        return {GARMENT: placed.name, MEASURE: FoldMeasure.facts(placed.model)}

    def judge(
        self,
        shown: Mapping[str, Any],
        embodiment: Embodiment,
        start: Truth,
        limits: TaskLimits,
        instruction: str = "",
        success_object: str = "",
    ) -> Judge:
        """Judge the garment; where the words are others than the scene's and name none such, nobody can say."""
        (cloth,) = (one for one in shown["cloths"] if one["name"] == shown[GARMENT])
        own = instruction in ("", shown["instruction"]) or names(self.name, instruction, cloth["category"])
        doubt = "" if own else f"the instruction does not name the {cloth['category']}"
        openings = {gripper.name: gripper.width_max for gripper in embodiment.grippers}
        thresholds = cast(FoldLimits, limits)  # as self.limits returned them, or changed from these
        return FoldJudge(shown[GARMENT], FoldMeasure.read(shown[MEASURE]), start, openings, thresholds, doubt)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return the script that folds with the truth and two arms, `arm` one of them."""
        return self.two_handed_expert(world, {})

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that folds with the truth; it has models of its own."""
        return FoldExpert(world, self.limits.folded)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        (placed,) = scene.cloths
        which = "the hem" if placed.model.category == "T-shirt" else "the sides"
        return (f"fold the {placed.model.color} {placed.model.category} in half, by {which}, with both hands",
                "let go of it and take the hands away")  # fmt: skip
