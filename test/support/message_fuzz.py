# SPDX-License-Identifier: Apache-2.0
"""Messages that nobody should send: every field at its worst, and bytes that are no message at all."""

from __future__ import annotations

import importlib
import random
from collections.abc import Iterator
from typing import Any

from rclpy.serialization import serialize_message
from rosidl_parser.definition import AbstractSequence, Array, BasicType, NamespacedType

NUMBERS = (0.0, -0.0, 1.0, -1.0, 1e308, -1e308, float("nan"), float("inf"), float("-inf"), 5e-324)
TEXTS = (
    *("", "\0", "panda", "panda_joint1", "panda/position.x", "meta/sequence", "front", "rgb8", "16UC1"),
    *("\x1b[2J\x1b]0;x\x07", "é\u202e", "x" * 5000, "{}%s%n", "../../etc"),
)
BYTES = (0, 1, 0x7F, 0x80, 0xFF)
MADE_MAX = 5000  # messages made from their fields, which takes long; damage makes as many others of them as are wanted


def message_type(name: str) -> type:
    """Return the class of a type such as "std_msgs/msg/Bool"."""
    package, _, kind = name.split("/")
    return getattr(importlib.import_module(f"{package}.msg"), kind)


def worst(kind: type, rng: random.Random, depth: int = 0) -> Any:
    """Return a message whose fields are drawn from what breaks things."""
    message = kind()
    for name, slot in zip(kind.get_fields_and_field_types(), kind.SLOT_TYPES, strict=True):
        setattr(message, name, _value(slot, getattr(message, name), rng, depth))
    return message


def _value(slot: Any, default: Any, rng: random.Random, depth: int) -> Any:
    if isinstance(slot, Array):
        return [_value(slot.value_type, None, rng, depth) for _ in range(slot.size)]
    if isinstance(slot, AbstractSequence):
        count = rng.choice((0, 1, 2, 7, 9, 40)) if depth < 2 else rng.choice((0, 1, 3))
        return [_value(slot.value_type, None, rng, depth + 1) for _ in range(count)]
    if isinstance(slot, NamespacedType):
        return worst(message_type("/".join(slot.namespaced_name())), rng, depth + 1)
    if isinstance(slot, BasicType):
        return _basic(slot.typename, rng)
    return rng.choice(TEXTS)


def _basic(kind: str, rng: random.Random) -> Any:
    if kind in ("float", "double"):
        value = rng.choice((*NUMBERS, rng.uniform(-2.0, 2.0)))
        return value if kind == "double" or abs(value) < 1e38 or value != value else 1e38
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "octet":
        return bytes([rng.choice(BYTES)])
    bits = int(kind.removeprefix("u").removeprefix("int"))
    low, high = (0, 2**bits - 1) if kind.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return rng.choice((0, 1, low, high, rng.randint(0, 100)))


def broken(content: bytes, rng: random.Random) -> bytes:
    """Return bytes that were a message: cut, overwritten, or with lengths that cannot be."""
    data = bytearray(content)
    for _ in range(rng.randint(0, 6) if data else 0):
        data[rng.randrange(len(data))] = rng.choice((*BYTES, rng.randrange(256)))
    if rng.random() < 0.4:
        at = 4 * rng.randrange(len(data) // 4) if len(data) >= 8 else 0
        data[at : at + 4] = rng.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\1\0"))
    return bytes(data[: rng.randint(0, len(data))] if rng.random() < 0.4 else data)


def worst_bytes(kind: type, rng: random.Random) -> bytes:
    """Return one serialised message, half of the time one that is none."""
    content = serialize_message(worst(kind, rng))
    return broken(content, rng) if rng.random() < 0.5 else content


def worst_stream(kind: type, rng: random.Random, count: int) -> Iterator[bytes]:
    """Yield `count` serialised messages: made from their fields first, then those again, every other one damaged."""
    made = []
    for _ in range(min(count, MADE_MAX)):
        made.append(worst_bytes(kind, rng))
        yield made[-1]
    for _ in range(count - len(made)):
        content = rng.choice(made)
        yield broken(content, rng) if rng.random() < 0.5 else content
