# SPDX-License-Identifier: Apache-2.0
"""MessagePack (msgpack.org) with NumPy arrays as openpi sends them, bounded before a byte is believed.

An array is a map of `__ndarray__`, `data`, `dtype`, `shape`, a NumPy scalar one of `__npgeneric__`, `data`, `dtype`,
all keys binary. What comes from outside has a depth, a number of values and a size; extension types, which carry other
languages' objects, and dtypes that are no numbers (kinds V, O, c and the like) are refused. Nothing is executed.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from controllers.errors import VlaError
from vla_ros.printable import printable

DEPTH_MAX = 16  # maps and lists in one another
VALUES_MAX = 50_000  # of one message; a list of numbers that long should be an array
DIMENSIONS_MAX = 8
_DTYPE = re.compile(r"[<>|=]?(?:b1|[iu][1248]|f[248])")
_NIL, _FALSE, _TRUE = b"\xc0", b"\xc2", b"\xc3"
_ARRAY, _SCALAR = "__ndarray__", "__npgeneric__"
# Numbers by their first byte: struct's format.
_NUMBERS = {0xCA: ">f", 0xCB: ">d", 0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q",
            0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}  # fmt: skip
_LENGTHS = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I", 0xD9: ">B", 0xDA: ">H", 0xDB: ">I",
            0xDC: ">H", 0xDD: ">I", 0xDE: ">H", 0xDF: ">I"}  # fmt: skip


class MessageError(VlaError):
    """Bytes that are no message."""


def pack(value: Any) -> bytes:
    """Return a value as MessagePack: None, truth, numbers, text, bytes, lists, mappings, NumPy arrays and scalars.

    Raises MessageError for anything else, and for arrays of what is no number.
    """
    parts: list[bytes | memoryview] = []
    _write(value, parts)
    return b"".join(parts)


def unpack(data: bytes, meant: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """Return the value of a message; arrays are copies, NumPy scalars plain numbers, binary keys text.

    `meant` returns what a map stands for where it is not openpi's arrays that stand for others; bytes in it are views.
    Raises MessageError for what is none, or more than is allowed.
    """
    reader = _Reader(data, meant or _openpi)
    value = reader.value(0)
    if reader.at != len(data):
        raise MessageError(f"message goes on for {len(data) - reader.at} bytes after its end")
    return value


def _write(value: Any, parts: list[bytes | memoryview]) -> None:
    if value is None:
        parts.append(_NIL)
    elif value is True or value is False:
        parts.append(_TRUE if value else _FALSE)
    elif isinstance(value, int):
        parts.append(_whole(value))
    elif isinstance(value, float) and not isinstance(value, np.generic):
        parts.append(struct.pack(">Bd", 0xCB, value))
    elif isinstance(value, str):
        text = value.encode("utf-8", "replace")
        parts += (_head(len(text), 0xA0, 32, (0xD9, 0xDA, 0xDB)), text)
    elif isinstance(value, bytes):
        parts += (_head(len(value), 0, 0, (0xC4, 0xC5, 0xC6)), value)
    elif isinstance(value, Mapping):
        parts.append(_head(len(value), 0x80, 16, (None, 0xDE, 0xDF)))
        for key, item in value.items():
            _write(key, parts)
            _write(item, parts)
    elif isinstance(value, list | tuple):
        parts.append(_head(len(value), 0x90, 16, (None, 0xDC, 0xDD)))
        for item in value:
            _write(item, parts)
    elif isinstance(value, np.ndarray):
        check_dtype(value.dtype.str)
        array = np.ascontiguousarray(value)
        _write({b"__ndarray__": True, b"data": array.tobytes(), b"dtype": array.dtype.str,
                b"shape": [int(size) for size in value.shape]}, parts)  # fmt: skip
    elif isinstance(value, np.generic):
        check_dtype(value.dtype.str)
        _write({b"__npgeneric__": True, b"data": value.item(), b"dtype": value.dtype.str}, parts)
    else:
        raise MessageError(f"a {type(value).__name__} cannot be sent: give numbers, text, lists, mappings or arrays")


def _whole(value: int) -> bytes:
    if 0 <= value < 128:
        return bytes((value,))
    if not -(2**63) <= value < 2**64:
        raise MessageError(f"whole number {str(value)[:30]} cannot be sent: 64 bits at most")
    return struct.pack(">BQ", 0xCF, value) if value >= 0 else struct.pack(">Bq", 0xD3, value)


def _head(length: int, short: int, below: int, kinds: tuple[int | None, int, int]) -> bytes:
    """Return the first bytes of something so long; lengths under `below` are part of the byte `short`."""
    if length < below:
        return bytes((short | length,))
    if kinds[0] is not None and length < 2**8:
        return struct.pack(">BB", kinds[0], length)
    return struct.pack(">BH", kinds[1], length) if length < 2**16 else struct.pack(">BI", kinds[2], length)


class _Reader:
    """One message."""

    def __init__(self, data: bytes, meant: Callable[[dict[str, Any]], Any]) -> None:
        self._data, self.at, self._values, self._meant = memoryview(data), 0, 0, meant

    def value(self, depth: int) -> Any:
        """Read one value."""
        self._values += 1
        if self._values > VALUES_MAX:
            raise MessageError(f"message holds more than {VALUES_MAX} values: send numbers as arrays")
        (kind,) = self._take(1)
        if kind <= 0x7F:
            return kind
        if kind >= 0xE0:
            return kind - 256
        if kind <= 0x8F:
            return self._map(kind & 0x0F, depth)
        if kind <= 0x9F:
            return self._list(kind & 0x0F, depth)
        if kind <= 0xBF:
            return self._text(kind & 0x1F)
        if kind in (0xC0, 0xC2, 0xC3):
            return {0xC0: None, 0xC2: False, 0xC3: True}[kind]
        if kind in _NUMBERS:
            return self._number(_NUMBERS[kind])
        if kind not in _LENGTHS:
            raise MessageError(f"message holds byte 0x{kind:02x}, an extension or no type of MessagePack")
        length = self._number(_LENGTHS[kind])
        if kind <= 0xC6:
            return self._take(length)
        if kind <= 0xDB:
            return self._text(length)
        return self._list(length, depth) if kind <= 0xDD else self._map(length, depth)

    def _take(self, length: int) -> memoryview:
        found = self._data[self.at : self.at + length]
        if len(found) != length:
            raise MessageError("message is cut off")
        self.at += length
        return found

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _text(self, length: int) -> str:
        try:
            return str(self._take(length), "utf-8")
        except UnicodeDecodeError:
            raise MessageError("message holds text that is not UTF-8") from None

    def _list(self, length: int, depth: int) -> list[Any]:
        self._check(length, depth)
        return [self.value(depth + 1) for _ in range(length)]

    def _map(self, length: int, depth: int) -> Any:
        self._check(2 * length, depth)
        found: dict[str, Any] = {}
        for _ in range(length):
            key = self.value(depth + 1)
            if isinstance(key, memoryview):
                try:
                    key = str(key, "utf-8")
                except UnicodeDecodeError:
                    raise MessageError("message holds a key that is not UTF-8") from None
            if not isinstance(key, str):
                raise MessageError(f"message holds a key that is a {type(key).__name__}: give text")
            if not key.isprintable():  # it is said where something is missing beside it
                raise MessageError(f"message holds key {key[:60]!a}: give words")
            if key in found:
                raise MessageError(f"message holds key '{key[:60]}' twice")
            found[key] = self.value(depth + 1)
        return self._meant(found)

    def _check(self, values: int, depth: int) -> None:
        if depth >= DEPTH_MAX:
            raise MessageError(f"message is nested more than {DEPTH_MAX} deep")
        if values > len(self._data) - self.at:  # each takes a byte: no list is made for what is not there
            raise MessageError("message is cut off")


def _openpi(found: dict[str, Any]) -> Any:
    if _ARRAY in found:
        return _array(found)
    return _scalar(found) if _SCALAR in found else found


def _array(found: Mapping[str, Any]) -> np.ndarray:
    """Return the array that a map describes."""
    if set(found) != {_ARRAY, "data", "dtype", "shape"}:
        raise MessageError("an array has the keys __ndarray__, data, dtype and shape, and no others")
    data, dtype, shape = found["data"], check_dtype(found["dtype"]), found["shape"]
    sizes_fit = isinstance(shape, list) and len(shape) <= DIMENSIONS_MAX
    if not sizes_fit or not all(type(size) is int and 0 <= size < 2**31 for size in shape):
        raise MessageError(f"an array's shape is {printable(str(shape)[:60])}: give up to {DIMENSIONS_MAX} sizes")
    if not isinstance(data, memoryview) or math.prod(shape) * dtype.itemsize != len(data):
        length = len(data) if isinstance(data, memoryview) else type(data).__name__
        raise MessageError(f"an array of shape {tuple(shape)} and dtype {dtype.str} does not fit its data ({length})")
    try:
        return np.frombuffer(data, dtype).reshape(shape).copy() if len(data) else np.zeros(shape, dtype)
    except ValueError:  # sizes beside a 0 that no array has
        raise MessageError(f"an array's shape is {tuple(shape)}: larger than any array") from None


def _scalar(found: Mapping[str, Any]) -> Any:
    """Return the number that a map describes."""
    if set(found) != {_SCALAR, "data", "dtype"} or not isinstance(found["data"], bool | int | float):
        raise MessageError("a NumPy scalar has the keys __npgeneric__, data (a number) and dtype, and no others")
    dtype = check_dtype(found["dtype"])
    try:
        with np.errstate(over="raise", invalid="raise"):
            return dtype.type(found["data"]).item()
    except (OverflowError, FloatingPointError, ValueError):
        raise MessageError(f"{found['data']} is no number of dtype {dtype.str}") from None


def check_dtype(text: Any) -> np.dtype:
    """Return a dtype of numbers by its text, such as <f4. Raises MessageError for another."""
    if isinstance(text, str) and _DTYPE.fullmatch(text):
        return np.dtype(text)
    raise MessageError(f"dtype {str(text)[:60]!r} is refused: truth, whole and floating-point numbers alone are sent")
