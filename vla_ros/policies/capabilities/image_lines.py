# SPDX-License-Identifier: Apache-2.0
"""What a policy concluded, as coloured lines over a camera's image: boxes, and the grasp as the camera sees it.

Tool frame: x across the fingers, y the closing direction, z out of the hand. Shape legend: L lines, K candidates.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from vla_ros.policies.capabilities.reasoning import Reasoning
from vla_ros.policies.observation import CameraView

RGBA = tuple[float, float, float, float]
NAMED: RGBA = (0.1, 0.9, 0.2, 1.0)
GRASP: RGBA = (1.0, 0.55, 0.0, 1.0)  # a policy's chunks have the same
CANDIDATE = (0.95, 0.9, 0.1)
FINGER, TIP, STEM = 0.058, 0.0093, 0.05  # [m] from the tool point back to the hand, past it, and of the hand's stem
_NEAR = 0.02  # [m] what is nearer than this to a camera is not drawn


@dataclass(frozen=True, eq=False)
class ImageLines:
    """Straight lines over one image. What is opaque matters, and is drawn thick."""

    ends: np.ndarray  # (L, 2, 2) [px]
    colors: np.ndarray  # (L, 4) RGBA 0…1

    @property
    def thick(self) -> np.ndarray:
        """Say for each line whether it is drawn thick (L,)."""
        return self.colors[:, 3] > 0.999


NO_LINES = ImageLines(np.empty((0, 2, 2)), np.empty((0, 4)))


def lines_over(reasoning: Reasoning, name: str, view: CameraView) -> ImageLines:
    """Return what `reasoning_lines` does of a view, under the name that the policy has it by, over the whole picture.

    A policy concludes in the pixels that it was shown; who watches sees all that the camera does.
    """
    lines = reasoning_lines(reasoning, name, view.intrinsics, view.T_base_camera)
    if view.window is None:
        return lines
    left, top, width, height = view.window
    scale = np.array([width / view.color.shape[1], height / view.color.shape[0]])
    # Pixel centres are at whole numbers.
    return dataclasses.replace(lines, ends=(lines.ends + 0.5) * scale - 0.5 + (left, top))


def reasoning_lines(
    reasoning: Reasoning, camera: str, intrinsics: np.ndarray | None, T_base_camera: np.ndarray | None
) -> ImageLines:
    """Return the candidates, the object meant and the grasp in one camera, which sees through K (3, 3) [px].

    Without a calibration the grasp is left out.
    """
    parts = []
    for row in reasoning.candidates.get(camera, np.empty((0, 5))):
        share = float(np.clip(row[4], 0.0, 1.0))
        parts.append((_edges(row[:4]), (*CANDIDATE, 0.25 + 0.5 * share)))
    if reasoning.T_base_grasp is not None and intrinsics is not None and T_base_camera is not None:
        gripper = gripper_lines(reasoning.T_base_grasp, reasoning.opening)
        parts.append((_project(gripper, intrinsics, T_base_camera), GRASP))
    if camera in reasoning.boxes:
        parts.append((_edges(reasoning.boxes[camera]), NAMED))
    ends = np.concatenate([NO_LINES.ends, *(part for part, _ in parts)])
    colors = np.concatenate([NO_LINES.colors, *(np.tile(color, (len(part), 1)) for part, color in parts)])
    drawable = np.isfinite(ends).all(axis=(1, 2))
    return ImageLines(ends[drawable], colors[drawable])


def gripper_lines(T_base_grasp: np.ndarray, opening: float) -> np.ndarray:
    """Return a parallel gripper at T (4, 4), open by `opening` [m]: fingers, hand and stem (4, 2, 3) [m]."""
    y = 0.5 * max(opening, 0.0)
    tool = np.array(
        [
            [[0.0, -y, TIP], [0.0, -y, -FINGER]],
            [[0.0, y, TIP], [0.0, y, -FINGER]],
            [[0.0, -y, -FINGER], [0.0, y, -FINGER]],
            [[0.0, 0.0, -FINGER], [0.0, 0.0, -FINGER - STEM]],
        ]
    )
    return tool @ T_base_grasp[:3, :3].T + T_base_grasp[:3, 3]


def _edges(box: np.ndarray) -> np.ndarray:
    """Return the edges of x1, y1, x2, y2 [px] (4, 2, 2)."""
    x1, y1, x2, y2 = np.asarray(box, dtype=np.float64)
    corners = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
    return np.stack([corners, np.roll(corners, -1, axis=0)], axis=1)


def _project(lines: np.ndarray, K: np.ndarray, T_base_camera: np.ndarray) -> np.ndarray:
    """Return lines (L, 2, 3) [m] of the base frame as the camera sees them (≤ L, 2, 2) [px]."""
    seen = (lines - T_base_camera[:3, 3]) @ T_base_camera[:3, :3]  # Rᵀ (p − t), camera frame
    seen = seen[(seen[:, :, 2] > _NEAR).all(axis=1)]
    pixels = seen @ K.T
    return pixels[:, :, :2] / pixels[:, :, 2:]
