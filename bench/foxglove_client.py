# SPDX-License-Identifier: Apache-2.0
"""A Foxglove client for benchmark and tests: a real WebSocket, messages decoded by the schemas that the server sends.

Protobuf is read by its descriptors (descriptor.proto), JSON and CDR as they are: no generated code, nothing of ours.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import struct
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from websockets.sync.client import connect

_DOUBLE, _FLOAT, _MESSAGE, _STRING, _BYTES = 1, 2, 11, 9, 12
_FIXED = {1: ("<d", 8), 2: ("<f", 4), 6: ("<Q", 8), 7: ("<I", 4), 15: ("<i", 4), 16: ("<q", 8)}


@dataclass(frozen=True)
class Received:
    """One message."""

    time: float  # [s] its log time
    size: int  # [B]
    content: Any  # decoded; bytes for CDR


class FoxgloveClient:
    """Connect, subscribe, listen."""

    def __init__(self, url: str) -> None:
        # Both sides are on this machine: no proxy that the environment may name.
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(
            connect(url, subprotocols=["foxglove.sdk.v1"], max_size=None, proxy=None)
        )
        self.channels: dict[str, dict[str, Any]] = {}
        self.messages: dict[str, list[Received]] = defaultdict(list)
        self.bytes = 0
        self.times: list[float] = []  # [s] told by the server
        self.server: dict[str, Any] = {}
        self._readers: dict[int, Callable[[bytes], Any]] = {}
        self._topics: dict[int, str] = {}
        self.keep = True  # content; a benchmark only counts
        self.listen(0.5, lambda: bool(self.channels))

    def subscribe(self, *topics: str) -> None:
        """Subscribe to channels; to all of them when none is named."""
        chosen = topics or tuple(self.channels)
        subscriptions = []
        for topic in chosen:
            identity = self.channels[topic]["id"]
            self._topics[identity] = topic
            self._readers[identity] = _reader(self.channels[topic])
            subscriptions.append({"id": identity, "channelId": identity})
        self._socket.send(json.dumps({"op": "subscribe", "subscriptions": subscriptions}))

    def unsubscribe(self) -> None:
        """End all subscriptions."""
        self._socket.send(json.dumps({"op": "unsubscribe", "subscriptionIds": list(self._topics)}))

    def listen(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Take what comes for `seconds`, or until a condition holds; say whether it does."""
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0.0:
                return False
            try:
                self._take(self._socket.recv(timeout=left))
            except TimeoutError:
                return until()
        return True

    def newest(self, topic: str) -> Any:
        """Return the content of the last message on a topic."""
        return self.messages[topic][-1].content

    def vanish(self) -> None:
        """Hang up without a word, as a browser that is killed does."""
        self._socket.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up."""
        self._open.close()

    def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, str):
            content = json.loads(frame)
            if content["op"] == "serverInfo":
                self.server = content
            if content["op"] == "advertise":
                self.channels |= {channel["topic"]: channel for channel in content["channels"]}
            return
        self.bytes += len(frame)
        if frame[0] == 1:
            identity, stamp = struct.unpack_from("<IQ", frame, 1)
            payload = frame[13:]
            content = self._readers[identity](payload) if self.keep else None
            self.messages[self._topics[identity]].append(Received(stamp * 1e-9, len(payload), content))
        elif frame[0] == 2:
            self.times.append(struct.unpack_from("<Q", frame, 1)[0] * 1e-9)


def _reader(channel: dict[str, Any]) -> Callable[[bytes], Any]:
    if channel["encoding"] == "json":
        return json.loads
    if channel["encoding"] == "protobuf":
        types = _descriptors(base64.b64decode(channel["schema"]))
        return lambda data: _decode(data, types, channel["schemaName"])
    return bytes


# -- protobuf: the wire format, and a schema's own description in it ---------------------------------------------------
def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _wire(data: bytes) -> list[tuple[int, Any]]:
    """Return (field number, value) pairs; values are int for varints, else bytes."""
    at, found = 0, []
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(data, at)
        else:
            size, at = _varint(data, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = data[at : at + size], at + size
        found.append((number, value))
    return found


def _descriptors(data: bytes) -> dict[str, dict[int, tuple[str, int, bool, str]]]:
    """Read a FileDescriptorSet: message name -> field number -> name, type, repeated, type name."""
    types: dict[str, dict[int, tuple[str, int, bool, str]]] = {}

    def message(data: bytes, prefix: str) -> None:
        parts = _wire(data)
        name = f"{prefix}.{next(v for n, v in parts if n == 1).decode()}".lstrip(".")
        types[name] = {}
        for number, value in parts:
            if number == 2:
                field = dict(_wire(value))
                kind = field[1].decode(), field[5], field.get(4) == 3, field.get(6, b"").decode().lstrip(".")
                types[name][field[3]] = kind
            elif number == 3:
                message(value, name)

    for number, value in _wire(data):
        if number == 1:
            parts = _wire(value)
            package = next((v.decode() for n, v in parts if n == 2), "")
            for inner, content in parts:
                if inner == 4:
                    message(content, package)
    return types


def _decode(data: bytes, types: dict[str, Any], name: str) -> dict[str, Any]:
    fields = types[name]
    found: dict[str, Any] = {field[0]: [] for field in fields.values() if field[2]}
    for number, value in _wire(data):
        field, kind, repeated, inner = fields[number]
        if kind == _MESSAGE:
            value = _decode(value, types, inner) if inner in types else _decode_time(value)
        elif kind == _STRING:
            value = value.decode()
        elif kind in _FIXED:
            text, size = _FIXED[kind]
            if repeated:  # packed
                found[field] += [struct.unpack_from(text, value, i)[0] for i in range(0, len(value), size)]
                continue
            value = struct.unpack(text, value)[0]
        if repeated:
            found[field].append(value)
        else:
            found[field] = value
    return found


def _decode_time(data: bytes) -> float:
    values = dict(_wire(data))
    return values.get(1, 0) + values.get(2, 0) * 1e-9
