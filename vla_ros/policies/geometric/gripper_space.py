# SPDX-License-Identifier: Apache-2.0
"""The room an open parallel gripper takes, as boxes in the tool frame, and how full of points each one is.

Tool frame: x across the fingers, y the closing direction, z out of the hand. Shape legend: C candidates, N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError


@dataclass(frozen=True)
class GripperConfig:
    """Dimensions of the hand and fingers [m], from the robot's description."""

    opening_max: float = 0.08
    pad_below: float = 0.0093  # the tips reach this far past the tool point
    finger_free: float = 0.058  # from the tool point back to the hand
    finger_thick: float = 0.0105
    finger_half_width: float = 0.009
    pad_above: float = 0.0093  # gripping face above the tool point
    hand_half_length: float = 0.105
    hand_half_width: float = 0.032

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value <= 0.0:
                raise ConfigError(f"gripper.{name} must be > 0, got {value}")


@dataclass(frozen=True, eq=False)
class GripperFrames:
    """Candidate tool poses sharing one set of points, which are brought into every tool frame at once."""

    x: np.ndarray  # (C, N) [m]
    y: np.ndarray
    z: np.ndarray

    @classmethod
    def of(cls, T: np.ndarray, points: np.ndarray) -> GripperFrames:
        """Express points (N, 3) in tool frames T (C, 4, 4)."""
        R_tool_base = np.ascontiguousarray(T[:, :3, :3].transpose(0, 2, 1)).astype(np.float32)  # (C, 3, 3)
        # One large product: all candidates' axes against all points.
        local = (R_tool_base.reshape(-1, 3) @ points.T.astype(np.float32)).reshape(len(T), 3, len(points))  # (C, 3, N)
        shift = np.einsum("cjk,ck->cj", R_tool_base, T[:, :3, 3].astype(np.float32))
        local -= shift[:, :, None]
        return cls(local[:, 0], local[:, 1], local[:, 2])

    def select(self, chosen: np.ndarray) -> GripperFrames:
        """Keep the chosen poses."""
        return GripperFrames(self.x[chosen], self.y[chosen], self.z[chosen])

    def between(self, config: GripperConfig, half_opening: float) -> np.ndarray:
        """Mark the points that the pads sweep over when they close (C, N)."""
        return (
            (np.abs(self.x) < config.finger_half_width)
            & (np.abs(self.y) < half_opening)
            & (self.z > -config.pad_above)
            & (self.z < config.pad_below)
        )

    def fingers(self, config: GripperConfig, half_opening: np.ndarray, margin: float) -> np.ndarray:
        """Count the points inside the fingers' room at half openings (C, 1) [m], grown by `margin` [m] (C,)."""
        beside = np.abs(self.y) - half_opening
        inside = (
            (np.abs(self.x) < config.finger_half_width + margin)
            & (beside > 0.0)
            & (beside < config.finger_thick + margin)
            & (self.z < config.pad_below + margin)
            & (self.z > -config.finger_free)
        )
        return inside.sum(axis=1)

    def hand(self, config: GripperConfig, margin: float) -> np.ndarray:
        """Count the points inside the hand's room, grown by `margin` [m] (C,)."""
        inside = (
            (np.abs(self.x) < config.hand_half_width + margin)
            & (np.abs(self.y) < config.hand_half_length + margin)
            & (self.z < -config.finger_free + margin)
            & (self.z > -0.16)
        )
        return inside.sum(axis=1)
