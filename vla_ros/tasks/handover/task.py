# SPDX-License-Identifier: Apache-2.0
"""The task of handing over: pass the named object from hand to hand and put it into the named receptacle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import check_set
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import check_two_hands
from vla_ros.tasks.handover.expert import HandoverExpert, likelier_giver
from vla_ros.tasks.handover.judge import HandoverJudge
from vla_ros.tasks.handover.limits import HandoverLimits
from vla_ros.tasks.handover.scenes import TASK, sample_handover
from vla_ros.tasks.judging import Judge
from vla_ros.tasks.placing.task import Placing


class Handover(Placing):
    """Put one object into or onto another that only the other hand reaches."""

    name = TASK
    limits_type = HandoverLimits
    summary = "pass the object that the instruction names from hand to hand, and put it into the receptacle"

    @property
    def success(self) -> str:
        """Say what counts as success."""
        return (
            "the named object was lifted by one hand, held by both, then by the other alone, never dropped, and rests "
            f"in the named receptacle for {self.limits.hold_s:g} s, the hands open and "
            f"{100 * self.limits.away_m:g} cm away"
        )

    def check(self, request: SceneRequest) -> None:
        """Check what placing checks, and that the robot has two hands. Raises ConfigError."""
        self._check_scene(request)
        check_two_hands(request.robot, TASK)

    def _check_scene(self, request: SceneRequest) -> None:
        check_set(self.sets, request.set_name)
        if request.by_part:
            raise ConfigError("by_part: a handover asks for whole objects: leave it out, or take task grasping")
        if not request.built_in:
            raise ConfigError("objects: a handover knows the room of the built-in objects alone: leave it out")

    def scene(self, request: SceneRequest) -> Scene:
        """Draw a scene of the built-in objects; before a robot of one arm all is in that arm's reach."""
        self._check_scene(request)
        return sample_handover(request)

    def _judge_of(self, embodiment: Embodiment) -> Callable[..., Judge]:
        return partial(HandoverJudge, arms={gripper.name: gripper.arm for gripper in embodiment.grippers})

    def expert(self, world: World, arm: ArmModel) -> Policy:
        """Refuse: one arm cannot. Raises ConfigError."""
        raise ConfigError("a handover takes two hands: its expert is of the whole robot")

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that hands over with the truth."""
        check_two_hands(world.embodiment.source, TASK)
        return HandoverExpert(world, models, likelier_giver(world))

    def prompts(self, scene: Scene) -> Collection[str]:
        """Tell an operator what to do."""
        thing = scene.target_object.model
        goal = next(placed.model for placed in scene.objects if placed.name == scene.goal)
        what, where = (f"the {one.color_phrase} {one.category}" for one in (thing, goal))
        return (f"lift {what} by one end with the hand that is near it",
                "take it by its other end with the other hand, and let go with the first",
                f"put it into {where} and take the hand away")  # fmt: skip
