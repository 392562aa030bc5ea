# SPDX-License-Identifier: Apache-2.0
"""Where each box's thing is for the hands: lines of sight, and places that two views agree on, seen from both tools.

The backbone compares things with words; what moves hands needs metres. All of this is geometry: calibrations, poses of
the tools and the height of the surface that things stand on, nothing learned.
Shape legend: V views, K boxes of a view, A = 2 tools, left and right.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.backbone.standing import MIDDLE, NUMBERS, UNIT, places_of
from vla_ros.policies.backbone.view_geometry import ray

VIEWS, TOOLS = 3, 2
LOW = 0.05  # a line of sight that goes down less than so much meets the surface nowhere near
FAR = 3.0  # [m] what is further away is no place for a hand
# View, camera's position, direction and angular size of the box; camera and direction in each tool's frame; where the
# line of sight meets the surface, and where two views see it: from the base, from each tool, and whether it is known.
THING_NUMBERS = VIEWS + 3 + 3 + 2 + TOOLS * 6 + 2 * (3 + 3 * TOOLS + 1)
SCALE = 0.3  # [m] that is one, of what is seen from a tool


def thing_numbers(
    boxes: Sequence[np.ndarray],
    sizes: Sequence[tuple[int, int]],
    calibrations: Sequence[np.ndarray],
    tools: np.ndarray | None,
    surface: float,
) -> list[np.ndarray]:
    """Return the numbers of each box (K, THING_NUMBERS) float32 a view.

    `boxes` (K, 4) [px] and `sizes` of the pictures a view, `calibrations` (V, 11) as the datasets have them, `tools`
    (A, 4, 4) poses in the robot's base; None where nobody knows them (a person's hands), then what is seen from them is
    zero. `surface` is the height [m] of what things stand on, in the robot's base.
    """
    places = places_of(boxes, sizes, calibrations)
    found = []
    for view, (own, calibration, place) in enumerate(zip(boxes, calibrations, places, strict=True)):
        made = np.zeros((len(own), THING_NUMBERS))
        if len(own):
            camera, directions = ray(calibration, (own[:, :2] + own[:, 2:]) / 2)
            parts = [
                np.eye(VIEWS)[np.full(len(own), view)],
                np.tile(camera, (len(own), 1)),
                directions,
                (own[:, 2:] - own[:, :2]) / calibration[:2],
                *_lines_from(tools, camera, directions),
            ]
            down = -directions[:, 2]
            reach = (camera[2] - surface) / np.maximum(down, LOW)
            known = (down > LOW) & (reach > 0.0) & (reach < FAR)
            parts += _seen_from(tools, camera + reach[:, None] * directions, known)
            seen = MIDDLE + UNIT * place[:, :3].astype(float)
            parts += _seen_from(tools, seen, place[:, NUMBERS - 1] > 0)
            made = np.concatenate(parts, axis=1)
        found.append(made.astype(np.float32))
    return found


def _lines_from(tools: np.ndarray | None, camera: np.ndarray, directions: np.ndarray) -> list[np.ndarray]:
    """Return camera and directions (K, 3) as each tool sees them."""
    if tools is None:
        return [np.zeros((len(directions), 6 * TOOLS))]
    parts = []
    for T in tools:
        R_tool_base = T[:3, :3].T
        parts.append(np.tile(R_tool_base @ (camera - T[:3, 3]) / SCALE, (len(directions), 1)))
        parts.append(directions @ R_tool_base.T)
    return parts


def _seen_from(tools: np.ndarray | None, points: np.ndarray, known: np.ndarray) -> list[np.ndarray]:
    """Return points (K, 3) [m] from the base and, along its axes, from each tool; zeros if unknown."""
    parts = [points]
    for number in range(TOOLS):
        parts.append(np.zeros_like(points) if tools is None else (points - tools[number, :3, 3]) / SCALE)
    return [*(np.where(known[:, None], part, 0.0) for part in parts), known[:, None].astype(float)]


def place_by_two(numbers: np.ndarray) -> np.ndarray | None:
    """Return where two views see a thing (3,) [m], base frame, by its numbers (THING_NUMBERS,); None: they do not."""
    own = 3 + 3 * TOOLS + 1
    return numbers[-own : 3 - own].astype(float) if numbers[-1] > 0.5 else None


def tool_poses(values: np.ndarray) -> np.ndarray:
    """Return poses (A, 4, 4) of the numbers (A, 7) of tools: position [m], quaternion xyzw."""
    poses = np.tile(np.eye(4), (len(values), 1, 1))
    poses[:, :3, :3] = Rotation.from_quat(values[:, 3:]).as_matrix()
    poses[:, :3, 3] = values[:, :3]
    return poses
