# SPDX-License-Identifier: Apache-2.0
"""A ROS topic passed on byte by byte: Foxglove reads CDR itself once it has the message's definition."""

from __future__ import annotations

import importlib
import re
from typing import Protocol

from foxglove import Channel, Context, Schema

_NAMES = {"boolean": "bool", "octet": "byte", "float": "float32", "double": "float64", "char": "char"}
_SEPARATOR = "=" * 80


class RosMessage(Protocol):
    """What every class of ROS messages can tell about itself."""

    @classmethod
    def get_fields_and_field_types(cls) -> dict[str, str]:
        """Return the type of each field, as IDL writes it."""
        ...


def full_name(kind: type[RosMessage]) -> str:
    """Return a message class's name, such as `std_msgs/msg/String`."""
    package = kind.__module__.partition(".")[0]
    return f"{package}/msg/{kind.__name__}"


def definition(kind: type[RosMessage]) -> str:
    """Return a message class and all it contains as concatenated .msg text, as bags and bridges carry it."""
    texts = [_fields(kind)]
    known, todo = set(), _parts(kind)
    while todo:
        name = todo.pop(0)
        if name in known:
            continue
        known.add(name)
        part = _load(name)
        todo += _parts(part)
        texts.append(f"MSG: {name}\n{_fields(part)}")
    return f"\n{_SEPARATOR}\n".join(texts)


def ros_channel(kind: type[RosMessage], topic: str, context: Context) -> Channel:
    """Return a channel that takes the bytes of ROS messages of `kind`."""
    schema = Schema(name=full_name(kind), encoding="ros2msg", data=definition(kind).encode())
    return Channel(topic, schema=schema, message_encoding="cdr", context=context)


def _fields(kind: type[RosMessage]) -> str:
    return "\n".join(f"{_type(text)} {name}" for name, text in kind.get_fields_and_field_types().items())


def _type(text: str) -> str:
    sequence = re.fullmatch(r"sequence<(.+?)(?:, (\d+))?>", text)
    if sequence:
        bound = f"<={sequence[2]}" if sequence[2] else ""
        return f"{_type(sequence[1])}[{bound}]"
    array = re.fullmatch(r"(.+)\[(\d+)\]", text)
    if array:
        return f"{_type(array[1])}[{array[2]}]"
    return _NAMES.get(text, text)


def _parts(kind: type[RosMessage]) -> list[str]:
    names = (re.search(r"\w+/\w+", text) for text in kind.get_fields_and_field_types().values())
    return [name[0] for name in names if name]


def _load(name: str) -> type[RosMessage]:
    package, _, message = name.partition("/")
    return getattr(importlib.import_module(f"{package}.msg"), message)
