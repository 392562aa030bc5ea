# SPDX-License-Identifier: Apache-2.0
"""GraspVLA's released server: ZeroMQ with pickled mappings.

Sent are plain values alone, pictures as PNG files, which it reads as its own client's JPEGs: arrays of NumPy's in a
pickle are read only by a NumPy of the same kind. Replies are read without pickle (plain_pickle.py).
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np
from PIL import Image

from controllers.errors import ConfigError, VlaError
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.foreign.contract import ServerContract
from vla_ros.policies.remote.foreign.protocols.plain_pickle import read_plain_pickle
from vla_ros.policies.remote.foreign.protocols.protocol import Seen, ServerProtocol
from vla_ros.policies.remote.foreign.protocols.zeromq import ZeromqConnection
from vla_ros.policies.remote.message_pack import MessageError
from vla_ros.policies.remote.values import Values

PROTOCOL = 4  # of pickles: the server runs on Python 3.9
STATES = 4  # it reads the first and the last of them


class GraspvlaProtocol(ServerProtocol):
    """One server of GraspVLA's, which knows no token."""

    def __init__(self, contract: ServerContract, sizes: tuple[int, ...], address: ServerAddress, token: str) -> None:
        super().__init__(contract, sizes, address)
        if token:
            raise ConfigError(f"{address.url}: GraspVLA's server knows no token: leave out its file")
        self._connection = ZeromqConnection(address)

    @property
    def connections(self) -> int:
        """Return how often a connection was made."""
        return self._connection.connections

    def connect(self) -> None:
        """Connect, unless that is done. Raises NoServer in one line."""
        self._connection.connect()

    def check(self) -> None:
        """Do nothing: it says nothing of itself."""

    def message(self, seen: Seen) -> dict[str, Any]:
        """Return the request."""
        older, now = ([float(value) for value in self._numbers(state)] for state in (seen.older, seen.state))
        pictures = {key: [_png(picture) for picture in pictures] for key, pictures in seen.pictures.items()}
        return {**pictures, "compressed": True, "proprio_array": [*[older] * (STATES - 1), now],
                self.contract.words: seen.words}  # fmt: skip

    def ask(self, seen: Seen, timeout: float) -> Values:
        """Return the reply. Raises VlaError for none within `timeout` [s]."""
        raw = self._connection.ask(pickle.dumps(self.message(seen), PROTOCOL), timeout)
        try:
            reply = Values(read_plain_pickle(raw))
            if reply.text("info") != "success":
                raise VlaError(f"{self.address.url}: {' '.join(reply.text('info').split())[:300]}")
        except MessageError as error:
            self._connection.drop()
            raise VlaError(f"{self.address.url}: its reply cannot be read: {error}") from None
        return reply

    def array(self, reply: Values, key: str, size: int) -> np.ndarray:
        """Return the numbers (H, size) under a key: a list of arrays, one an action."""
        return reply.stacked(key, size)

    def reset(self) -> None:
        """Do nothing: it knows no episodes."""

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()

    def _numbers(self, state: Any) -> np.ndarray:
        return np.concatenate([state[key] for key in self.contract.state])


def _png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return file.getvalue()
