# SPDX-License-Identifier: Apache-2.0
"""A policy whose every inference is scored. It changes nothing.

Scores are those of `vla detect evaluate`, by the same code: the attempt so far is scored anew after each inference.
Shape legend: T steps.
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.failure_detection.batch import RolloutBatch
from vla_ros.failure_detection.detector import FailureDetector
from vla_ros.failure_detection.recording import FeatureRecorder
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.failure_score import FailureScore
from vla_ros.policies.capabilities.reconsidering import Reconsidering
from vla_ros.policies.observation import Observation

EARLY = 0.75  # of the detector's period: an inference that comes sooner than that after a step is no step of its own


class FailureMonitor:
    """Score what a policy thinks against the band that successes stay in."""

    def __init__(self, policy: Policy, detector: FailureDetector, name: str, alpha: float) -> None:
        """Raises ConfigError for a policy without features, an unknown score, or a level outside 0 to 1."""
        self.policy = FeatureRecorder(policy)
        self._detector, self._name = detector, name
        self._edge = detector.band(name, alpha).upper(detector.config.calibration[1])
        self.reset()

    def reset(self) -> None:
        """Forget the episode."""
        self.policy.reset()
        self._alarms = 0
        self.failure_score: FailureScore | None = None

    def try_again(self) -> None:
        """Begin another attempt, in which a policy that can chooses otherwise; scores start anew, alarms do not."""
        reconsidering = capability(self.policy, Reconsidering)
        if reconsidering is None:
            self.policy.reset()
        else:
            reconsidering.reconsider()
            self.policy.forget()
        self.failure_score = None

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the policy's chunk."""
        chunk = self.policy.infer(observation)
        noted = self.policy.noted(self._detector.config.features)
        rows = spaced(noted.times, EARLY * self._detector.config.period_s)
        score = self._detector.curves(self._name, RolloutBatch.of_one(noted.at(rows)))[0, -1]
        step = len(rows) - 1
        limit = self._edge[min(step, len(self._edge) - 1)]
        goes_on = self.failure_score is not None and self.failure_score.alarm
        self._alarms += bool(score > limit) and not goes_on
        self.failure_score = FailureScore(observation.stamp, self._name, float(score), float(limit), step, self._alarms)
        return chunk


def spaced(times: np.ndarray, least: float) -> np.ndarray:
    """Return the rows of times (T,) [s] that come `least` [s] or more after the one before: a band counts steps."""
    rows = [0]
    for row, time in enumerate(times):
        if time - times[rows[-1]] >= least:
            rows.append(row)
    return np.array(rows)
