# SPDX-License-Identifier: Apache-2.0
"""What is done at an alarm: tell, pause and ask a person, or let go, go back and try again.

A policy around the policy, so that it does the same in lockstep, where its worth is measured, and on the graph.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from controllers.chunks.chunk import ActionChunk, ChannelKind
from vla_ros.failure_detection.online.alarm_config import HOME, PAUSE, TELL, AlarmConfig
from vla_ros.failure_detection.online.monitor import FailureMonitor
from vla_ros.failure_detection.online.way_back import TakenPlaces, WayBack, held_arms, kept_suction, way_back
from vla_ros.policies.capabilities.failure_score import GOING_BACK, WAITING, FailureScore
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment

HOLD_S = 1.0  # [s] of a chunk that holds


class WatchedPolicy:
    """A policy whose alarms have consequences."""

    def __init__(self, monitor: FailureMonitor, embodiment: Embodiment, config: AlarmConfig) -> None:
        self.policy, self._embodiment, self._config = monitor, embodiment, config
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.policy.reset()
        self.failure_score: FailureScore | None = None
        self._ways = 0
        self._way: WayBack | None = None
        self._waits: ActionChunk | None = None  # the chunk that was not executed
        self._may_go_on = False
        self._overruled = False  # a person said that it may go on
        self._began: dict[str, np.ndarray] | None = None  # arm → tool pose (4, 4) at the episode's start
        self._taken = TakenPlaces()

    def resume(self) -> bool:
        """Have the next inference begin another attempt, where a person is waited for; say whether. From any thread.

        A person's word counts for the rest of the episode: alarms are told, and stop nothing any more.
        """
        self._may_go_on = self._waits is not None
        return self._may_go_on

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the policy's chunk, or what is done instead of it."""
        if self._began is None:
            self._began = {name: arm.T_base_ee for name, arm in observation.commanded.arms.items()}
        if self._way is not None and self._way.is_left(observation.stamp, observation.commanded):
            self._waits = self._way.rest(observation.stamp)
            self._way = None
        if self._way is not None:
            if observation.stamp < self._way.end:
                self._say(observation.stamp, GOING_BACK)
                return self._way.rest(observation.stamp)
            self._way = None
            self._try_again()
        if self._may_go_on:
            self._may_go_on, self._waits, self._overruled = False, None, True
            self._try_again()
        if (waits := self._waits) is not None:
            self._say(observation.stamp, WAITING)
            return _held(observation, waits)
        self._taken.note(self._embodiment, observation.state, observation.commanded)
        chunk = self.policy.infer(observation)
        score = self.policy.failure_score
        assert score is not None
        self.failure_score = score
        return self._reaction(observation, chunk) if score.alarm else chunk

    def _reaction(self, observation: Observation, chunk: ActionChunk) -> ActionChunk:
        config = self._config
        if config.reaction == TELL or self._overruled:
            return chunk
        taken = self._taken.places(observation.state.base)
        held = held_arms(self._embodiment, observation.state, observation.commanded)
        known = held <= taken.keys() & set(chunk.arms)  # else it would be let go in the air
        if config.reaction != PAUSE and self._ways < config.attempts and chunk.arms and known:
            self._ways += 1
            home = self._began if config.reaction == HOME else None
            self._way = way_back(self._embodiment, observation.state, observation.commanded, taken, home, chunk)
            self._say(observation.stamp, GOING_BACK)
            return self._way.rest(observation.stamp)
        self._waits = chunk
        self._say(observation.stamp, WAITING)
        return _held(observation, chunk)

    def _try_again(self) -> None:
        self.policy.try_again()
        self._taken = TakenPlaces()

    def _say(self, stamp: float, doing: str) -> None:
        assert self.failure_score is not None
        self.failure_score = dataclasses.replace(self.failure_score, stamp=stamp, doing=doing)


def _held(observation: Observation, like: ActionChunk) -> ActionChunk:
    """Return a chunk of the same channels that holds what is commanded, with every velocity 0."""
    told = {**kept_suction(observation.state), **observation.commanded.values}
    row = [
        0.0 if kind in (ChannelKind.VELOCITY, ChannelKind.STATUS) else told.get(name, float(value))
        for name, kind, value in zip(like.channels, like.kinds, like.values[0], strict=True)
    ]
    return ActionChunk(
        observation.stamp,
        like.frame_id,
        like.channels,
        np.array([0.0, HOLD_S]),
        np.tile(row, (2, 1)),
        riding=like.riding,
    )
