# SPDX-License-Identifier: Apache-2.0
"""The task of carrying a tray: two hands bring it to a mat, and what stands on it stays there."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, cast

import numpy as np

from controllers.arm.model import ArmModel
from vla_ros.objects.serving_trays import handle
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.placing.receptacles import Body, Receptacle
from vla_ros.tasks.tray.expert import TrayExpert
from vla_ros.tasks.tray.instructions import names
from vla_ros.tasks.tray.judge import TrayJudge
from vla_ros.tasks.tray.limits import TrayLimits
from vla_ros.tasks.tray.scenes import TASK, sample_tray
from vla_ros.tasks.two_hands.task import TwoHandedTask

BODIES, TRAY, HANDLES, GOAL = "bodies", "tray", "handles", "T_base_goal"  # keys of a scene's facts


class Carrying(TwoHandedTask[TrayLimits]):
    """Carry a loaded tray to a mat."""

    name = TASK
    limits_type = TrayLimits
    thing, held = "the tray", "is held by its handles"
    summary = "carry the tray that the instruction names to the mat with two hands, and spill nothing"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"the tray lies still within {100 * self.limits.place_m:g} cm and {self.limits.yaw_deg:g}° of the mat for "
            f"{self.limits.hold_s:g} s with everything upright on it, the hands open and "
            f"{100 * self.limits.away_m:g} cm away"
        )

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene with one tray and a mat."""
        check_set(self.sets, request.set_name)
        return sample_tray(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return every object's hull, where a tray holds things and is held, and where it is to go."""
        tray, (mat,) = scene.target_object.model, scene.fixtures
        return {
            BODIES: {one.name: dataclasses.asdict(Body.of(one.model)) for one in scene.objects},
            TRAY: dataclasses.asdict(Receptacle.of(tray)),
            HANDLES: [handle(tray, side).round(4).tolist() for side in (0, 1)],
            GOAL: mat.T_base_fixture.round(6).tolist(),
        }

    def judge(
        self,
        shown: Mapping[str, Any],
        embodiment: Embodiment,
        start: Truth,
        limits: TaskLimits,
        instruction: str = "",
        success_object: str = "",
    ) -> Judge:
        """Judge the tray; where the words are others than the scene's and name none, nobody can say."""
        own = instruction in ("", shown["instruction"]) or names(instruction)
        return TrayJudge(
            shown["target"],
            Receptacle.read(**shown[TRAY]),
            {name: Body(**values) for name, values in shown[BODIES].items()},
            shown[HANDLES],
            np.array(shown[GOAL]),
            [SceneObject.read(values) for values in shown["objects"]],
            start,
            self._openings(embodiment),
            cast(TrayLimits, limits),  # as self.limits returned them, or changed from these
            "" if own else "the instruction does not name the tray",
        )

    def _script(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        (mat,) = world.scene.fixtures
        return TrayExpert(world, models, mat.T_base_fixture)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        (mat,) = scene.fixtures
        color = scene.target_object.model.color
        return (f"take the {color} tray by the boards at its ends, one with each hand, and lift it level",
                f"carry it over the {mat.model.color} mat, put it down and take the hands away")  # fmt: skip
