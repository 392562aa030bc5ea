# SPDX-License-Identifier: Apache-2.0
"""The task of hanging: a T-shirt that lies flat on the table is laid over the bar of a hanger."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from controllers.arm.model import ArmModel
from vla_ros.policies.base import Policy
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.garments.task import GARMENT, MEASURE, GarmentTask
from vla_ros.tasks.hang.expert import HangExpert
from vla_ros.tasks.hang.judge import HangJudge
from vla_ros.tasks.hang.limits import HangLimits
from vla_ros.tasks.hang.measure import HangMeasure
from vla_ros.tasks.hang.scenes import TASK, sample_hang
from vla_ros.tasks.judging import Judge, Truth


class Hanging(GarmentTask[HangLimits]):
    """Hang a garment over a bar."""

    name = TASK
    limits_type = HangLimits
    summary = "hang the T-shirt that lies on the table over the bar of the hanger, with two hands"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"the garment hangs over the bar still for {self.limits.hold_s:g} s, nothing of it on the table, the hands "
            f"open and {100 * self.limits.away_m:g} cm away"
        )

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene with one garment and a hanger."""
        check_set(self.sets, request.set_name)
        return sample_hang(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the garment's name, its threads and where the bar is."""
        (placed,), (hanger,) = scene.cloths, scene.fixtures
        return {GARMENT: placed.name, MEASURE: HangMeasure.facts(placed.model, hanger)}

    def _judge_of(
        self, shown: Mapping[str, Any], start: Truth, openings: Mapping[str, float], limits: Any, doubt: str
    ) -> Judge:
        return HangJudge(shown[GARMENT], HangMeasure.read(shown[MEASURE]), start, openings, limits, doubt)

    def _script(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        return HangExpert(world)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        (placed,) = scene.cloths
        return (f"take the {placed.model.color} {placed.model.category} by its hem, with both hands, and lift it",
                "lay it over the bar, draw half of it across, let go and take the hands away")  # fmt: skip
