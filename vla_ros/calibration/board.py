# SPDX-License-Identifier: Apache-2.0
"""The board that cameras are calibrated with: a chessboard with a marker in every white square (ChArUco).

A corner is known by its number, so that a board seen in part counts. Board frame: x along the rows, y along the columns
of the printed sheet, z into it; the origin is the sheet's upper left corner of the chessboard.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from controllers.errors import ConfigError

SQUARES_MAX = 14  # a side: 98 markers, of which the dictionary has 100
MARKER_SHARE = 0.75  # of a square's side
_DICTIONARY = "DICT_4X4_100"  # few bits: they are read from the greatest distance


@dataclass(frozen=True, eq=False)
class Corners:
    """Corners of the board in one picture."""

    name: str  # of the picture
    size: tuple[int, int]  # of the picture: width, height [px]
    board: np.ndarray  # (N, 3) in the board frame [m]
    pixels: np.ndarray  # (N, 2) [px]; the middle of the first pixel is 0, 0

    def __len__(self) -> int:
        return len(self.board)


@dataclass(frozen=True)
class CharucoBoard:
    """A board of so many squares of such a side."""

    columns: int = 7
    rows: int = 5
    square: float = 0.038  # side of a square as it was measured on the sheet [m]

    def __post_init__(self) -> None:
        if not all(3 <= count <= SQUARES_MAX for count in (self.columns, self.rows)):
            raise ConfigError(f"a board has 3x3 to {SQUARES_MAX}x{SQUARES_MAX} squares, got {self.columns}x{self.rows}")
        if not 0.003 <= self.square <= 1.0:
            raise ConfigError(f"a board's squares are 3 to 1000 mm, got {1e3 * self.square:g}: give what you measured")

    @property
    def label(self) -> str:
        """Say which board it is."""
        return f"{self.columns}x{self.rows} squares of {1e3 * self.square:g} mm"

    @property
    def corner_count(self) -> int:
        """Return how many corners it has inside."""
        return (self.columns - 1) * (self.rows - 1)

    @property
    def corners(self) -> np.ndarray:
        """Return all its corners (N, 3) in the board frame [m], by number."""
        across, down = np.meshgrid(np.arange(1, self.columns), np.arange(1, self.rows))
        return self.square * np.stack([across.ravel(), down.ravel(), np.zeros(across.size)], axis=1)

    def image(self, pixels_per_square: int) -> np.ndarray:
        """Draw it without a margin: (H, W) uint8."""
        size = (self.columns * pixels_per_square, self.rows * pixels_per_square)
        return self._board.generateImage(size, marginSize=0)

    def find(self, name: str, picture: np.ndarray) -> Corners | None:
        """Return what a picture (H, W, 3) RGB or (H, W), uint8, shows of it; None where it is not seen."""
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        pixels, numbers, *_ = self._detector.detectBoard(np.ascontiguousarray(grey))
        if numbers is None or not len(numbers):
            return None
        size = (grey.shape[1], grey.shape[0])
        return Corners(name, size, self.corners[numbers.ravel()], pixels.reshape(-1, 2).astype(np.float64))

    @cached_property
    def _board(self) -> Any:
        if not hasattr(cv2, "aruco") or not hasattr(cv2.aruco, "CharucoDetector"):
            raise ConfigError(f"OpenCV {cv2.__version__} finds no ChArUco boards: install 4.7 or newer")
        markers = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, _DICTIONARY))
        return cv2.aruco.CharucoBoard((self.columns, self.rows), self.square, MARKER_SHARE * self.square, markers)

    @cached_property
    def _detector(self) -> Any:
        return cv2.aruco.CharucoDetector(self._board)
