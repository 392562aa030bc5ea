# SPDX-License-Identifier: Apache-2.0
"""What a failure detector says of each inference, on `policy/failure_score`; a person's word that it may go on.

A policy that waits goes on when `policy/resume` is called, or when an e-stop is released: `vla recover`.
"""

from __future__ import annotations

import dataclasses

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.node import Node
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from vla_ros import messages, qos
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.failure_score import ACTING, GOING_BACK, WAITING, FailureScore, FailureScoring

NAME = "failure detector"
DOING = "doing"  # key of its values


class FailurePublisher:
    """Publish for a policy that is watched; for another there is neither topic nor service."""

    def __init__(self, node: Node, policy: Policy) -> None:
        self._node = node
        self._policy = capability(policy, FailureScoring)
        self._doing = ""
        if self._policy is None:
            return
        self._topic = node.create_publisher(DiagnosticStatus, "policy/failure_score", qos.LATCHED)
        node.create_service(Trigger, "policy/resume", self._on_resume)
        node.create_subscription(Bool, "estop", self._on_estop, qos.LATCHED)

    def publish(self) -> None:
        """Publish what is said of the last inference; call it from the thread that infers."""
        score = None if self._policy is None else self._policy.failure_score
        if score is None:
            return
        if score.doing != self._doing and score.doing in (GOING_BACK, WAITING):
            self._node.get_logger().warning(failure_text(score))
        self._doing = score.doing
        self._say(score)

    def clear(self) -> None:
        """Say that nothing is waited for any more: there is nothing to do. The next inference is of another episode."""
        score = None if self._policy is None else self._policy.failure_score
        if score is not None and self._doing in (GOING_BACK, WAITING):
            self._doing = ACTING
            self._say(dataclasses.replace(score, doing=ACTING))

    def _say(self, score: FailureScore) -> None:
        level = messages.WARN if score.alarm else messages.OK
        values = {
            "score": f"{score.score:.4g}",
            "limit": f"{score.limit:.4g}",
            "name": score.name,
            "step": str(score.step),
            "alarm": str(score.alarm).lower(),
            "alarms": str(score.alarms),
            DOING: score.doing,
            "stamp": f"{score.stamp:.3f}",
        }
        self._topic.publish(messages.diagnostic(NAME, level, failure_text(score), values))

    def _on_resume(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success = self._resume()
        response.message = "another attempt begins" if response.success else "the policy waits for nobody"
        return response

    def _on_estop(self, message: Bool) -> None:
        if not message.data:
            self._resume()

    def _resume(self) -> bool:
        return self._policy is not None and self._policy.resume()


def failure_text(score: FailureScore) -> str:
    """Return in words what a detector says."""
    if not score.alarm:
        return score.doing
    return f"this looks like a failure ({score.name} {score.score:.3g} over {score.limit:.3g}): {score.doing}"
