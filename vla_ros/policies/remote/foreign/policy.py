# SPDX-License-Identifier: Apache-2.0
"""A policy that a server of others computes, by a contract that says what its numbers mean."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError, VlaError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.observation import Observation, RobotState
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.foreign.actions import ServerActions
from vla_ros.policies.remote.foreign.contract import ServerContract
from vla_ros.policies.remote.foreign.pictures import SentPictures
from vla_ros.policies.remote.foreign.protocols.gr00t import Gr00tProtocol
from vla_ros.policies.remote.foreign.protocols.graspvla import GraspvlaProtocol
from vla_ros.policies.remote.foreign.protocols.openpi import OpenpiProtocol
from vla_ros.policies.remote.foreign.protocols.protocol import HISTORY_S, Seen, ServerProtocol
from vla_ros.policies.remote.foreign.state import ServerState
from vla_ros.robots.embodiment import Embodiment

_PROTOCOLS: dict[str, Callable[[ServerContract, tuple[int, ...], ServerAddress, str], ServerProtocol]] = {
    "openpi": OpenpiProtocol,
    "gr00t": Gr00tProtocol,
    "graspvla": GraspvlaProtocol,
}


def server_protocol(contract: ServerContract, robot: Embodiment, address: ServerAddress, token: str) -> ServerProtocol:
    """Return the way to ask a server. Raises ConfigError for another robot, and for a token that it cannot be told."""
    return _PROTOCOLS[contract.protocol](contract, ServerActions(contract, robot).sizes, address, token)


class ForeignPolicy:
    """Ask a server of others; what goes wrong is a VlaError that names the URL, and no chunk."""

    def __init__(self, protocol: ServerProtocol, robot: Embodiment, timeout_s: float, first_timeout_s: float) -> None:
        """`first_timeout_s`: of the first request of a connection, for which a server may load and warm up."""
        self._protocol, contract = protocol, protocol.contract
        self._timeout, self._first_timeout = timeout_s, first_timeout_s
        self._contract, self._actions, self._state = (
            contract, ServerActions(contract, robot), ServerState(contract, robot),
        )  # fmt: skip
        self._pictures = {key: SentPictures(picture) for key, picture in contract.pictures.items()}
        self._codec = ActionCodec(contract.gives(robot), robot.base_frame, 1.0 / contract.rate_hz)
        self._episode = self._sequence = 0
        self._answered_on = 0  # number of the connection

    def reset(self) -> None:
        """Drop what is under way, and have a server that knows episodes forget this one."""
        self._episode += 1
        self._protocol.reset()
        for pictures in self._pictures.values():
            pictures.reset()

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the server's chunk. Raises VlaError where there is none: the arm is held for it."""
        began, episode, url = time.monotonic(), self._episode, self._protocol.address.url
        self._protocol.connect()
        first = self._protocol.connections != self._answered_on
        rows = self._protocol.actions(self.seen(observation), self._first_timeout if first else self._timeout)
        if episode != self._episode:
            raise VlaError(f"{url}: a reply to what was seen before a reset is dropped")
        try:
            targets = self._actions.targets(rows, observation)
        except ConfigError as error:
            raise VlaError(f"{url}: its reply is no chunk: {error}") from None
        self._answered_on = self._protocol.connections
        self._sequence += 1
        return self._codec.chunk_of_targets(
            observation, targets, sequence=self._sequence, inference_s=time.monotonic() - began
        )

    def seen(self, observation: Observation) -> Seen:
        """Return what the server is told of an observation."""
        cameras = {key: picture.camera for key, picture in self._contract.pictures.items()}
        pictures = {
            key: pictures.take(observation.cameras[cameras[key]], observation.camera_history.get(cameras[key], ()))
            for key, pictures in self._pictures.items()
        }
        then = min(
            (observation.state, *observation.history),
            key=lambda state: abs(state.stamp - (observation.state.stamp - HISTORY_S)),
        )
        now, older = (self._numbers(state, observation.commanded) for state in (observation.state, then))
        return Seen(pictures, now, observation.instruction, older)

    def message(self, observation: Observation) -> Any:
        """Return what the server is sent, before it is packed."""
        return self._protocol.message(self.seen(observation))

    def close(self) -> None:
        """Leave the server."""
        self._protocol.close()

    def _numbers(self, state: RobotState, commanded: RobotState) -> dict[str, Any]:
        return {key: self._state.numbers(state, parts, commanded) for key, parts in self._contract.state.items()}
