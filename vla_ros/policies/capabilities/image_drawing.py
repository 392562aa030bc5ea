# SPDX-License-Identifier: Apache-2.0
"""Lines and words painted into an image: what films show of a policy's thoughts."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from vla_ros.policies.capabilities.image_lines import ImageLines

_FONT, _SCALE, _MARGIN, _SMALLEST = cv2.FONT_HERSHEY_SIMPLEX, 0.5, 6, 0.3
_FAR = 1e4  # [px] OpenCV takes whole numbers, and overflows beyond


def draw(image: np.ndarray, lines: ImageLines, caption: str = "") -> np.ndarray:
    """Return a copy of an image (H, W, 3) uint8 RGB with `lines` over it and `caption` at its lower edge."""
    drawn = np.array(image, order="C")
    for ends, color, thick in zip(lines.ends, lines.colors, lines.thick, strict=True):
        start, end = np.rint(np.clip(ends, -_FAR, _FAR)).astype(int).tolist()
        shade = 255.0 * color[:3] * (1.0 if thick else 0.4 + 0.6 * color[3])  # the fainter, the darker
        cv2.line(drawn, start, end, shade.tolist(), 2 if thick else 1, cv2.LINE_AA)
    if caption:
        _write(drawn, caption)
    return drawn


def draw_row(images: Sequence[np.ndarray], lines: Sequence[ImageLines], caption: str) -> np.ndarray:
    """Return the pictures of several cameras, equally high, side by side, with the caption below the first."""
    captions = [caption, *[""] * (len(images) - 1)]
    drawn = [draw(*picture) for picture in zip(images, lines, captions, strict=True)]
    return np.concatenate(drawn, axis=1)


def _write(image: np.ndarray, text: str) -> None:
    """Write one line, as large as fits, on a strip that darkens what is behind it."""
    height, width = image.shape[:2]
    (long, high), low = cv2.getTextSize(text, _FONT, _SCALE, 1)
    scale = max(_SMALLEST, min(_SCALE, _SCALE * (width - 2 * _MARGIN) / max(long, 1)))
    strip = image[max(0, height - high - low - _MARGIN) :]
    strip[:] = strip // 2
    cv2.putText(image, text, (_MARGIN, height - low), _FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
