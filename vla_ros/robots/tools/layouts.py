# SPDX-License-Identifier: Apache-2.0
"""Where the cups of a drawn tool sit: on a ring, a grid, a line, or anywhere they do not touch."""

from __future__ import annotations

import numpy as np

RING, GRID, LINE, IRREGULAR = "ring", "grid", "line", "irregular"
LAYOUTS = (RING, GRID, LINE, IRREGULAR)
GAP_MIN = 0.003  # [m] between two lips
_GAP_MAX = 0.02  # [m]


def draw_layout(random: np.random.Generator, layout: str, radius: float) -> np.ndarray:
    """Return (C, 2) [m] the middles of cups of `radius` [m] in one of LAYOUTS, their extent centred on the axis."""
    pitch = 2.0 * radius + random.uniform(GAP_MIN, _GAP_MAX)
    if layout == RING:
        places = _ring(random, pitch)
    elif layout == GRID:
        rows, columns = random.integers(1, 4), random.integers(2, 4)
        places = pitch * np.array([(row, column) for row in range(rows) for column in range(columns)], dtype=float)
    elif layout == LINE:
        places = pitch * np.array([(0.0, number) for number in range(random.integers(1, 6))])
    else:
        places = _irregular(random, int(random.integers(2, 9)), pitch)
    return places - (places.min(axis=0) + places.max(axis=0)) / 2.0


def _ring(random: np.random.Generator, pitch: float) -> np.ndarray:
    """Return three to eight on a circle, where there is room with one amid them or without."""
    count = int(random.integers(3, 9))
    around = pitch / (2.0 * np.sin(np.pi / count))
    amid = around >= pitch - 1e-12 or random.random() < 0.3
    if amid:
        around = max(around, pitch)
    angles = 2.0 * np.pi * np.arange(count) / count
    ring = around * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.vstack([np.zeros((1, 2)), ring]) if amid else ring


def _irregular(random: np.random.Generator, count: int, pitch: float) -> np.ndarray:
    """Return as many of `count` as found room at least a pitch apart."""
    half = 0.8 * pitch * np.sqrt(count)
    places: list[np.ndarray] = [random.uniform(-half, half, 2)]
    for place in random.uniform(-half, half, (40 * count, 2)):
        if len(places) < count and min(np.linalg.norm(place - other) for other in places) >= pitch:
            places.append(place)
    return np.array(places)
