# SPDX-License-Identifier: Apache-2.0
"""A policy whose chunks another process or machine computes."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import ActionChunk, ChannelKind
from controllers.errors import ChunkError, VlaError
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.observation import Observation
from vla_ros.policies.remote.chunk_message import INFER_MS, TIMING, TRANSPORT_MAX_S, read_chunk, read_features
from vla_ros.policies.remote.connection import Connection
from vla_ros.policies.remote.message_pack import MessageError, pack
from vla_ros.policies.remote.observation_message import observation_message
from vla_ros.policies.remote.server_description import ServerDescription, read_description
from vla_ros.policies.remote.values import Values


@dataclass(frozen=True)
class RequestTiming:
    """How long one request took."""

    total_s: float  # [s] observation to chunk, packing included
    server_s: float  # [s] of it that the server's policy took

    @property
    def transport_s(self) -> float:
        """Return what packing, network and reading took [s]."""
        return max(0.0, self.total_s - self.server_s)


class RemotePolicy:
    """Ask a server; what goes wrong is a VlaError that names the URL, and no chunk.

    A reply is taken only for the request that it answers: not after a reset, and not when it came too late.
    """

    def __init__(
        self, connection: Connection, description: ServerDescription, timeout_s: float, first_timeout_s: float
    ) -> None:
        """`description`: what the server was when it was checked; one that has become another is refused.

        `first_timeout_s`: of the first request of a connection, for which a server may load and warm up.
        """
        self._connection, self._description = connection, description
        self._timeout, self._first_timeout = timeout_s, first_timeout_s
        self._episode = self._request = 0
        self._refused = ""
        self._transport_s: float | None = None  # of the last request but a connection's first, of which loading is part
        self._answered_on = self._checked_on = 0  # number of the connection
        self.timing: RequestTiming | None = None  # of the last request
        self.explanation = ""  # why the last chunk is invalid, where the server's policy says so
        self.features: np.ndarray | None = None  # (F,) of the last chunk, where it says them (FeatureProvider)

    def reset(self) -> None:
        """Have the server's policy forget the episode before the next observation; what is under way is dropped."""
        self._episode += 1
        self._refused = self.explanation = ""
        self.features = None

    def chunk_refused(self, reason: str) -> None:
        """Take why control refused the last chunk: the server's policy hears it."""
        self._refused = reason

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the server's chunk. Raises VlaError where there is none: the arm is held for it."""
        began = time.monotonic()
        self._connect()
        self._request += 1
        episode, request, url = self._episode, self._request, self._connection.address.url
        refused, self._refused = self._refused, ""
        about = {"session": self._connection.session, "request": request, "episode": episode, "refused": refused}
        if self._transport_s is not None:
            about["transport_s"] = self._transport_s
        first = self._connection.connections != self._answered_on
        reply = Values(
            self._connection.ask(
                pack(observation_message(observation) | about), self._first_timeout if first else self._timeout
            )
        )
        try:
            if reply.whole("request") != request or episode != self._episode:
                raise VlaError(f"{url}: a reply to what was seen before a reset is dropped")
            timing = RequestTiming(time.monotonic() - began, 1e-3 * reply.inner(TIMING).number(INFER_MS))
            chunk = read_chunk(reply, timing.total_s)
            explanation = reply.text("explanation") if reply.has("explanation") else ""
            features = read_features(reply)
        except (MessageError, ChunkError) as error:
            raise VlaError(f"{url}: its reply is no chunk: {error}") from None
        if chunk.stamp != observation.stamp:
            raise VlaError(f"{url}: a reply to an observation at {chunk.stamp:.3f} s is dropped")
        self._check_channels(chunk, self._description.gives)
        self._answered_on, self.timing, self.explanation = self._connection.connections, timing, explanation
        self.features = features
        self._transport_s = None if first else min(timing.transport_s, TRANSPORT_MAX_S)
        return chunk

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()

    def _connect(self) -> None:
        """Connect where that is lost. Raises VlaError for a server that is not the one that was checked."""
        self._connection.connect()
        if self._checked_on == self._connection.connections:
            return
        url = self._connection.address.url
        now, then = read_description(self._connection.metadata, url), self._description
        if (now.policy, now.robot, now.needs, now.gives) != (then.policy, then.robot, then.needs, then.gives):
            raise VlaError(f"{url}: serves {now.policy} for {now.robot} now, with other needs or actions than "
                           f"{then.policy} for {then.robot} when this began: start again")  # fmt: skip
        self._checked_on = self._connection.connections

    def _check_channels(self, chunk: ActionChunk, gives: ActionContract | None) -> None:
        """Raise VlaError for a chunk that moves what the server did not say that it moves."""
        if gives is None:
            return
        for name, kind in zip(chunk.channels, chunk.kinds, strict=True):
            if name not in gives.channels and kind not in (ChannelKind.STATUS, ChannelKind.ELBOW):
                raise VlaError(f"{self._connection.address.url}: its chunk moves {name}, and it said that it moves "
                               f"{', '.join(gives.channels)}")  # fmt: skip
