# SPDX-License-Identifier: Apache-2.0
"""The task of bin picking: take one thing, whichever, out of a full tote and hold it while it is carried across."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, cast

import numpy as np

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.objects.totes import SOURCE, ToteSize
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.robots.tools.mounting import carried_tool
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneSets, check_set, load_sets
from vla_ros.sim.world import World
from vla_ros.tasks.bins.contents import KNOWN, TASK, bin_totes, narrow
from vla_ros.tasks.bins.expert import PickExpert
from vla_ros.tasks.bins.judge import PickJudge
from vla_ros.tasks.bins.limits import BinLimits
from vla_ros.tasks.bins.pack_expert import PackExpert
from vla_ros.tasks.bins.pack_judge import PackJudge
from vla_ros.tasks.bins.scenes import catalogue_of, floors, in_tote, sample_bin
from vla_ros.tasks.judging import Judge, TaskLimits, Truth
from vla_ros.tasks.placing.receptacles import Body
from vla_ros.tasks.task_files import TaskFiles

BODIES, TOTES, SIZE, THINGS = "bodies", "totes", "tote_size", "things"  # keys of a scene's facts


class BinPicking(TaskFiles[BinLimits]):
    """Pick one thing from a tote."""

    name = TASK
    limits_type = BinLimits
    judged_by: ClassVar[type[PickJudge]] = PickJudge
    summary = "take one thing out of the source tote, alone, and carry it across to the other tote"

    @property
    def sets(self) -> SceneSets:
        """Return the sets that bin picking and bin packing share."""
        return load_sets(TASK)

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return "one thing alone leaves the source tote and is still held when it is over the destination tote"

    @property
    def takes_cups(self) -> bool:
        """Say that any tool will do."""
        return True

    def check_target(self, name: str, scene: object) -> None:
        """Refuse: any thing counts. Raises ConfigError."""
        raise ConfigError(f"success_object '{name}': any thing in the tote counts: leave it out")

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, that no thing is asked for, and that the robot carries a tool. Raises ConfigError.

        A folder of objects is to hold one that fits into a tote.
        """
        check_set(self.sets, request.set_name)
        if request.target or request.place or request.by_part:
            raise ConfigError("target, place, by_part: any thing of a tote may be picked: leave them out")
        if not request.built_in:
            narrow(catalogue_of(request), KNOWN, request.stream)
        carried_tool(load_embodiment(request.robot))

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene with two totes."""
        check_set(self.sets, request.set_name)
        return sample_bin(request)

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return every object's hull, where the totes stand, how large they are, and what lies in the source."""
        return {
            BODIES: {one.name: dataclasses.asdict(Body.of(one.model)) for one in scene.objects},
            TOTES: {name: T.round(6).tolist() for name, T in floors(scene).items()},
            SIZE: dataclasses.asdict(bin_totes().size),
            THINGS: [one.name for one in in_tote(scene, SOURCE).objects],
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
        """Judge a pick, whatever the words are: any thing counts."""
        size = shown[SIZE]
        return self.judged_by(
            {name: np.array(T) for name, T in shown[TOTES].items()},
            ToteSize(tuple(size["inside"]), size["wall"]),
            {name: Body(**values) for name, values in shown[BODIES].items()},
            shown[THINGS],
            [SceneObject.read(values) for values in shown["objects"]],
            start,
            cast(BinLimits, limits),  # as self.limits returned them, or changed from these
        )

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return what picks with the truth: the best labelled candidate that the arm reaches."""
        return PickExpert(world, arm)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        return ("take any one thing out of the tote on the left, and carry it over the tote on the right",)


class BinPacking(BinPicking):
    """Pick one thing from a tote and put it into the other."""

    name = "bin_pack"
    judged_by = PackJudge
    summary = "take one thing out of the source tote, alone, and put it into the other tote"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            f"one thing alone leaves the source tote and lies still for {self.limits.rest_s:g} s in the destination "
            f"tote, at most {100 * self.limits.overflow_m:g} cm above its rim"
        )

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return what picks and places with the truth: the best labelled candidate, low and level."""
        return PackExpert(world, arm)

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        return ("take any one thing out of the tote on the left, and put it into the tote on the right",)
