# SPDX-License-Identifier: Apache-2.0
"""The room an open parallel gripper takes, as boxes in the tool frame, and how full of points each one is.

Tool frame: x across the fingers, y the closing direction, z out of the hand. Shape legend: C candidates, N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.robots.reach import GripperEnvelope


@dataclass(frozen=True)
class GripperDimensions(GripperEnvelope):
    """The room a gripper takes and how far it opens [m]: what its description says."""

    opening_max: float

    @classmethod
    def of(cls, gripper: EndEffectorGroup) -> GripperDimensions:
        """Return a gripper's dimensions. Raises ConfigError for one whose description gives no envelope."""
        if gripper.envelope is None:
            raise ConfigError(
                f"gripper '{gripper.name}' has no 'envelope' in config/robots: grasps cannot be planned without it"
            )
        return cls(**vars(gripper.envelope), opening_max=gripper.width_max)


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

    def between(self, config: GripperDimensions, half_opening: float) -> np.ndarray:
        """Mark the points that the pads sweep over when they close (C, N)."""
        return (
            (np.abs(self.x) < config.finger_half_width)
            & (np.abs(self.y) < half_opening)
            & (self.z > -config.pad)
            & (self.z < config.tip)
        )

    def fingers(self, config: GripperDimensions, half_opening: np.ndarray, margin: float) -> np.ndarray:
        """Count the points inside the fingers' room at half openings (C, 1) [m], grown by `margin` [m] (C,)."""
        beside = np.abs(self.y) - half_opening
        inside = (
            (np.abs(self.x) < config.finger_half_width + margin)
            & (beside > 0.0)
            & (beside < config.finger_thickness + margin)
            & (self.z < config.tip + margin)
            & (self.z > -config.finger_length)
        )
        return inside.sum(axis=1)

    def hand(self, config: GripperDimensions, margin: float) -> np.ndarray:
        """Count the points inside the hand's room, grown by `margin` [m] (C,)."""
        inside = (
            (np.abs(self.x) < config.hand_half_width + margin)
            & (np.abs(self.y) < config.hand_half_length + margin)
            & (self.z < -config.finger_length + margin)
            & (self.z > -config.hand_end)
        )
        return inside.sum(axis=1)
