# SPDX-License-Identifier: Apache-2.0
"""The task of hanging: a T-shirt that lies flat on the table is laid over the bar of a hanger."""

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
from vla_ros.tasks.either_hand import check_two_hands
from vla_ros.tasks.garment_words import names
from vla_ros.tasks.hang.expert import HangExpert
from vla_ros.tasks.hang.judge import HangJudge
from vla_ros.tasks.hang.limits import HangLimits
from vla_ros.tasks.hang.measure import HangMeasure
from vla_ros.tasks.hang.scenes import TASK, sample_hang
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.task_files import TaskFiles

GARMENT, MEASURE = "garment", "hang"  # keys of a scene's facts


class Hanging(TaskFiles[HangLimits]):
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

    def check_target(self, name: str, scene: Scene) -> None:
        """Refuse: the garment lies alone. Raises ConfigError."""
        raise ConfigError(f"success_object '{name}': the garment lies alone: leave it out")

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, that nothing is asked of other objects, and that there are two hands.

        Raises ConfigError.
        """
        check_set(self.sets, request.set_name)
        if request.by_part:
            raise ConfigError("by_part: a garment has no parts: leave it out, or take task grasping")
        check_two_hands(request.robot, TASK)

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene with one garment and a hanger."""
        check_set(self.sets, request.set_name)
        return sample_hang(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the garment's name, its threads and where the bar is."""
        (placed,), (hanger,) = scene.cloths, scene.fixtures
        return {GARMENT: placed.name, MEASURE: HangMeasure.facts(placed.model, hanger)}

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
        thresholds = cast(HangLimits, limits)  # as self.limits returned them, or changed from these
        return HangJudge(shown[GARMENT], HangMeasure.read(shown[MEASURE]), start, openings, thresholds, doubt)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Refuse: one arm cannot. Raises ConfigError."""
        raise ConfigError("a garment is hung with two hands: its expert is of the whole robot")

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that hangs with the truth; it has models of its own."""
        check_two_hands(world.embodiment.source, TASK)
        return HangExpert(world)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        (placed,) = scene.cloths
        return (f"take the {placed.model.color} {placed.model.category} by its hem, with both hands, and lift it",
                "lay it over the bar, draw half of it across, let go and take the hands away")  # fmt: skip
