# SPDX-License-Identifier: Apache-2.0
"""A demonstration in a few words, as the page lists it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2

from controllers.errors import VlaError
from vla_ros.configuration import load_config
from vla_ros.data.hands.demonstration import PICTURES, SUMMARY, HandDemonstrationConfig, settings_file
from vla_ros.documents import read_json
from vla_ros.encoded_images import ImageError, read_image

THUMBNAIL_WIDTH = 240  # [px]


def described(folder: Path) -> dict[str, Any]:
    """Describe a demonstration; one that was not recorded here says no more than its files do."""
    try:
        config = load_config(settings_file(folder), HandDemonstrationConfig)
    except VlaError as error:
        return {"name": folder.name, "instruction": "", "hand": "", "seconds": 0.0, "pictures": 0, "lost": 0,
                "recorded": "", "warning": str(error)}  # fmt: skip
    short: dict[str, Any] = {"seconds": 0.0, "pictures": _count(folder / PICTURES), "lost": 0, "recorded": ""}
    try:
        found = read_json(folder / SUMMARY)
        short |= {key: found[key] for key in short if isinstance(found.get(key), type(short[key]))}
        warning = str(found.get("warning", ""))
    except (VlaError, AttributeError):
        warning = ""
    return {"name": folder.name, "instruction": config.instruction, "hand": config.hand, **short, "warning": warning}


def thumbnail(picture: Path) -> bytes | None:
    """Return a picture small, as JPEG; None where it cannot be read."""
    try:
        image = read_image(picture, cv2.IMREAD_REDUCED_COLOR_2)
    except ImageError:
        return None
    height = max(1, round(image.shape[0] * THUMBNAIL_WIDTH / image.shape[1]))
    small = cv2.resize(image, (THUMBNAIL_WIDTH, height), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def _count(path: Path) -> int:
    try:
        return path.read_bytes().count(b"\n")
    except OSError:
        return 0
