# SPDX-License-Identifier: Apache-2.0
"""openpi's: a websocket with MessagePack, pictures, state and words in one mapping, one array of actions back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controllers.errors import ConfigError
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.connection import Connection
from vla_ros.policies.remote.foreign.contract import ServerContract
from vla_ros.policies.remote.foreign.protocols.protocol import Seen, ServerProtocol
from vla_ros.policies.remote.message_pack import pack
from vla_ros.policies.remote.server_description import SERVER
from vla_ros.policies.remote.values import Values


class OpenpiProtocol(ServerProtocol):
    """One server of openpi's."""

    def __init__(self, contract: ServerContract, sizes: tuple[int, ...], address: ServerAddress, token: str) -> None:
        super().__init__(contract, sizes, address)
        self._connection = Connection(address, token)

    @property
    def connections(self) -> int:
        """Return how often a connection was made."""
        return self._connection.connections

    def connect(self) -> None:
        """Connect, unless that is done. Raises NoServer in one line."""
        self._connection.connect()

    def check(self) -> None:
        """Raise ConfigError for a `vla serve`; others say nothing that could be compared."""
        metadata = self._connection.metadata
        if isinstance(metadata, Mapping) and metadata.get("server") == SERVER:
            raise ConfigError(f"{self.address.url}: is a vla serve, which says itself what its actions mean: leave out "
                              "the contract")  # fmt: skip

    def message(self, seen: Seen) -> dict[str, Any]:
        """Return one mapping; a dot in a picture's key leads into an inner one."""
        message: dict[str, Any] = {**seen.state, self.contract.words: seen.words}
        for key, pictures in seen.pictures.items():
            *path, last = key.split(".")
            inner = message
            for name in path:
                inner = inner.setdefault(name, {})
            inner[last] = pictures[-1]
        return message

    def ask(self, seen: Seen, timeout: float) -> Values:
        """Return the reply. Raises VlaError for none within `timeout` [s]."""
        return Values(self._connection.ask(pack(self.message(seen)), timeout))

    def reset(self) -> None:
        """Do nothing: it knows no episodes."""

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()
