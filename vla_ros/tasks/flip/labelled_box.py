# SPDX-License-Identifier: Apache-2.0
"""What matters of a parcel: a box, and which side of it bears the label."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_ros.objects.model import ObjectModel
from vla_ros.objects.parcels import label_normal

_CORNERS = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))


@dataclass(frozen=True)
class LabelledBox:
    """A box about its frame's origin."""

    half: tuple[float, float, float]  # [m] edges
    normal: tuple[float, float, float]  # of the label, parcel frame

    @classmethod
    def of(cls, model: ObjectModel) -> LabelledBox:
        """Return what a parcel is."""
        x, y, z = (float(edge) / 2 for edge in model.size)
        return cls((x, y, z), label_normal(model))

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> LabelledBox:
        """Return what plain values say."""
        return cls(tuple(values["half"]), tuple(values["normal"]))

    def angle(self, T_base_parcel: np.ndarray) -> float:
        """Return how far the label's normal is from straight up [rad], 0 to π."""
        return float(np.arccos(np.clip(T_base_parcel[2, :3] @ np.array(self.normal), -1.0, 1.0)))

    def lowest(self, T_base_parcel: np.ndarray) -> float:
        """Return the height of its lowest corner [m]."""
        return float(T_base_parcel[2, 3] - np.abs(T_base_parcel[2, :3]) @ np.array(self.half))

    @staticmethod
    def lean(T_base_parcel: np.ndarray) -> float:
        """Return how far it is from lying on a side [rad]."""
        return float(np.arccos(np.clip(np.abs(T_base_parcel[2, :3]).max(), 0.0, 1.0)))

    def distance(self, T_base_parcel: np.ndarray, point: np.ndarray) -> float:
        """Return how far a point (3,) [m] is from its surface; 0 inside."""
        own = T_base_parcel[:3, :3].T @ (point - T_base_parcel[:3, 3])
        return float(np.linalg.norm(np.maximum(np.abs(own) - np.array(self.half), 0.0)))

    def corners(self, T_base_parcel: np.ndarray) -> np.ndarray:
        """Return its corners (8, 3) [m]."""
        return _CORNERS * np.array(self.half) @ T_base_parcel[:3, :3].T + T_base_parcel[:3, 3]
