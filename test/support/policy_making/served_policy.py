# SPDX-License-Identifier: Apache-2.0
"""A policy server on loopback, its policy scripted or one of ours, and what a robot would send to it."""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
import time
from collections.abc import Callable, Iterator

import numpy as np

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, pose_channels
from policy_making.flow_observation import observation
from vla_ros.policies.base import Policy
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import load_policy
from vla_ros.policies.needs import Needs
from vla_ros.policies.observation import Observation
from vla_ros.policies.remote.message_pack import pack
from vla_ros.policies.remote.observation_message import observation_message
from vla_ros.policies.remote.server_description import ServerDescription
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.serving.policy_server import PolicyServer
from vla_ros.teleop.serving.page_server import Listening

ROBOT = load_embodiment("franka")
NEEDS = Needs(groups=("panda", "panda_hand"))
WIRE = {"max_size": None, "compression": None}  # as openpi's client connects
CHANNELS = (*pose_channels("panda"), "panda_hand/width", STATUS_CHANNEL)


class Scripted:
    """Does what the test says, and tells what it saw."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self.resets = 0
        self.refusals: list[str] = []
        self.transports: list[float] = []  # [s]
        self.delay, self.error, self.explanation = 0.0, None, ""
        self.features: np.ndarray | None = None

    def reset(self) -> None:
        self.resets += 1

    def chunk_refused(self, reason: str) -> None:
        self.refusals.append(reason)

    def transport_took(self, seconds: float) -> None:
        self.transports.append(seconds)

    def infer(self, seen: Observation) -> ActionChunk:
        self.seen.append(seen)
        time.sleep(self.delay)
        if self.error is not None:
            raise self.error
        status = TaskStatus.INVALID if self.explanation else TaskStatus.ONGOING
        values = np.tile([0.5, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0, 0.04, status.value], (4, 1))
        return ActionChunk(seen.stamp, ROBOT.base_frame, CHANNELS, 0.1 * np.arange(1, 5), values, len(self.seen))


class Served:
    """A running server; `policies` are its instances in the order in which they were loaded."""

    def __init__(self, server: PolicyServer, policies: list, said: list[str]) -> None:
        self.server, self.policies, self.said = server, policies, said

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def url(self) -> str:
        return f"ws://localhost:{self.port}"

    def remote(self, token_file: str = "", changes: str = "") -> Policy:
        """Return policy `remote`, which asks this server."""
        return load_policy("remote", ROBOT, changes=with_server("remote", self.url, token_file, changes))


@contextlib.contextmanager
def served(
    load: Callable[[], Policy] = Scripted,
    token: str = "",
    port: int = 0,
    connections: int = 4,
    tls: ssl.SSLContext | None = None,
    description: ServerDescription | None = None,
) -> Iterator[Served]:
    """Serve what `load` makes."""
    policies: list = []
    said: list[str] = []

    def loaded() -> Policy:
        policies.append(load())
        return policies[-1]

    listening = Listening("127.0.0.1", port, ("localhost",), token, tls)
    what = description or ServerDescription("scripted", ROBOT.name, needs=NEEDS)
    server = PolicyServer(what, ROBOT, loaded, listening, connections, lambda level, text: said.append(text))
    server.start()
    try:
        yield Served(server, policies, said)
    finally:
        server.close()


def seen_at(stamp: float, instruction: str = "go") -> Observation:
    """Return an observation without cameras."""
    return dataclasses.replace(observation(stamp), instruction=instruction)


def ask(robot, message: dict):
    """Send an observation as a client of others' would, and return what comes back."""
    robot.send(pack(message))
    return robot.recv(timeout=10.0)


def plain(stamp: float = 1.0, instruction: str = "go", **more) -> dict:
    """Return an observation as a message, with `more` keys."""
    return observation_message(seen_at(stamp, instruction)) | more
