# SPDX-License-Identifier: Apache-2.0
"""An expert for each arm that holds a gripper: the first that finds a way acts, the others wait at home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World
from vla_ros.tasks.task import Task


class EitherHand:
    """Act by the first of several experts that finds a way, for the whole episode: two hands at one object fight."""

    def __init__(self, experts: Sequence[Policy]) -> None:
        """Take the experts in the order in which they are tried."""
        self._experts = tuple(experts)
        self.policy = self._experts[0]  # that acts, or whose word counts until one does
        self._chosen = False

    def reset(self) -> None:
        """Forget the episode."""
        for expert in self._experts:
            expert.reset()
        self.policy, self._chosen = self._experts[0], False

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the acting expert's actions; while nobody has found a way, the first one's refusal."""
        if self._chosen:
            return self.policy.infer(observation)
        chunks = []
        for expert in self._experts:
            chunk = expert.infer(observation)
            if chunk.status is not TaskStatus.INVALID:
                self.policy, self._chosen = expert, True
                return chunk
            chunks.append(chunk)
        return chunks[0]


@runtime_checkable
class TwoHanded(Protocol):
    """What a task has beside a `Task` whose expert moves two hands at once."""

    def two_handed_expert(self, world: World, models: Mapping[str, ArmModel]) -> Policy:
        """Return the script that moves both hands; `models`: each arm's, by name."""


def task_expert(task: Task, world: World, models: Mapping[str, ArmModel]) -> Policy:
    """Return a task's expert in a world, of both hands or for whichever arm can; `models`: each arm's, by name."""
    if isinstance(task, TwoHanded):
        return task.two_handed_expert(world, models)
    experts = [task.expert(world, models[arm]) for arm in nearest_first(world)]
    return experts[0] if len(experts) == 1 else EitherHand(experts)


def nearest_first(world: World) -> list[str]:
    """Name the arms that hold a parallel gripper, or all where none does, nearest first to target and goal."""
    robot, scene = world.embodiment, world.scene
    places = [world.body_pose(name)[:2, 3] for name in (scene.target, scene.goal) if name]

    def distance(arm: str) -> float:
        reach = robot.arm(arm).reach
        shoulder = world.tool_pose(arm)[:2, 3] if reach is None else np.array(reach.axis)
        return max((float(np.linalg.norm(place - shoulder)) for place in places), default=0.0)

    return sorted([gripper.arm for gripper in robot.grippers] or [arm.name for arm in robot.arms], key=distance)


def check_two_hands(robot: str, task: str) -> None:
    """Raise ConfigError for a robot that has no two arms with parallel grippers."""
    grippers = load_embodiment(robot).grippers
    if len({gripper.arm for gripper in grippers}) < 2:
        raise ConfigError(f"task {task} takes two hands, and robot '{robot}' has {len(grippers)} with a gripper")
