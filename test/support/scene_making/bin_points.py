# SPDX-License-Identifier: Apache-2.0
"""Points of things in a tote as they are seen from above."""

from __future__ import annotations

import numpy as np


def level_face(x: float, y: float, top: float, half: tuple[float, float], apart: float = 0.003) -> np.ndarray:
    """Return points (M, 3), some way [m] apart, of a level rectangle about (x, y) at a height [m]."""
    u, v = np.meshgrid(np.arange(-half[0], half[0], apart), np.arange(-half[1], half[1], apart))
    return np.column_stack([u.ravel() + x, v.ravel() + y, np.full(u.size, top)])
