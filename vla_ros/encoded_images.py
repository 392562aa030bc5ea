# SPDX-License-Identifier: Apache-2.0
"""JPEG and PNG that somebody else made: what a header announces is looked at before any pixel is unpacked.

A few kilobytes can announce gigabytes of pixels, or have a decoder pass over them a thousand times. Other formats are
not decoded at all: nothing that is recorded, uploaded or trained on here uses them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import VlaError
from vla_ros.documents import DocumentError, read_bytes

BYTES_MAX = 64 << 20  # [B] of a file
PIXELS_MAX = 64_000_000  # 8000 x 8000, 190 MB once it is unpacked
SCANS_MAX = 32  # times that a JPEG may pass over its pixels; progressive ones of cameras and browsers need about ten
PASSES_MAX = 5 * PIXELS_MAX  # pixels times scans: what unpacking takes is in proportion to both
CHUNKS_MAX = 100_000  # of a PNG: encoders end one each 8 kB or so
_PNG, _JPEG, _SCAN = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xda"
_HEADER, _ANIMATION, _END = b"IHDR", b"acTL", b"IEND"  # chunks of a PNG
# Markers of a JPEG that begin a frame and say its size; those left out are tables.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_FILLING, _WITHOUT_LENGTH = 0xFF, {0x01, *range(0xD0, 0xD9)}


class ImageError(VlaError):
    """Bytes that are no picture that may be decoded."""


@dataclass(frozen=True)
class ImageHeader:
    """What a picture says of itself."""

    kind: str  # "JPEG" or "PNG"
    width: int  # [px]
    height: int  # [px]
    scans: int = 1  # times that unpacking passes over the pixels


def read_header(data: bytes) -> ImageHeader:
    """Return what a picture announces. Raises ImageError for one that must not be unpacked, or is no JPEG or PNG."""
    if data.startswith(_PNG) and data[12:16] == _HEADER and len(data) >= 24:
        header = ImageHeader("PNG", int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big"))
    else:
        header = _jpeg_header(data)
    if not 0 < header.width * header.height <= PIXELS_MAX:
        raise ImageError(
            f"announces {header.width} x {header.height} pixels, allowed are up to {PIXELS_MAX // 10**6} million: "
            "make it smaller"
        )
    if header.scans > min(SCANS_MAX, PASSES_MAX // (header.width * header.height)):
        raise ImageError(
            f"is a JPEG of {header.scans} scans over {header.width} x {header.height} pixels: save it without "
            "progression"
        )
    if header.kind == "PNG":
        _check_chunks(data)
    return header


def decode_image(data: bytes | np.ndarray, flags: int) -> np.ndarray:
    """Unpack a picture as cv2.imdecode does with `flags`. Raises ImageError."""
    import cv2  # slow to import, and not needed where no picture is

    content = data.tobytes() if isinstance(data, np.ndarray) else data
    read_header(content)
    try:
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), flags)
    except cv2.error as error:
        raise ImageError(f"is not readable ({error.err})") from None
    if pixels is None:
        raise ImageError("is torn or damaged")
    return pixels


def read_image(path: Path, flags: int) -> np.ndarray:
    """Unpack a picture's file as cv2.imread does with `flags`. Raises ImageError that begins with the path."""
    try:
        return decode_image(read_bytes(path, BYTES_MAX), flags)
    except DocumentError as error:
        raise ImageError(str(error)) from None
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from None


def _jpeg_header(data: bytes) -> ImageHeader:
    """Walk from marker to marker up to the frame's (ITU-T T.81, annex B)."""
    if not data.startswith(_JPEG):
        raise ImageError("is neither JPEG nor PNG: convert it")
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            height, width = (int.from_bytes(data[i : i + 2], "big") for i in (at + 5, at + 7))
            # Among compressed pixels 0xFF is always stuffed, so each of these markers begins a scan.
            return ImageHeader("JPEG", width, height, data.count(_SCAN, at))
        at += 1 if marker == _FILLING else 2 if marker in _WITHOUT_LENGTH else 2 + length
    raise ImageError("is a JPEG that announces no size: it is torn or damaged")


def _check_chunks(data: bytes) -> None:
    """Walk from chunk to chunk of a PNG to its end: a decoder makes room for as much as each of them announces."""
    at = len(_PNG)
    for number in range(CHUNKS_MAX):
        kind = data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4], "big")  # length, kind, what is in it, checksum
        if at > len(data) or (kind == _HEADER) != (number == 0):
            raise ImageError("is torn or damaged")
        if kind == _ANIMATION:
            raise ImageError("is an animation: save one picture of it")
        if kind == _END:
            return
    raise ImageError(f"is a PNG of more than {CHUNKS_MAX} chunks: save it anew")
