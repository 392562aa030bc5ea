# SPDX-License-Identifier: Apache-2.0
"""An expert for each arm that holds a gripper: the first that finds a way acts, the others wait where they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation
from vla_ros.sim.world import World


class EitherHand:
    """Act by one of several experts, as long as it finds a way; then by the first of the others that does."""

    def __init__(self, experts: Sequence[Policy]) -> None:
        """Take the experts in the order in which they are tried."""
        self._experts = tuple(experts)
        self.policy = self._experts[0]  # that acts

    def reset(self) -> None:
        """Forget the episode."""
        for expert in self._experts:
            expert.reset()
        self.policy = self._experts[0]

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the actions of whoever finds a way; the acting one's chunk where nobody does."""
        chunk = self.policy.infer(observation)
        if chunk.status is not TaskStatus.INVALID:
            return chunk
        for expert in self._experts:
            if expert is self.policy:
                continue
            other = expert.infer(observation)
            if other.status is not TaskStatus.INVALID:
                self.policy = expert
                return other
        return chunk


def nearest_first(world: World) -> list[str]:
    """Name the arms with a parallel gripper, that whose shoulder is nearest to the scene's target first."""
    robot, target = world.embodiment, world.scene.target
    arms = [gripper.arm for gripper in robot.grippers]
    if not target:
        return arms
    place = world.object_pose(target)[:2, 3]

    def distance(arm: str) -> float:
        reach = robot.arm(arm).reach
        shoulder = world.tool_pose(arm)[:2, 3] if reach is None else np.array(reach.axis)
        return float(np.linalg.norm(place - shoulder))

    return sorted(arms, key=distance)
