# SPDX-License-Identifier: Apache-2.0
"""Combine each new chunk with the older ones that also say something about its times."""

from __future__ import annotations

import dataclasses
from collections import deque

import numpy as np

from controllers.chunks.chunk import ActionChunk, ChannelKind, TaskStatus
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.averaging import average
from vla_ros.policies.chunking.sampling import covers, sample_chunk
from vla_ros.policies.chunking.similarity import motions
from vla_ros.policies.chunking.weighting import Weighting
from vla_ros.policies.observation import Observation


class Ensemble:
    """A policy's chunks, averaged over what it said before about the same instants.

    Needs a policy that is asked more often than its chunks are long. Positions, joints and velocities are averaged,
    rotations on SO(3); gripper and status are the newest word. A chunk that ends the task, or finds it invalid, goes
    through as it is, and what was said before is forgotten.
    """

    def __init__(self, policy: Policy, weighting: Weighting) -> None:
        self.policy = policy
        self._weighting = weighting
        self._older: deque[ActionChunk] = deque(maxlen=max(0, weighting.window - 1))
        self._commanded: ActionChunk | None = None  # the last chunk that went out

    def reset(self) -> None:
        """Forget the episode."""
        self.policy.reset()
        self._forget()

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the combined chunk, at the newest one's times."""
        newest = self.policy.infer(observation)
        if self._older and not _compatible(self._older[-1], newest):
            self._forget()
        if not _ongoing(newest):
            self._forget()
            return newest
        combined = self._combine(newest)
        self._older.append(newest)
        self._commanded = combined
        return combined

    def _forget(self) -> None:
        self._older.clear()
        self._commanded = None

    def _combine(self, newest: ActionChunk) -> ActionChunk:
        stamps = newest.stamp + newest.times
        known = [(older, covers(older, stamps)) for older in self._older]
        known = [(older, where) for older, where in known if where.any()]
        if not known or self._commanded is None:
            return newest
        predictions = np.stack([*(sample_chunk(older, stamps) for older, _ in known), newest.values])
        present = np.stack([*(where for _, where in known), np.ones(len(stamps), dtype=bool)])
        anchor = sample_chunk(self._commanded, np.array([newest.stamp]))[0]
        weights = self._weighting.weights(motions(predictions, anchor, newest), present)
        known_until = int(np.argmin(np.append(weights.sum(axis=0) > 0.0, False)))
        if not known_until:  # older chunks that win begin later
            return newest
        kept = slice(0, known_until)
        values = average(predictions[:, kept], weights[:, kept], newest)
        return dataclasses.replace(newest, times=newest.times[kept], values=values)


def _ongoing(chunk: ActionChunk) -> bool:
    statuses = [column for column, kind in enumerate(chunk.kinds) if kind is ChannelKind.STATUS]
    return bool((chunk.values[:, statuses].round() == TaskStatus.ONGOING.value).all())


def _compatible(older: ActionChunk, newest: ActionChunk) -> bool:
    """Say whether two chunks are of one episode and speak of the same things; time going back means another run."""
    return (
        older.channels == newest.channels
        and older.frame_id == newest.frame_id
        and older.instruction == newest.instruction
        and older.stamp < newest.stamp
    )
