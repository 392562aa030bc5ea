# SPDX-License-Identifier: Apache-2.0
"""Where candidates take, as small boxes in a camera's picture: viewer and films draw them. N candidates."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.capabilities.scored_candidates import ScoredCandidates
from vla_ros.policies.observation import CameraView

_HALF = 0.006  # [m] half a box


def candidate_boxes(scored: ScoredCandidates, view: CameraView) -> np.ndarray:
    """Return (N, 5) x1, y1, x2, y2 [px] around each tool's frame, and its merit from the worst, 0, to the best, 1.

    Those behind the camera are left out. Raises VlaError for a camera without a calibration.
    """
    K, T_base_camera = view.calibration
    seen = (scored.positions - T_base_camera[:3, 3]) @ T_base_camera[:3, :3]
    before = seen[:, 2] > 0.05
    seen, merits = seen[before], scored.merits[before]
    pixels = seen @ K.T
    pixels = pixels[:, :2] / pixels[:, 2:]
    half = (_HALF * K[0, 0] / seen[:, 2])[:, None]
    spread = np.ptp(merits) if len(merits) else 0.0
    shown = (merits - merits.min()) / spread if spread > 0.0 else np.ones(len(merits))
    return np.column_stack([pixels - half, pixels + half, shown])


def instance_box(labels: np.ndarray, instance: int, first: tuple[int, int]) -> np.ndarray:
    """Return the box (4,) x1, y1, x2, y2 [px] of an instance's pixels, of a crop that begins at a row and column."""
    rows, columns = np.nonzero(labels == instance)
    if not len(rows):
        return np.zeros(4)
    top, left = first
    return np.array([columns.min() + left, rows.min() + top, columns.max() + left, rows.max() + top], dtype=float)
