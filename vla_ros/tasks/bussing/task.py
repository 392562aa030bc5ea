# SPDX-License-Identifier: Apache-2.0
"""The task of bussing: a table is cleared, tableware onto the tray or into the box, waste into the bin."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, cast

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.bussing.expert import BussingExpert
from vla_ros.tasks.bussing.judge import BussingJudge
from vla_ros.tasks.bussing.limits import BussingLimits
from vla_ros.tasks.bussing.requests import BussingRequest, meant, scene_requests, there
from vla_ros.tasks.bussing.scenes import sample_bussing
from vla_ros.tasks.bussing.things import TASK, asked_by, receptacles_of
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.placing.receptacles import Body, Receptacle
from vla_ros.tasks.task_files import TaskFiles

REQUESTS, BODIES, PLACES = "requests", "bodies", "receptacles"  # keys of a scene's facts


class Bussing(TaskFiles[BussingLimits]):
    """Clear a table that is wider than the robot reaches."""

    name = TASK
    limits_type = BussingLimits
    summary = (
        "clear the table: tableware onto the tray or into the box, waste into the bin, the base driving between them"
    )

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"everything that is asked for rests in its receptacle for {self.limits.hold_s:g} s, no closed hand at it; "
            f"what is not there is asked for: nothing is moved for {self.limits.refrain_s:g} s"
        )

    @property
    def takes_several(self) -> bool:
        """Say that the judge takes one sentence after the other."""
        return True

    def check_target(self, name: str, scene: Scene) -> None:
        """Refuse: all things count. Raises ConfigError."""
        raise ConfigError(f"success_object '{name}': everything on the table counts: leave it out")

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, what is requested of objects, and that the robot drives. Raises ConfigError."""
        self._check_scene(request)
        check_drives(request.robot)

    def _check_scene(self, request: SceneRequest) -> None:
        asked_by(request.set_name)
        if request.by_part:
            raise ConfigError("by_part: bussing asks for whole objects: leave it out, or take task grasping")
        if request.place:
            raise ConfigError("place: bussing puts a receptacle at either end of the table: leave it out")
        if not request.built_in:
            raise ConfigError("objects: bussing knows where the built-in objects belong alone: leave it out")

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene of the built-in objects; a robot that stands still can be shown one as well."""
        self._check_scene(request)
        return sample_bussing(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return what is asked for, every object's hull, and floor and outline of the receptacles."""
        receptacles = receptacles_of(one.model.category for one in scene.objects)
        return {
            REQUESTS: [dataclasses.asdict(one) for one in scene_requests(scene)],
            BODIES: {one.name: dataclasses.asdict(Body.of(one.model)) for one in scene.objects},
            PLACES: {
                one.name: dataclasses.asdict(Receptacle.of(one.model))
                for one in scene.objects
                if one.model.category in receptacles
            },
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
        """Judge by the scene's own requests for its own sentences, else by what the words mean."""
        if success_object:
            raise ConfigError(f"success_object '{success_object}': everything on the table counts: leave it out")
        objects = [SceneObject.read(values) for values in shown["objects"]]
        own = [BussingRequest(**values) for values in shown[REQUESTS]]
        requests = meant(instruction, objects, shown["nouns"], own)
        bodies = {name: Body(**values) for name, values in shown[BODIES].items()}
        receptacles = {name: Receptacle.read(**values) for name, values in shown[PLACES].items()}
        hands = {one.name: (one.arm, one.width_max) for one in embodiment.grippers}
        thresholds = cast(BussingLimits, limits)  # as self.limits returned them, or changed from these
        return BussingJudge(requests, objects, bodies, receptacles, start, hands, thresholds)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return the script that clears with the truth, by one arm."""
        check_drives(world.embodiment.source)
        return BussingExpert(world, {world.embodiment.arm_with(arm.joints).name: arm})

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that clears with the truth, each thing by the hand that has the shorter way."""
        check_drives(world.embodiment.source)
        return BussingExpert(world, models)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        _, goal = receptacles_of(one.model.category for one in scene.objects)
        return (f"put the cups, mugs, bowls, spoons and forks {there(goal)}, one by one",
                "put everything else into the bin",
                "drive to the end of the table where you do not reach")  # fmt: skip


def check_drives(robot: str) -> None:
    """Raise ConfigError for a robot without a base that goes sideways, or without a gripper."""
    embodiment = load_embodiment(robot)
    if embodiment.base is None or embodiment.base.kind != "holonomic" or not embodiment.grippers:
        raise ConfigError(f"task {TASK} takes a base that drives sideways and a gripper, which robot '{robot}' has not")
