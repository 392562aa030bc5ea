# SPDX-License-Identifier: Apache-2.0
"""One robot's conversation with its own instance of the policy: bytes in, bytes out, no network.

A robot that says who it is (`session`) goes on with it after its network was out, in another connection.
"""

from __future__ import annotations

import time
from typing import Any

from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.detection import Explaining
from vla_ros.policies.capabilities.features import FeatureProvider
from vla_ros.policies.capabilities.refusals import HearsRefusals
from vla_ros.policies.capabilities.transport import HearsTransport
from vla_ros.policies.needs import Needs
from vla_ros.policies.remote.chunk_message import FEATURES, INFER_MS, TIMING, TRANSPORT_MAX_S, chunk_message
from vla_ros.policies.remote.message_pack import MessageError, pack, unpack
from vla_ros.policies.remote.observation_message import check_observation, read_observation
from vla_ros.policies.remote.values import Values
from vla_ros.robots.embodiment import Embodiment

ROBOT = "session"  # key of an observation: a text that a robot has drawn for itself
ROBOT_MAX = 64  # characters


def robot_of(message: bytes) -> str:
    """Return who sends an observation; "" where it does not say. Raises MessageError."""
    values = Values(unpack(message))
    robot = values.text(ROBOT) if values.has(ROBOT) else ""
    if len(robot) > ROBOT_MAX:
        raise MessageError(f"{ROBOT} has {len(robot)} characters, allowed are {ROBOT_MAX}")
    return robot


class Session:
    """From a robot's first observation until another robot takes the instance.

    The policy is reset before the first observation, and whenever `episode` of the message changes, which policy
    `remote` counts up where a policy here would be reset; for a client without `episode`, when the prompt changes.
    """

    def __init__(self, policy: Policy, needs: Needs, robot: Embodiment) -> None:
        self._policy, self._needs, self._robot = policy, needs, robot
        self._episode: tuple[str, int | str] | None = None

    def begin_anew(self) -> None:
        """Have the policy reset before the next observation: it is another robot's."""
        self._episode = None

    def answer(self, message: bytes) -> bytes:
        """Return the reply to an observation; called in a worker's thread.

        Raises MessageError for what is no observation, and whatever the policy raises.
        """
        values = Values(unpack(message))
        observation = read_observation(values)
        check_observation(observation, self._needs, self._robot)
        counted = values.has("episode")
        episode = ("episode", values.whole("episode")) if counted else ("prompt", observation.instruction)
        request = values.whole("request") if values.has("request") else 0
        if episode != self._episode:
            self._episode = None  # a reset that fails is tried again
            self._policy.reset()
        hearing = capability(self._policy, HearsRefusals)
        if hearing is not None and values.has("refused") and values.text("refused"):
            hearing.chunk_refused(values.text("refused"))
        reckoning = capability(self._policy, HearsTransport)
        if reckoning is not None and values.has("transport_s"):
            reckoning.transport_took(_transport(values))
        began = time.monotonic()
        chunk = self._policy.infer(observation)
        milliseconds = 1e3 * (time.monotonic() - began)
        self._episode = episode
        explaining = capability(self._policy, Explaining)
        about: dict[str, Any] = {
            "request": request,
            "explanation": explaining.explanation if explaining is not None else "",
            TIMING: {INFER_MS: milliseconds},
        }
        thinking = capability(self._policy, FeatureProvider)
        if thinking is not None and thinking.features is not None:
            about[FEATURES] = thinking.features
        return pack(chunk_message(chunk) | about)


def _transport(values: Values) -> float:
    """Return how long the last request and its chunk were on their way [s]. Raises MessageError."""
    seconds = values.number("transport_s")
    if not 0.0 <= seconds <= TRANSPORT_MAX_S:
        raise MessageError(f"transport_s is {seconds:g}: give 0 to {TRANSPORT_MAX_S:g} s")
    return seconds
