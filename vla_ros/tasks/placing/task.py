# SPDX-License-Identifier: Apache-2.0
"""The task of placing: put the named object into or onto the named receptacle."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any, cast

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.policies.geometric.placing_language import split_placing
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.referring.meaning import Meaning, meaning, object_name
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.placing.expert import PlacingExpert
from vla_ros.tasks.placing.instructions import placing_wording
from vla_ros.tasks.placing.judge import PlaceJudge
from vla_ros.tasks.placing.limits import PlaceLimits
from vla_ros.tasks.placing.receptacles import HOLLOW, Body, Receptacle
from vla_ros.tasks.placing.scenes import sample_placing
from vla_ros.tasks.task_files import TaskFiles

GOAL, BODIES, RECEPTACLES = "goal", "bodies", "receptacles"  # keys of a scene's facts


class Placing(TaskFiles[PlaceLimits]):
    """Put one object into or onto another."""

    name = "placing"
    limits_type = PlaceLimits
    summary = "put the object that the instruction names into or onto the receptacle that it names"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"the named object rests in the named receptacle for {self.limits.hold_s:g} s, its middle inside the "
            f"outline and nothing of it below the floor, the hand open and {100 * self.limits.away_m:g} cm away"
        )

    def check_target(self, name: str, scene: Scene) -> None:
        """Check that an object is in a scene and no receptacle to be filled. Raises ConfigError with those that are."""
        object_name(name, [placed.name for placed in scene.objects if placed.name != scene.goal])

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, and that whole built-in objects are requested. Raises ConfigError."""
        check_set(self.sets, request.set_name)
        if request.by_part:
            raise ConfigError("by_part: placing asks for whole objects: leave it out, or take task grasping")
        if not request.built_in:
            raise ConfigError("objects: placing knows the room of the built-in objects alone: leave it out")

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene of the built-in objects and receptacles."""
        self.check(request)
        return sample_placing(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return the goal, every object's hull, and floor and outline of what can be put into."""
        return {
            GOAL: scene.goal,
            BODIES: {one.name: dataclasses.asdict(Body.of(one.model)) for one in scene.objects},
            RECEPTACLES: {
                one.name: dataclasses.asdict(Receptacle.of(one.model))
                for one in scene.objects
                if one.name == scene.goal or one.model.category in HOLLOW
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
        """Judge by the scene's own object and goal for its own sentence, else by what the words mean."""
        objects = [SceneObject.read(values) for values in shown["objects"]]
        known = {item.name: item for item in objects}
        if instruction in ("", shown["instruction"]):
            thing, goal = Meaning((known[shown["target"]],)), Meaning((known[shown[GOAL]],))
        else:
            phrases = split_placing(instruction)
            if phrases is None:
                doubt = "the instruction does not say what is to be put where"
                thing = goal = Meaning((), tuple(objects), doubt)
            else:
                thing, goal = (meaning(f"the {one}", objects, shown["nouns"]) for one in (phrases.thing, phrases.goal))
        if success_object:
            thing = Meaning((known[object_name(success_object, known)],))
        openings = {gripper.name: gripper.width_max for gripper in embodiment.grippers}
        bodies = {name: Body(**values) for name, values in shown[BODIES].items()}
        receptacles = {name: Receptacle.read(**values) for name, values in shown[RECEPTACLES].items()}
        thresholds = cast(PlaceLimits, limits)  # as self.limits returned them, or changed from these
        return self._judge_of(embodiment)(thing, goal, objects, bodies, receptacles, start, openings, thresholds)

    def _judge_of(self, embodiment: Embodiment) -> Callable[..., Judge]:
        """Return what makes the judge of what is meant, for a robot."""
        return PlaceJudge

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return the script that grasps and places with the truth."""
        return PlacingExpert(world, arm)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        goal = next(placed.model for placed in scene.objects if placed.name == scene.goal)
        thing, into = scene.target_object.model, placing_wording().into[goal.category][0]
        return (f"put the {thing.color_phrase} {thing.category} {into} the {goal.color_phrase} {goal.category}",
                "let go of it and take the hand away")  # fmt: skip
