# SPDX-License-Identifier: Apache-2.0
"""Parameters of the policy node by which a failure detector watches its policy."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.node import Node

from vla_ros.failure_detection.online.alarm_config import ALPHA_MAX, ALPHA_MIN, REACTIONS, AlarmConfig
from vla_ros.nodes.parameters import declare
from vla_ros.policies.base import Policy
from vla_ros.robots.embodiment import Embodiment


@dataclass(frozen=True)
class FailureWatch:
    """Which detector, and what follows an alarm."""

    detector: str
    config: AlarmConfig

    def around(self, policy: Policy, name: str, checkpoint: str, embodiment: Embodiment, changes: str) -> Policy:
        """Return the policy, watched; `changes` are those to its settings.

        Raises ConfigError for a detector that is none, or of another policy.
        """
        # Not above: PyTorch, which a policy without a detector may not need.
        from vla_ros.failure_detection.online.watching import check_detector, watch

        detector = check_detector(self.detector, name, checkpoint, self.config, embodiment, changes)
        return watch(policy, embodiment, detector, self.config)


def declare_failure_watch(node: Node) -> FailureWatch | None:
    """Declare the parameters; return what they say, None where no detector is named. Raises ConfigError."""
    detector = declare(node, "detector", "", "folder of a failure detector that watches the policy; empty: none")
    config = AlarmConfig(
        declare(node, "alarm_score", AlarmConfig.score, "score of the detector that raises alarms"),
        declare(
            node,
            "alarm_alpha",
            AlarmConfig.alpha,
            "share of successful episodes that may raise one",
            ALPHA_MIN,
            ALPHA_MAX,
        ),
        declare(node, "on_alarm", AlarmConfig.reaction, "what follows an alarm", choices=REACTIONS),
    )
    return FailureWatch(detector, config) if detector else None
