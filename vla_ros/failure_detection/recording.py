# SPDX-License-Identifier: Apache-2.0
"""A wrapper that notes a policy's features, how much chunks disagree and what it doubts itself. It changes nothing.

Shape legend: T inferences, F numbers of a feature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk, ChannelKind, pose_channels
from controllers.errors import ConfigError
from vla_ros.failure_detection.rollout import Episode, RecordedRollout
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.features import FeatureProvider
from vla_ros.policies.capabilities.reasoning import Reasoner, Reasoning
from vla_ros.policies.chunking.sampling import covers, sample_chunk
from vla_ros.policies.chunking.similarity import LEVER
from vla_ros.policies.observation import Observation

SCALES = {ChannelKind.POSITION: 1.0, ChannelKind.JOINT: LEVER, ChannelKind.GRIPPER: 1.0}  # to [m]


@dataclass(frozen=True, eq=False)
class NotedInferences:
    """What was noted of the inferences of an attempt, as `RecordedRollout` has it."""

    features: np.ndarray  # (T, F)
    times: np.ndarray  # (T,) [s]
    disagreement: np.ndarray  # (T,) [m]
    doubt: np.ndarray  # (T,)

    def at(self, rows: np.ndarray) -> NotedInferences:
        """Return some of them."""
        return NotedInferences(self.features[rows], self.times[rows], self.disagreement[rows], self.doubt[rows])


class FeatureRecorder:
    """A policy that keeps what a detector learns from."""

    def __init__(self, policy: Policy) -> None:
        """Raises ConfigError for a policy that has no features."""
        provider = capability(policy, FeatureProvider)
        if provider is None:
            raise ConfigError(
                f"{type(policy).__name__} shows no features, so nothing can be recorded: take a learned policy, such "
                "as --policy graspvla"
            )
        self.policy, self._provider = policy, provider
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.policy.reset()
        self.forget()

    def forget(self) -> None:
        """Forget what was noted; the policy is left as it is."""
        self._features: list[np.ndarray | None] = []
        self._times: list[float] = []
        self._disagreement: list[float] = []
        self._doubt: list[float] = []
        self._last: ActionChunk | None = None

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the policy's chunk."""
        chunk = self.policy.infer(observation)
        self._features.append(self._provider.features)
        self._times.append(observation.stamp)
        self._disagreement.append(chunk_disagreement(self._last, chunk))
        reasoner = capability(self.policy, Reasoner)
        self._doubt.append(choice_doubt(None if reasoner is None else reasoner.reasoning))
        self._last = chunk
        return chunk

    def noted(self, size: int = 0) -> NotedInferences:
        """Return what was noted since the last reset, with features of `size` numbers where none were shown.

        Raises ConfigError for features of another size, where one is given.
        """
        shown = next((len(features) for features in self._features if features is not None), size)
        if size and shown != size:
            raise ConfigError(f"the policy's features are {shown} numbers, the detector is of {size}: train it anew")
        rows = np.full((len(self._features), shown), np.nan, np.float32)
        for row, features in zip(rows, self._features, strict=True):
            if features is not None:
                row[:] = features
        return NotedInferences(
            rows,
            np.array(self._times),
            np.array(self._disagreement, np.float32),
            np.array(self._doubt, np.float32),
        )

    def rollout(self, episode: Episode) -> RecordedRollout:
        """Return what was noted since the last reset as a roll-out."""
        noted = self.noted()
        return RecordedRollout(episode, noted.features, noted.times, noted.disagreement, noted.doubt)


def choice_doubt(reasoning: Reasoning | None) -> float:
    """Return how little the thing that fits best stands out, 0…1, in the camera where it does least; NaN for nothing.

    1 less the margin between the two best candidates: what a policy without tokens has for their uncertainty.
    """
    scores = [] if reasoning is None else [np.sort(boxes[:, 4])[::-1] for boxes in reasoning.candidates.values()]
    doubts = [1.0 - float(found[0] - (found[1] if len(found) > 1 else 0.0)) for found in scores if len(found)]
    return max(doubts, default=float("nan"))


def chunk_disagreement(before: ActionChunk | None, chunk: ActionChunk) -> float:
    """Return how far two consecutive chunks lie apart where both say something [m], on average; NaN where they do not.

    STAC (Agia et al. 2024) compares distributions of many samples by such distances; this is its form for one sample.
    A rotation counts as `similarity.LEVER` says; velocities and the task status take no part.
    """
    if before is None or before.channels != chunk.channels:
        return float("nan")
    stamps = chunk.stamp + chunk.times
    stamps = stamps[covers(before, stamps)]
    if len(stamps) == 0:
        return float("nan")
    was, now = sample_chunk(before, stamps), sample_chunk(chunk, stamps)
    parts = [
        scale * (now[:, column] - was[:, column])
        for column, kind in enumerate(chunk.kinds)
        if (scale := SCALES.get(kind)) is not None
    ]
    for arm in chunk.arms:
        columns = [chunk.channels.index(name) for name in pose_channels(arm)[3:]]
        turned = Rotation.from_quat(now[:, columns]) * Rotation.from_quat(was[:, columns]).inv()
        parts.append(LEVER * turned.magnitude())
    return float(np.linalg.norm(parts, axis=0).mean()) if parts else float("nan")
