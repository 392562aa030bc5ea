# SPDX-License-Identifier: Apache-2.0
"""Put a failure detector around a policy."""

from __future__ import annotations

from pathlib import Path

from vla_ros.failure_detection.detector import FailureDetector, load_detector
from vla_ros.failure_detection.online.alarm_config import AlarmConfig
from vla_ros.failure_detection.online.monitor import FailureMonitor
from vla_ros.failure_detection.online.recovery import WatchedPolicy
from vla_ros.policies.base import Policy
from vla_ros.policies.families.weights_digest import policy_digest
from vla_ros.robots.embodiment import Embodiment


def check_detector(
    folder: str, policy: str, checkpoint: str, config: AlarmConfig, robot: Embodiment, changes: str = ""
) -> FailureDetector:
    """Return the detector in a folder. Raises ConfigError for none, one of another policy, or a band without alarms.

    `changes` are those to the policy's settings.
    """
    detector = load_detector(Path(folder))
    weights = policy_digest(policy, checkpoint, robot, changes) if detector.config.weights else ""
    detector.check_policy(f"--policy {policy}", policy, checkpoint, weights)
    detector.check_band(config.score, config.alpha)
    return detector


def watch(policy: Policy, embodiment: Embodiment, detector: FailureDetector, config: AlarmConfig) -> WatchedPolicy:
    """Return a policy that is watched. Raises ConfigError for one that shows no features."""
    return WatchedPolicy(FailureMonitor(policy, detector, config.score, config.alpha), embodiment, config)
