# SPDX-License-Identifier: Apache-2.0
"""A policy that moves two hands as one, segment by segment; where what it did is not enough, it plans once more."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros.policies.capabilities.refusals import Answer, Refusals
from vla_ros.policies.observation import Observation
from vla_ros.sim.world import World
from vla_ros.tasks.two_hands.fingers import finger_corners
from vla_ros.tasks.two_hands.hands import Both, TwoArms


class SegmentScript(ABC):
    """Send what is left of the present segment of a motion, a chunk each; plan a motion where no segment is left."""

    TRIES = 3

    def __init__(self, world: World) -> None:
        self.world = world
        self.both = TwoArms(world.embodiment)
        self._corners = finger_corners(world, self.both.grippers[0].name)
        self.reset()

    @abstractmethod
    def _enough(self) -> bool:
        """Say, after a motion, whether nothing is left to do."""

    @abstractmethod
    def _motion(self, observation: Observation) -> list[list[Both]] | None:
        """Plan a motion from where the arms are, a segment a list; None with an `explanation` where there is none."""

    def reset(self) -> None:
        """Forget the episode."""
        self.explanation = ""  # why there is nothing to do, in words
        self._segments: list[list[Both]] = []
        self._sent: tuple[float, list[Both]] = (-np.inf, [])  # when the last chunk was, and its actions
        self._tries = self._sequence = 0
        self._refusals = Refusals()

    def chunk_refused(self, reason: str) -> None:
        """Take why control refused the last chunk: nothing of it is done."""
        self._sent = (np.inf, self._sent[1])
        self._refusals.hear(reason)

    def infer(self, observation: Observation) -> ActionChunk:
        """Return what is left of the present segment of the motion, else the next one."""
        (stamp, sent), answer = self._sent, self._refusals.answer()
        elapsed = max(0.0, observation.stamp - stamp) if sent else 0.0
        left = sent[round(elapsed / self.both.codec.period) :]
        status = TaskStatus.ONGOING
        if answer is Answer.PLAN_AGAIN:
            self._segments, left = [], []
        if answer is Answer.GIVE_UP:
            self.explanation, status = self._refusals.explanation, TaskStatus.INVALID
        elif not left:
            if not self._segments and self._tries < self.TRIES and not (self._tries > 0 and self._enough()):
                self._segments = self._plan(observation)
                self._tries += 1
            if self._segments:
                left = self._segments.pop(0)
            else:
                left = [Both(self.commanded(observation), self.both.width_max)]
                status = TaskStatus.INVALID if self.explanation else TaskStatus.TERMINATED
        self._sent = (observation.stamp, left)
        self._sequence += 1
        rows = np.array([self.both.values(one) for one in left])
        return self.both.codec.chunk_of_targets(observation, rows, status, self._sequence)

    def commanded(self, observation: Observation) -> tuple[np.ndarray, ...]:
        """Return where the tools are told to be, T_base_ee (4, 4) each."""
        return tuple(observation.commanded.arms[arm.name].T_base_ee for arm in self.both.arms)

    def can_follow(self, observation: Observation, segments: list[list[Both]]) -> bool:
        """Say whether the arms get along a motion from where they are."""
        return self.both.follow([step for segment in segments for step in segment], self._joints(observation))

    def swinging(self, observation: Observation, segments: list[list[Both]], seconds: float) -> list[list[Both]] | None:
        """Return a motion whose first segment goes by joints instead of straight; None where there is no such way."""
        last = segments[0][-1]
        first = self.both.swing(self._joints(observation), last.tools, last.width, seconds)
        return None if first is None else [first, *segments[1:]]

    def tip(self, tilt: float) -> float:
        """Return how far above the lowest point of the fingers the tool point is [m], of a hand that leans [rad]."""
        x, z = self._corners[:, 0], self._corners[:, 2]
        return float((np.cos(tilt) * z + np.sin(tilt) * np.abs(x)).max())

    def _joints(self, observation: Observation) -> list[np.ndarray]:
        return [observation.state.arms[arm.name].q for arm in self.both.arms]

    def _plan(self, observation: Observation) -> list[list[Both]]:
        self.both.stand(self.world)
        segments = self._motion(observation)
        if segments is None:
            return []
        self.explanation = ""
        return segments
