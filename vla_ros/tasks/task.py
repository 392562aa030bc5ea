# SPDX-License-Identifier: Apache-2.0
"""What a task is to everything that runs one: scenes, a judge, an expert. docs/add_a_task.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Protocol

from controllers.arm.model import ArmModel
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneSets
from vla_ros.sim.world import World
from vla_ros.tasks.judging import Judge, TaskLimits, Truth


class Task(Protocol):
    """One task, without state."""

    @property
    def summary(self) -> str:
        """Say in a line what is to be done."""

    @property
    def success(self) -> str:
        """Say what counts as success."""

    @property
    def sets(self) -> SceneSets:
        """Return what scenes are drawn from, and the sets by name."""

    @property
    def limits(self) -> TaskLimits:
        """Return limits and thresholds, as config/tasks gives them."""

    @property
    def takes_several(self) -> bool:
        """Say whether its judge takes an instruction of several sentences, one after the other."""

    @property
    def takes_cups(self) -> bool:
        """Say whether a robot without a parallel gripper can do it, by suction cups."""

    def check_target(self, name: str, scene: Scene) -> None:
        """Check `success_object`, an operator's choice of what counts. Raises ConfigError with what there is."""

    def check(self, request: SceneRequest) -> None:
        """Check what can be checked before a scene is drawn. Raises ConfigError for what the task has not."""

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene: a pure function of the request.

        Raises ConfigError for names it does not know and for what the task has not.
        """

    def facts(self, scene: Scene) -> Mapping[str, Any]:
        """Return what the judge needs to know of a scene beside its objects' names: plain values for JSON."""

    def judge(
        self,
        shown: Mapping[str, Any],
        embodiment: Embodiment,
        start: Truth,
        limits: TaskLimits,
        instruction: str = "",
        success_object: str = "",
    ) -> Judge:
        """Return the judge of an episode that begins now.

        `shown` is a scene as `announcement` returns it. `instruction`: what is really requested; empty: the scene's
        own. `success_object`: the object that counts, whatever is requested.
        """

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Return the scripted expert: the only policy that may know the truth."""

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator, a line each, what to do in a scene."""
