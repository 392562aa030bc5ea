# SPDX-License-Identifier: Apache-2.0
"""A picture that encodes its own number in twelve patches, so that compression and scaling cannot hide a wrong one."""

from __future__ import annotations

import numpy as np

ROWS, COLUMNS = 3, 4


def picture(number: int, height: int = 48, width: int = 64) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 whose patches are the bits of `number`, 0 to 4095."""
    bits = np.array([(number >> i) & 1 for i in range(ROWS * COLUMNS)], dtype=np.uint8).reshape(ROWS, COLUMNS)
    rows, columns = np.arange(height) * ROWS // height, np.arange(width) * COLUMNS // width
    image = np.full((height, width, 3), 60, np.uint8)
    image[bits[np.ix_(rows, columns)] == 1] = (190, 180, 200)
    return image


def number(image: np.ndarray) -> int:
    """Return the number that a picture (H, W, 3) encodes, read in the middle of each patch."""
    height, width = image.shape[:2]
    total = 0
    for i in range(ROWS * COLUMNS):
        y, x = (i // COLUMNS + 0.5) * height / ROWS, (i % COLUMNS + 0.5) * width / COLUMNS
        total |= int(image[int(y), int(x)].mean() > 125) << i
    return total
