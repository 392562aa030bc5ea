# SPDX-License-Identifier: Apache-2.0
"""Square pieces of a picture at a given size, and where a pixel of the picture is in them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

MARGIN = 1.35  # side of a window, as a share of the box's longer side
LEAST = 44.0  # [px] side of the window around a small box


@dataclass(frozen=True)
class Window:
    """A square of the picture: its upper left corner and its side [px]."""

    x: float
    y: float
    side: float

    def cut(self, image: np.ndarray, size: int) -> np.ndarray:
        """Return the window (size, size, 3) uint8; beyond the picture its edge goes on."""
        scale = self.side / size
        # Pixel centres: the middle of the first output pixel is half a pixel into the window.
        shift = 0.5 * scale - 0.5
        matrix = np.array([[scale, 0.0, self.x + shift], [0.0, scale, self.y + shift]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        if scale > 1.6:  # else every second pixel would be skipped
            low = np.floor([self.x, self.y]).astype(int) - 2
            high = np.ceil([self.x + self.side, self.y + self.side]).astype(int) + 2
            height, width = image.shape[:2]
            x1, y1 = np.clip(low, 0, [width - 1, height - 1])
            x2, y2 = np.clip(high, [x1 + 1, y1 + 1], [width, height])
            piece = cv2.blur(np.ascontiguousarray(image[y1:y2, x1:x2]), (round(scale), round(scale)))
            matrix = matrix - np.array([[0, 0, x1], [0, 0, y1]])
            return cv2.warpAffine(piece, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def box_window(box: np.ndarray, margin: float = MARGIN, least: float = LEAST) -> Window:
    """Return the window around a box x1, y1, x2, y2 [px], at least `least` wide."""
    side = max(margin * float(max(box[2] - box[0], box[3] - box[1])), least)
    x, y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
    return Window(x - side / 2, y - side / 2, side)
