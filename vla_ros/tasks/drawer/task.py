# SPDX-License-Identifier: Apache-2.0
"""The drawer task: open the named drawer, put the named object in, close it."""

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
from vla_ros.tasks.drawer.drawers import Drawer, asked_drawer, drawers_of, scene_drawers
from vla_ros.tasks.drawer.expert import DrawerExpert
from vla_ros.tasks.drawer.instructions import meant_drawers, thing_phrase
from vla_ros.tasks.drawer.judge import DrawerJudge
from vla_ros.tasks.drawer.limits import DrawerLimits
from vla_ros.tasks.drawer.scenes import sample_drawer
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.named_things import NamedThing, scene_things
from vla_ros.tasks.placing.receptacles import Body
from vla_ros.tasks.task_files import TaskFiles

GOAL, BODIES, DRAWERS = "goal", "bodies", "drawers"  # keys of a scene's facts


class PuttingAway(TaskFiles[DrawerLimits]):
    """Put an object into a drawer."""

    name = "drawer"
    limits_type = DrawerLimits
    summary = "open the drawer that the instruction names, put the object that it names in, close it"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        limits = self.limits
        return (
            f"the named object lies in the named drawer, which was opened and is closed to {100 * limits.closed_m:g} "
            f"cm, the hand {100 * limits.away_m:g} cm from the handle, for {limits.hold_s:g} s"
        )

    def check_target(self, name: str, scene: Scene) -> None:
        """Check that an object is in a scene. Raises ConfigError with those that are."""
        object_name(name, [placed.name for placed in scene.objects])

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, and that whole built-in objects are requested. Raises ConfigError."""
        check_set(self.sets, request.set_name)
        if request.by_part:
            raise ConfigError("by_part: the drawer task asks for whole objects: leave it out, or take task grasping")
        if not request.built_in:
            raise ConfigError("objects: the drawer task takes built-in objects, whose size it knows: leave it out")

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene of a cabinet and built-in objects."""
        self.check(request)
        return sample_drawer(request)

    def things(self, scene: Scene) -> tuple[NamedThing, ...]:
        """Return objects and cabinet, and each drawer by its place."""
        drawers = (
            NamedThing(drawer.joint, placed.model.color, "drawer", drawer.name)
            for placed in scene.fixtures
            for drawer in drawers_of(placed)
        )
        return (*scene_things(scene), *drawers)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the joint of the drawer that is meant, all drawers, and every object's hull."""
        return {
            GOAL: scene.goal,
            DRAWERS: [dataclasses.asdict(drawer) for drawer in scene_drawers(scene)],
            BODIES: {one.name: dataclasses.asdict(Body.of(one.model)) for one in scene.objects},
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
        """Judge by the scene's own object and drawer for its own sentence, else by what the words mean."""
        objects = [SceneObject.read(values) for values in shown["objects"]]
        drawers = {drawer.joint: drawer for drawer in map(Drawer.read, shown[DRAWERS])}
        if instruction in ("", shown["instruction"]):
            thing = Meaning(tuple(item for item in objects if item.name == shown["target"]))
            named: Collection[str] = (shown[GOAL],)
        else:
            phrase = thing_phrase(instruction)
            named = [drawer.joint for drawer in meant_drawers(instruction, tuple(drawers.values()))]
            if phrase is None:
                thing = Meaning((), tuple(objects), "the instruction does not say what is to be put where")
            else:
                thing = meaning(phrase, objects, shown["nouns"])
        if success_object:
            known = {item.name: item for item in objects}
            thing = Meaning((known[object_name(success_object, known)],))
        openings = {gripper.name: gripper.width_max for gripper in embodiment.grippers}
        bodies = {name: Body(**values) for name, values in shown[BODIES].items()}
        thresholds = cast(DrawerLimits, limits)  # as self.limits returned them, or changed from these
        return DrawerJudge(thing, drawers, named, objects, bodies, start, openings, thresholds)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return the script that opens, puts in and closes with the truth."""
        return DrawerExpert(world, arm)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        drawer, thing = asked_drawer(scene), scene.target_object.model
        return (
            f"pull the {drawer.name} open by its handle",
            f"put the {thing.color_phrase} {thing.category} into it and let go",
            "push the drawer closed and take the hand away",
        )
