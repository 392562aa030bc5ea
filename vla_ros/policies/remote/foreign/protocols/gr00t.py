# SPDX-License-Identifier: Apache-2.0
"""GR00T's (N1.6, N1.7): ZeroMQ with MessagePack, an endpoint by its name, arrays as .npy files.

Sent are `video` (1, T, H, W, 3), `state` (1, 1, D) and `language` [[words]] by key; back come actions by key (1, H, D)
in physical units. The server says which keys it knows (`get_modality_config`), which is compared with the contract; the
key of the instruction is taken from it.
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.documents import parse_json
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.connection import CONNECT_S
from vla_ros.policies.remote.foreign.contract import ServerContract
from vla_ros.policies.remote.foreign.protocols.protocol import Seen, ServerProtocol
from vla_ros.policies.remote.foreign.protocols.zeromq import ZeromqConnection
from vla_ros.policies.remote.message_pack import DIMENSIONS_MAX, MessageError, check_dtype, pack, unpack
from vla_ros.policies.remote.values import Values
from vla_ros.printable import printable

_ARRAY, _CONFIG = "__ndarray_class__", "__ModalityConfig_class__"
_MAGIC = b"\x93NUMPY\x01\x00"  # of a .npy file whose head's length has two bytes
_HEAD = re.compile(
    rb"\{'descr': '(?P<dtype>[<>=|]?\w{1,8})', 'fortran_order': (?P<fortran>True|False), "
    rb"'shape': \((?P<shape>(?:\d{1,18}, ?)*(?:\d{1,18})?)\),? ?\}\s*"
)  # as NumPy writes it, whichever version


class Gr00tProtocol(ServerProtocol):
    """The server is told of a reset before it is asked again."""

    def __init__(self, contract: ServerContract, sizes: tuple[int, ...], address: ServerAddress, token: str) -> None:
        super().__init__(contract, sizes, address)
        self._connection, self._token, self._to_reset = ZeromqConnection(address), token, False
        self._words = contract.words  # key of the instruction, as the server calls it

    @property
    def connections(self) -> int:
        """Return how often a connection was made."""
        return self._connection.connections

    def connect(self) -> None:
        """Connect, unless that is done. Raises NoServer in one line."""
        self._connection.connect()

    def check(self) -> None:
        """Raise ConfigError where the server does not know a key of the contract, or knows one that is not sent."""
        said = self._call("get_modality_config", None, CONNECT_S)
        if not isinstance(said, Mapping):
            raise ConfigError(f"{self.address.url}: says nothing of its modalities: is a GR00T server running there?")
        contract, url = self.contract, self.address.url
        sent: dict[str, Mapping[str, Any]] = {"video": contract.pictures, "state": contract.state}
        for modality, keys in sent.items():
            known = _keys(said, modality, url)
            for key in keys:
                if key not in known:
                    raise ConfigError(f"{url}: {unknown_name(f'key of {modality}', key, known)}: change the contract")
            for key in known:
                if key not in keys:
                    raise ConfigError(f"{url}: wants {modality} '{key}', which the contract does not send: add it")
        self._words = next(iter(_keys(said, "language", url)), self._words)
        known, horizon = _keys(said, "action", url), len(_indices(said, "action"))
        for key in (key for part in contract.actions for key in part.keys):
            if key not in known:
                raise ConfigError(f"{url}: {unknown_name('key of action', key, known)}: change the contract")
        if horizon < contract.take:
            raise ConfigError(f"{url}: its replies have {horizon} actions, and the contract takes {contract.take}: "
                              "lower take")  # fmt: skip
        frames = len(_indices(said, "video"))
        for key, picture in contract.pictures.items():
            if frames != (2 if picture.earlier_s else 1):
                raise ConfigError(f"{url}: wants {frames} pictures of '{key}' (steps {_indices(said, 'video')}): "
                                  f"{'give its earlier_s' if frames == 2 else 'leave out its earlier_s'}")  # fmt: skip

    def message(self, seen: Seen) -> dict[str, Any]:
        """Return the observation."""
        return {
            "video": {key: np.stack(pictures)[None] for key, pictures in seen.pictures.items()},
            "state": {key: numbers[None, None] for key, numbers in seen.state.items()},
            "language": {self._words: [[seen.words]]},
        }

    def ask(self, seen: Seen, timeout: float) -> Values:
        """Return the actions by key. Raises VlaError for none within `timeout` [s]."""
        if self._to_reset:
            self._call("reset", {"options": None}, timeout)
            self._to_reset = False
        reply = self._call("get_action", {"observation": self.message(seen), "options": None}, timeout)
        return Values(reply[0] if isinstance(reply, list) and reply else reply)

    def array(self, reply: Values, key: str, size: int) -> np.ndarray:
        """Return the numbers (H, size) under a key: the one of a batch of one."""
        return reply.array(key, 1, None, size)[0]

    def reset(self) -> None:
        """Have the server forget the episode before it is asked next."""
        self._to_reset = True

    def close(self) -> None:
        """Leave the server."""
        self._connection.close()

    def _call(self, endpoint: str, data: dict[str, Any] | None, timeout: float) -> Any:
        """Return what an endpoint answers. Raises VlaError for an error."""
        request: dict[str, Any] = {"endpoint": endpoint}
        if data is not None:
            request["data"] = data
        if self._token:
            request["api_token"] = self._token
        raw = self._connection.ask(pack(_packed(request)), timeout)
        try:
            reply = unpack(raw, _meant)
        except MessageError as error:
            self._connection.drop()
            raise VlaError(f"{self.address.url}: its reply cannot be read: {error}") from None
        if isinstance(reply, Mapping) and "error" in reply:
            raise VlaError(f"{self.address.url}: {' '.join(str(reply['error']).split())[:300]}")
        return reply


def _packed(value: Any) -> Any:
    """Return a value with its arrays as .npy files."""
    if isinstance(value, Mapping):
        return {key: _packed(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        file = io.BytesIO()
        np.lib.format.write_array(file, value, allow_pickle=False)
        return {_ARRAY: True, "as_npy": file.getvalue()}
    return value


def _meant(found: dict[str, Any]) -> Any:
    """Return what a map of a reply stands for."""
    if _CONFIG in found:
        said = found.get("as_json")
        return parse_json(said, "modality config") if isinstance(said, str) else said
    return _read_array(found.get("as_npy")) if _ARRAY in found else found


def _read_array(data: Any) -> np.ndarray:
    """Return the array of a .npy file.

    NumPy's own reader would make room for whatever the head claims, and has Python's parser read it.
    """
    if not isinstance(data, memoryview):
        raise MessageError("an array is no .npy file")
    size = int.from_bytes(data[8:10], "little")
    head = _HEAD.fullmatch(data[10 : 10 + size]) if bytes(data[:8]) == _MAGIC else None
    if head is None:
        raise MessageError("an array is no .npy file")
    dtype = check_dtype(head["dtype"].decode())
    shape = tuple(int(number) for number in head["shape"].replace(b",", b" ").split())
    rest = data[10 + size :]
    if len(shape) > DIMENSIONS_MAX or math.prod(shape) * dtype.itemsize != len(rest):
        raise MessageError(f"an array of shape {shape} and dtype {dtype.str} does not fit its {len(rest)} bytes")
    array = np.frombuffer(rest, dtype)
    return (array.reshape(shape[::-1]).T if head["fortran"] == b"True" else array.reshape(shape)).copy()


def _keys(said: Mapping[str, Any], modality: str, url: str) -> tuple[str, ...]:
    """Return which keys a server knows, spelt so that each can stand in a line."""
    config = said.get(modality)
    keys = config.get("modality_keys") if isinstance(config, Mapping) else None
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise ConfigError(f"{url}: says nothing of its {modality}: is a GR00T server of N1.6 or later running there?")
    return tuple(printable(key) for key in keys)


def _indices(said: Mapping[str, Any], modality: str) -> list[Any]:
    """Return for which steps a server takes or gives values, 0 now."""
    steps = said[modality].get("delta_indices")
    return steps if isinstance(steps, list) else [0]
