# SPDX-License-Identifier: Apache-2.0
"""What speaks against a grasp, each part about 1 where it starts to hurt.

Shape legend: C candidates, N points.
"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions, GripperFrames
from vla_ros.policies.geometric.grasps.search_config import GraspSearchConfig


def cost_terms(
    T: np.ndarray,
    top: np.ndarray,
    width: np.ndarray,
    table: float,
    reference_x: np.ndarray,
    config: GraspSearchConfig,
    gripper: GripperDimensions,
) -> dict[str, np.ndarray]:
    """Return what follows from the poses (C, 4, 4) alone, each (C,).

    `top` (C,) [m] is the thing's local top under each pose.
    """
    tool_z = T[:, 2, 3]
    high = np.maximum(tool_z - (table + 0.5 * (top - table)), 0.0) / 0.02
    # Tall upright things have straight walls: how high they are held matters little.
    high *= np.clip(1.0 - (top - table - 0.06) / 0.06, 0.1, 1.0)
    overlap = np.minimum(top, tool_z + gripper.pad) - (tool_z - gripper.tip)
    wanted = np.minimum(2.0 * gripper.pad, np.maximum(top - table - config.table_clearance, 0.004))
    turned = np.arccos(np.clip(T[:, :2, 0] @ reference_x, -1.0, 1.0))
    tilted = np.arccos(np.clip(-T[:, 2, 2], -1.0, 1.0))
    return {
        "width": config.width_weight * width / 0.07,
        "high": config.high_weight * high,
        "shallow": config.shallow_weight * np.clip(1.0 - overlap / wanted, 0.0, 1.0),
        "turn": config.turn_weight * turned / (np.pi / 2),
        "tilt": config.tilt_weight * tilted / (np.pi / 4),
    }


def contact_slope(frames: GripperFrames, between: np.ndarray, gripper: GripperDimensions) -> np.ndarray:
    """Return how far the two contact faces are from square to the closing direction (C,).

    The sum of both faces' slopes, a face at 45° counting 1; `between` (C, N) marks the points the pads close on.
    """
    left, right = between & (frames.x < -0.001), between & (frames.x > 0.001)
    total = np.zeros(len(frames.x))
    for sign in (1.0, -1.0):
        one = np.where(left, sign * frames.y, -np.inf).max(axis=1, initial=-np.inf)
        other = np.where(right, sign * frames.y, -np.inf).max(axis=1, initial=-np.inf)
        both = np.isfinite(one) & np.isfinite(other)
        with np.errstate(invalid="ignore"):
            # A pad that meets the thing on one half alone grips an edge.
            total += np.where(both, np.abs(one - other) / gripper.finger_half_width, 1.0)
    return total
