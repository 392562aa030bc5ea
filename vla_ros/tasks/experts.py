# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of a task for a whole robot: one script for all its hands, or that of the hand that finds a way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from controllers.arm.model import ArmModel
from vla_ros.policies.base import Policy
from vla_ros.sim.world import World
from vla_ros.tasks.either_hand import EitherHand, nearest_first
from vla_ros.tasks.task import Task


@runtime_checkable
class TwoHanded(Protocol):
    """What a task has beside a `Task` whose expert moves two hands at once."""

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that moves both hands. `models` are the robot's arms by name."""


def expert_of(task: Task, world: World, models: Mapping[str, ArmModel]) -> Policy:
    """Return what plays a task with the truth: with both hands, the only one, or the first that finds a way."""
    if isinstance(task, TwoHanded):
        return task.two_handed_expert(world, models)
    experts = [task.expert(world, models[arm]) for arm in nearest_first(world)]
    return experts[0] if len(experts) == 1 else EitherHand(experts)
