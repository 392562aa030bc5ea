# SPDX-License-Identifier: Apache-2.0
"""What a page sends of a demonstration, looked at before any of it is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from vla_ros.encoded_images import ImageError, decode_image, read_header
from vla_ros.teleop import protocol
from vla_ros.teleop.fields import Fields, ProtocolError, strict_json

ID = re.compile(r"[a-z0-9]{8,32}")
PICTURE = re.compile(r"\d{6}\.jpg")
INSTRUCTION_MAX = 200  # [characters]
PICTURES_MAX = 2000
SIDE_MAX = 4096  # [px] of a picture
_START, _END = b"\xff\xd8", b"\xff\xd9"  # of a JPEG


@dataclass(frozen=True)
class DemonstrationMetadata:
    """What the page says of a demonstration."""

    id: str  # made by the page: sent twice, a demonstration is kept once
    instruction: str
    hand: str
    lost: int  # pictures that could not be kept in the page


def parse_metadata(data: bytes) -> DemonstrationMetadata:
    """Read the part `demonstration`. Raises ProtocolError."""
    given = Fields("demonstration", _json("demonstration", data))
    metadata = DemonstrationMetadata(
        given.text("id", 32),
        " ".join(given.text("instruction", INSTRUCTION_MAX).split()),
        given.choice("hand", protocol.HANDS),
        given.whole("lost", 0, 10**6),
    )
    given.end(("id", "instruction", "hand", "lost"))
    if not ID.fullmatch(metadata.id):
        raise ProtocolError("demonstration: 'id' must be 8 to 32 small letters and digits")
    if not metadata.instruction:
        raise ProtocolError("demonstration: 'instruction' is empty: say what was done")
    return metadata


def check_hands(data: bytes) -> None:
    """Refuse lines that are no message `hands` of a headset. Raises ProtocolError."""
    for number, line in _lines("hands", data):
        try:
            message = protocol.parse(line)
        except ProtocolError as error:
            raise ProtocolError(f"hands: line {number}: {error}") from None
        if not isinstance(message, protocol.Hands) or message.source != "xr":
            raise ProtocolError(f"hands: line {number} is no message of a headset's hands")


def check_pictures(data: bytes, files: Set[str]) -> None:
    """Refuse lines that do not name each of `files` once, with its time and the head's pose. Raises ProtocolError."""
    left, last = set(files), -1.0
    for number, line in _lines("pictures", data):
        where = f"pictures: line {number}"
        row = Fields(where, _json(where, line.encode()))
        t, file, head = row.number("t", 0.0, protocol.CLOCK_MAX), row.text("file", 10), row.part("head")
        head.numbers("p", 3, -protocol.REACH_MAX, protocol.REACH_MAX)
        norm = float(np.linalg.norm(head.numbers("q", 4, -1.1, 1.1)))
        head.end(("p", "q"))
        row.end(("t", "file", "head"))
        if not 0.9 < norm < 1.1:
            raise ProtocolError(f"{where}: the head's 'q' is not a unit quaternion (norm {norm:.3g})")
        if t <= last:
            raise ProtocolError(f"{where}: the clock stands still or goes back")
        if file not in left:
            raise ProtocolError(f"{where}: no picture '{file}' came, or it is named twice")
        left.discard(file)
        last = t
    if left:
        raise ProtocolError(f"pictures: {len(left)} pictures are not named, first {min(left)}")


def picture_size(data: bytes, name: str) -> tuple[int, int]:
    """Return width and height [px] of a whole JPEG. Raises ProtocolError for anything else."""
    if not (data.startswith(_START) and data.rstrip(b"\0").endswith(_END)):
        raise ProtocolError(f"{name}: is no JPEG, or a torn one")
    try:
        said = read_header(data)
        if max(said.width, said.height) > SIDE_MAX:
            raise ImageError(f"is {said.width}x{said.height}, allowed are 1 to {SIDE_MAX} pixels a side")
        picture = decode_image(data, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    except ImageError as error:
        raise ProtocolError(f"{name}: {error}") from None
    return picture.shape[1], picture.shape[0]


def _lines(part: str, data: bytes) -> Iterator[tuple[int, str]]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ProtocolError(f"{part}: is no text") from None
    if not text.endswith("\n"):
        raise ProtocolError(f"{part}: the last line is torn")
    yield from enumerate(text[:-1].split("\n"), 1)


def _json(where: str, data: bytes) -> Any:
    try:
        return strict_json(data)
    except ProtocolError as error:
        raise ProtocolError(f"{where}: {error}") from None
