# SPDX-License-Identifier: Apache-2.0
"""A board on a sheet of paper to print at its true size."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from controllers.errors import ConfigError
from vla_ros.calibration.board import CharucoBoard

PAPERS = {"a4": (297.0, 210.0), "a3": (420.0, 297.0), "letter": (279.4, 215.9)}  # lying: width, height [mm]
SUFFIXES = (".pdf", ".png")
MARGIN_MM = 8.0  # white around the board that its markers are found by
_DPI = 600.0


def board_sheet(board: CharucoBoard, paper: str, suffix: str) -> bytes:
    """Return the content of a PDF or PNG file. Raises ConfigError where the board does not fit on the paper."""
    square = 1e3 * board.square
    width, height = PAPERS[paper]
    across, down = board.columns * square, board.rows * square
    if across > width - 2 * MARGIN_MM or down > height - 2 * MARGIN_MM:
        largest = min((width - 2 * MARGIN_MM) / board.columns, (height - 2 * MARGIN_MM) / board.rows)
        raise ConfigError(
            f"{board.label} are {across:g} x {down:g} mm, too much for {paper}: give --square "
            f"{int(largest)} or --paper a3"
        )
    pixels = round(square * _DPI / 25.4)  # a whole number a square, and the sheet's resolution after it
    per_mm = pixels / square
    sheet = np.full((round(height * per_mm), round(width * per_mm)), 255, np.uint8)
    drawn = board.image(pixels)
    top, left = ((whole - part) // 2 for whole, part in zip(sheet.shape, drawn.shape, strict=True))
    sheet[top : top + drawn.shape[0], left : left + drawn.shape[1]] = drawn
    picture = Image.fromarray(sheet)
    words = (
        f"{board.columns}x{board.rows} squares of {square:g} mm: all {board.columns} across must measure {across:g} "
        "mm. Else print at 100 %, or give --square = measured / columns. Glue it flat onto something stiff."
    )
    font = ImageFont.load_default(round(2.6 * per_mm))
    ImageDraw.Draw(picture).text((left, top + drawn.shape[0] + 2.0 * per_mm), words, 90, font)
    file = io.BytesIO()
    dpi = 25.4 * per_mm
    if suffix == ".pdf":
        picture.convert("1", dither=Image.Dither.NONE).save(file, "PDF", resolution=dpi)
    else:
        picture.save(file, "PNG", dpi=(dpi, dpi), optimize=True)
    return file.getvalue()
