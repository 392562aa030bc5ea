# SPDX-License-Identifier: Apache-2.0
"""CDR bytes to objects and back by the definitions that a bag carries. Numbers in arrays become NumPy arrays."""

from __future__ import annotations

from typing import Any

from rosbags.interfaces.typing import Typesdict
from rosbags.serde import SerdeError
from rosbags.typesys import TypesysError, get_types_from_msg
from rosbags.typesys.store import Typestore

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import message_definition

_BIG, _LITTLE = b"\x00\x00", b"\x00\x01"  # encapsulation of plain CDR by byte order; two bytes of options follow
_HEAD = 4  # bytes of it


class MessageCodec:
    """Decode and encode messages of the types it was told of."""

    def __init__(self) -> None:
        self._store = Typestore()
        self._known: set[str] = set()

    def learn(self, name: str, text: str) -> None:
        """Take a type's concatenated .msg text. Raises BagError when that cannot be understood."""
        if name in self._known:
            return
        try:
            types: Typesdict = get_types_from_msg(text, name)
            self._store.register({key: value for key, value in types.items() if key not in self._store.fielddefs})
        except (TypesysError, ValueError) as error:
            raise BagError(f"the definition of '{name}' is not readable: {str(error).splitlines()[0]}") from None
        self._known.add(name)

    def learn_installed(self, *names: str) -> None:
        """Take types as they are installed here."""
        for name in names:
            self.learn(name, message_definition(name).text)

    def decode(self, name: str, data: bytes) -> Any:
        """Return the message in `data`. Raises BagError when it is none of that type.

        What comes behind the message is left alone, as ROS's own readers do: Fast CDR reserves the alignment of empty
        arrays and never uses it, so that rclpy's bytes of a message with two of them are up to 8 too many.
        """
        try:
            if len(data) < _HEAD or data[:2] not in (_BIG, _LITTLE):
                raise SerdeError("its encapsulation is none of CDR's")
            definition = self._store.get_msgdef(name)
            read = definition.deserialize_cdr_le if data[:2] == _LITTLE else definition.deserialize_cdr_be
            return read(memoryview(data)[_HEAD:], 0, definition.cls, self._store)[0]
        except Exception as error:  # foreign bytes can fail in any way
            raise BagError(f"a message of '{name}' is not readable: {str(error).splitlines()[0]}") from None

    def encode(self, name: str, message: object) -> bytes:
        """Return the bytes of a message made with `make`."""
        return bytes(self._store.serialize_cdr(message, name))

    def make(self, name: str, /, **fields: Any) -> Any:
        """Return a message of a known type; every field must be given."""
        return self._store.types[name](**fields)
