# SPDX-License-Identifier: Apache-2.0
"""A picture of the built-in catalogue: a row a category, a column a shape, training's and evaluation's apart."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.commands.objects.sheet import render_object
from vla_ros.objects.catalogue import Catalogue, half_of
from vla_ros.objects.category import TARGETS
from vla_ros.objects.model import ObjectModel

_CELL = (96, 84)  # [px]
_FILLED = 74  # [px] of a cell that an object's longest diagonal takes
_SCALES = (150.0, 1000.0)  # [px/m]
_NAME = 16  # [px] of a row's words
_SHAPES = 20  # columns of a block
_BLOCKS = 1  # side by side
_TURN = Rotation.from_euler("z", 150.0, degrees=True)  # what is at +x, a lamp or a mouth, faces the camera
_INK = {"training": (30, 30, 30), "evaluation": (190, 40, 30)}
_PAPER = 255


def catalogue_sheet(catalogue: Catalogue, extension: str = ".jpg", told: Callable[[str], None] = print) -> bytes:
    """Return a picture, .png or .jpg, of a copy of every shape; `told` is called with each category's name."""
    rows = []
    for split in TARGETS:
        for name in (name for name, own in catalogue.splits.items() if own == split):
            told(name)
            rows.append(_row(name, split, [model for model in catalogue.objects if model.category == name], catalogue))
    height = -(-len(rows) // _BLOCKS)
    rows += [np.full_like(rows[0], _PAPER)] * (height * _BLOCKS - len(rows))
    blocks = [np.vstack(rows[first : first + height]) for first in range(0, len(rows), height)]
    written, picture = cv2.imencode(extension, np.hstack(blocks)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 50])
    if not written:
        raise ValueError(f"the picture of the objects could not be written as {extension}")
    return picture.tobytes()


def _row(name: str, split: str, models: list[ObjectModel], catalogue: Catalogue) -> np.ndarray:
    cells = []
    for model in models:
        rng = np.random.default_rng(zlib.crc32(model.name.encode()))
        cells.append(_cell(catalogue.vary(model, rng), _INK[half_of(model)]))
    cells += [np.full_like(cells[0], _PAPER)] * (_SHAPES - len(cells))
    words = np.full((_NAME, _CELL[0] * _SHAPES, 3), _PAPER, dtype=np.uint8)
    cv2.putText(words, f"{name}  ({split})", (4, 12), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (30, 30, 30), 1, cv2.LINE_AA)
    return np.vstack([words, np.hstack(cells[:_SHAPES])])


def _cell(model: ObjectModel, ink: tuple[int, int, int]) -> np.ndarray:
    """Return one object as it lies, over a line in the colour of its half."""
    pose = (_TURN * Rotation.from_quat(model.resting[0])).as_quat()
    scale = float(np.clip(_FILLED / np.linalg.norm(model.size), *_SCALES))
    picture = render_object(model, pose, scale, _CELL)
    cv2.line(picture, (8, _CELL[1] - 3), (_CELL[0] - 8, _CELL[1] - 3), ink, 2)
    return picture
