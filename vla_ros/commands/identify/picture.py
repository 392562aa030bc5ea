# SPDX-License-Identifier: Apache-2.0
"""A picture of an identification: each joint's effort as measured, as predicted, and as the URDF alone has it."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from vla_ros.output_file import write_output
from vla_ros.robots.identification.result import Identification

WIDTH, ROW, MARGIN, HEAD = 1100, 120, 64, 34  # [px]
MEASURED, PREDICTED, NOMINAL = (150, 150, 150), (30, 110, 235), (205, 190, 170)  # BGR
INK = (60, 60, 60)
GRID, SHADE, PAPER = (225, 225, 225), (244, 240, 232), (255, 255, 255)
FONT, SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.4
COMPRESSION = [cv2.IMWRITE_PNG_COMPRESSION, 9]
SUBPIXEL = 4  # bits of the lines' coordinates


def write_picture(path: Path, found: Identification) -> None:
    """Draw into a PNG file. Raises ConfigError when it cannot be written."""
    series, joints = found.prediction, found.joints
    image = np.full((HEAD + ROW * len(joints) + 30, WIDTH, 3), PAPER, np.uint8)
    first, last = float(series.time[0]), float(series.time[-1])

    def column(time: np.ndarray | float) -> np.ndarray:
        return MARGIN + (np.asarray(time) - first) / (last - first) * (WIDTH - MARGIN - 16)

    bottom = HEAD + ROW * len(joints)
    cv2.rectangle(image, (int(column(series.held_out_from)), HEAD), (WIDTH - 16, bottom), SHADE, -1)
    _legend(image, int(column(series.held_out_from)))
    for j, joint in enumerate(joints):
        lines = [
            (series.nominal[:, j], NOMINAL),
            (series.measured[:, j], MEASURED),
            (series.predicted[:, j], PREDICTED),
        ]
        low, high = min(y.min() for y, _ in lines), max(y.max() for y, _ in lines)
        room = max(0.06 * (high - low), 0.05)
        top = HEAD + ROW * j
        _frame(image, joint, top, low - room, high + room)
        for values, color in lines:
            y = top + ROW - 6 - (values - low + room) / (high - low + 2 * room) * (ROW - 12)
            points = np.stack([column(series.time), y], axis=1) * 2**SUBPIXEL
            width = 3 if color == MEASURED else 1  # the prediction lies on it, and both are to be seen
            cv2.polylines(image, [points.round().astype(np.int32)], False, color, width, cv2.LINE_AA, SUBPIXEL)
    for second in range(math.ceil(first / 5.0) * 5, int(last) + 1, 5):
        _text(image, f"{second} s", (int(column(second)) - 10, bottom + 16))
    write_output("--picture", path, cv2.imencode(".png", image, COMPRESSION)[1].tobytes())


def _legend(image: np.ndarray, held_out: int) -> None:
    x = MARGIN
    for name, color in (
        ("measured [N m]", MEASURED), ("predicted", PREDICTED), ("without friction and payload", NOMINAL),
    ):  # fmt: skip
        cv2.line(image, (x, 16), (x + 24, 16), color, 2, cv2.LINE_AA)
        _text(image, name, (x + 30, 20))
        x += 60 + 8 * len(name)
    _text(image, "held out", (held_out + 4, 20))


def _frame(image: np.ndarray, joint: str, top: int, low: float, high: float) -> None:
    cv2.line(image, (MARGIN, top), (WIDTH - 16, top), GRID, 1)
    if low < 0.0 < high:
        y = round(top + ROW - 6 + low / (high - low) * (ROW - 12))
        cv2.line(image, (MARGIN, y), (WIDTH - 16, y), GRID, 1)
    _text(image, f"{high:.1f}", (4, top + 14))
    _text(image, f"{low:.1f}", (4, top + ROW - 4))
    _text(image, joint[-12:], (MARGIN + 4, top + 14))


def _text(image: np.ndarray, text: str, at: tuple[int, int]) -> None:
    cv2.putText(image, text, at, FONT, SIZE, INK, 1, cv2.LINE_AA)
