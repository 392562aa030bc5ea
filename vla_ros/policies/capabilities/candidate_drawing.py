# SPDX-License-Identifier: Apache-2.0
"""A picture of the candidates that a policy weighed: each a mark in the colour of its score, the chosen one ringed."""

from __future__ import annotations

import cv2
import numpy as np

from vla_ros.policies.capabilities.scored_candidates import ScoredCandidates

_AXIS = 0.03  # [m] of a tool's axis that is drawn, from where it comes
_NEAREST = 0.05  # [m] before the camera
_MAP, _SHADES = cv2.COLORMAP_TURBO, (0.1, 0.9)  # ends of the map are too dark to be seen
_FONT, _WHITE = cv2.FONT_HERSHEY_SIMPLEX, (255, 255, 255)
_WIDE, _STRIP, _KEY = 800, 34, 160  # [px] of the picture, of what is said below it, of its key
_AROUND = 0.25  # share of the candidates' extent that is shown around them


def draw_candidates(
    image: np.ndarray, scored: ScoredCandidates, K: np.ndarray, T_base_camera: np.ndarray, caption: str = ""
) -> np.ndarray:
    """Return the part of an image (H, W, 3) uint8 RGB where candidates are, enlarged, with these over it.

    `K` (3, 3) [px]. Blue is the worst merit of these, red the best, which is drawn last; below stand a key of colours
    and the caption. What is behind the camera is left out.
    """
    low, high = (float(edge(scored.merits)) for edge in (np.min, np.max)) if len(scored.merits) else (0.0, 0.0)
    shades = (scored.merits - low) / max(high - low, 1e-9)
    tips, there = _pixels(scored.positions, K, T_base_camera)
    ends, also = _pixels(scored.positions - _AXIS * scored.rotations[:, :, 2], K, T_base_camera)
    there &= also
    first, last = _region(tips[there], image.shape)
    scale = _WIDE / (last[0] - first[0])
    part = image[first[1] : last[1], first[0] : last[0]]
    drawn = cv2.resize(part, (_WIDE, round(part.shape[0] * scale)), interpolation=cv2.INTER_LINEAR)
    tips, ends = (((pixels - first) * scale).round().astype(int) for pixels in (tips, ends))
    for row in np.argsort(scored.merits, kind="stable"):
        if there[row]:
            color = _color(shades[row])
            cv2.line(drawn, tips[row].tolist(), ends[row].tolist(), color, 1, cv2.LINE_AA)
            cv2.circle(drawn, tips[row].tolist(), 3, color, -1, cv2.LINE_AA)
    chosen = scored.chosen
    if chosen is not None and there[chosen]:
        for radius, color in ((13, (0, 0, 0)), (11, _WHITE)):
            cv2.circle(drawn, tips[chosen].tolist(), radius, color, 2, cv2.LINE_AA)
    return np.concatenate([drawn, _strip(low, high, caption)])


def _region(pixels: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first and the last corner (2,) x, y [px] of what is shown: all of the image without a candidate."""
    size = np.array([shape[1], shape[0]])
    inside = pixels[((pixels >= 0) & (pixels < size)).all(axis=1)]
    if not len(inside):
        return np.zeros(2, int), size
    margin = 20 + _AROUND * np.ptp(inside, axis=0)
    first = np.clip(inside.min(axis=0) - margin, 0, size).astype(int)
    return first, np.clip(inside.max(axis=0) + margin, first + 1, size).astype(int)


def _pixels(points: np.ndarray, K: np.ndarray, T_base_camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels (N, 2) of points (N, 3), and which (N,) are before the camera and near its picture."""
    seen = (points - T_base_camera[:3, 3]) @ T_base_camera[:3, :3]
    before = seen[:, 2] > _NEAREST
    pixels = seen @ K.T
    pixels = pixels[:, :2] / np.where(before, pixels[:, 2], 1.0)[:, None]
    near = before & (np.abs(pixels) < 1e4).all(axis=1)  # OpenCV takes whole numbers, and overflows beyond
    return np.where(near[:, None], pixels, 0.0).round().astype(int), near


def _color(shade: float) -> tuple[int, int, int]:
    value = round(255 * (_SHADES[0] + (_SHADES[1] - _SHADES[0]) * float(np.clip(shade, 0.0, 1.0))))
    blue, green, red = cv2.applyColorMap(np.full((1, 1), value, np.uint8), _MAP)[0, 0].tolist()
    return red, green, blue


def _strip(low: float, high: float, caption: str) -> np.ndarray:
    """Return what stands below the picture (h, w, 3): which merits the colours are of, and the caption."""
    strip = np.full((_STRIP, _WIDE, 3), 30, np.uint8)
    begins = 50
    for column in range(_KEY):
        strip[10:-10, begins + column] = _color(column / _KEY)
    middle = _STRIP // 2 + 4
    for text, left in ((f"{low:.2f}", 8), (f"{high:.2f}", begins + _KEY + 8), (caption, begins + _KEY + 60)):
        cv2.putText(strip, text, (left, middle), _FONT, 0.42, _WHITE, 1, cv2.LINE_AA)
    return strip
