# SPDX-License-Identifier: Apache-2.0
"""Frames between an evaluation and a benchmark's process: one JSON object, then raw arrays, all sizes checked first.

    magic b"VLA1" | JSON length u32 | payload length u32 | JSON | payload

The JSON object has a key "arrays", a list of [name, dtype, shape] in the order in which their bytes lie in the
payload, little-endian and without gaps. Nothing is unpickled. Only NumPy and the standard library are imported here:
both sides run this file, each in its own environment.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

HEAD = struct.Struct("<4sII")
MAGIC = b"VLA1"
JSON_MAX = 1 << 20  # [B]
PAYLOAD_MAX = 16 << 20  # [B]: two pictures of 640 × 480 with depth are 4.3 MB
ARRAYS_MAX = 32
RANK_MAX = 4
DTYPES = ("|u1", "<f4", "<f8")

Frame = tuple[dict[str, Any], dict[str, np.ndarray]]


class FrameError(Exception):
    """What came is no frame: the connection is of no further use."""


def write_frame(stream: IO[bytes], values: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None) -> None:
    """Write one frame. Raises FrameError for what the other side would refuse."""
    parts, described = [], []
    for name, array in (arrays or {}).items():
        whole = np.ascontiguousarray(array)
        if whole.dtype.str not in DTYPES:
            raise FrameError(f"array '{name}' is of {whole.dtype.str}: convert it to one of {', '.join(DTYPES)}")
        described.append([name, whole.dtype.str, list(whole.shape)])
        parts.append(whole.tobytes())
    text = json.dumps({**values, "arrays": described}, allow_nan=False).encode()
    payload = b"".join(parts)
    _check_sizes(len(text), len(payload))
    stream.write(HEAD.pack(MAGIC, len(text), len(payload)) + text + payload)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Frame | None:
    """Return the next frame; None where the stream has ended between two. Raises FrameError for anything else."""
    head = stream.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        raise FrameError("the stream ended within a frame")
    magic, text_size, payload_size = HEAD.unpack(head)
    if magic != MAGIC:
        raise FrameError(f"a frame begins with {magic!r}, not with {MAGIC!r}")
    _check_sizes(text_size, payload_size)
    text, payload = stream.read(text_size), stream.read(payload_size)
    if len(text) < text_size or len(payload) < payload_size:
        raise FrameError("the stream ended within a frame")
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a frame's JSON cannot be read ({type(error).__name__})") from None
    if not isinstance(values, dict):
        raise FrameError("a frame's JSON is no object")
    return values, _arrays(values.pop("arrays", None), payload)


def _check_sizes(text: int, payload: int) -> None:
    if text > JSON_MAX or payload > PAYLOAD_MAX:
        raise FrameError(f"a frame of {text} + {payload} bytes: {JSON_MAX} + {PAYLOAD_MAX} are allowed")


def _arrays(described: Any, payload: bytes) -> dict[str, np.ndarray]:
    if not isinstance(described, list) or len(described) > ARRAYS_MAX:
        raise FrameError(f"a frame must list its arrays, at most {ARRAYS_MAX}")
    arrays: dict[str, np.ndarray] = {}
    start = 0
    for one in described:
        name, dtype, shape = _description(one)
        end = start + np.dtype(dtype).itemsize * math.prod(shape)  # Python's integers: nothing overflows
        if name in arrays or end > len(payload):
            raise FrameError(f"array '{name}' of {dtype} {shape} is there twice, or more than the payload holds")
        arrays[name] = np.frombuffer(payload[start:end], dtype=dtype).reshape(shape)
        start = end
    if start != len(payload):
        raise FrameError(f"the arrays of a frame are {start} bytes, its payload {len(payload)}")
    return arrays


def _description(one: Any) -> tuple[str, str, tuple[int, ...]]:
    if not isinstance(one, list) or len(one) != 3:
        raise FrameError("an array is described by [name, dtype, shape]")
    name, dtype, shape = one
    whole = isinstance(shape, list) and all(type(size) is int and 0 <= size <= PAYLOAD_MAX for size in shape)
    if not isinstance(name, str) or dtype not in DTYPES or not whole or len(shape) > RANK_MAX:
        raise FrameError(
            f"array {str(name)[:40]!r} of {str(dtype)[:10]} {str(shape)[:60]}: a name, one of {', '.join(DTYPES)} "
            f"and at most {RANK_MAX} whole numbers are allowed"
        )
    return name, dtype, tuple(shape)
