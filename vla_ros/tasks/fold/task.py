# SPDX-License-Identifier: Apache-2.0
"""The task of folding: a garment that lies flat on the table is folded in half."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from controllers.arm.model import ArmModel
from vla_ros.policies.base import Policy
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.fold.expert import FoldExpert
from vla_ros.tasks.fold.judge import FoldJudge
from vla_ros.tasks.fold.limits import FoldLimits
from vla_ros.tasks.fold.measure import FoldMeasure
from vla_ros.tasks.fold.scenes import sample_fold
from vla_ros.tasks.garments.task import GARMENT, MEASURE, GarmentTask
from vla_ros.tasks.judging import Judge, Truth


class Folding(GarmentTask[FoldLimits]):
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

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene with one garment."""
        check_set(self.sets, request.set_name)
        return sample_fold(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the garment's name and what folding makes of it."""
        (placed,) = scene.cloths
        return {GARMENT: placed.name, MEASURE: FoldMeasure.facts(placed.model)}

    def _judge_of(
        self, shown: Mapping[str, Any], start: Truth, openings: Mapping[str, float], limits: Any, doubt: str
    ) -> Judge:
        return FoldJudge(shown[GARMENT], FoldMeasure.read(shown[MEASURE]), start, openings, limits, doubt)

    def _script(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        return FoldExpert(world, self.limits.folded)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        (placed,) = scene.cloths
        which = "the hem" if placed.model.category == "T-shirt" else "the sides"
        return (f"fold the {placed.model.color} {placed.model.category} in half, by {which}, with both hands",
                "let go of it and take the hands away")  # fmt: skip
