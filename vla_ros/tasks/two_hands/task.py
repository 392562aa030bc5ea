# SPDX-License-Identifier: Apache-2.0
"""What tasks of one robot with two hands and one given thing refuse alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import check_two_hands
from vla_ros.tasks.task_files import Limits, TaskFiles


class TwoHandedTask(TaskFiles[Limits]):
    """A task whose scene holds one thing to act on and whose expert is of the whole robot."""

    thing: ClassVar[str]  # "the parcel"
    held: ClassVar[str] = "has no parts"  # why none of its parts can be named

    def check_target(self, name: str, scene: object) -> None:
        """Refuse: there is one thing. Raises ConfigError."""
        raise ConfigError(f"success_object '{name}': {self.thing} is given: leave it out")

    def check(self, request: SceneRequest) -> None:
        """Check the set's name, that nothing is asked of other objects, and that there are two hands.

        Raises ConfigError.
        """
        check_set(self.sets, request.set_name)
        if request.by_part:
            raise ConfigError(f"by_part: {self.thing} {self.held}: leave it out, or take task grasping")
        if request.objects or request.target or request.place:
            raise ConfigError(f"objects, target, place: {self.thing} is given: leave them out, or take task grasping")
        check_two_hands(request.robot, self.name)

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Refuse: one arm cannot. Raises ConfigError."""
        raise ConfigError(f"task {self.name} takes two hands: its expert is of the whole robot")

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that does it with the truth; `models`: each arm's, by name."""
        check_two_hands(world.embodiment.source, self.name)
        return self._script(world, models)

    def _script(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        raise NotImplementedError

    @staticmethod
    def _openings(embodiment: Embodiment) -> dict[str, float]:
        """Return how far each gripper opens [m], by name."""
        return {gripper.name: gripper.width_max for gripper in embodiment.grippers}
