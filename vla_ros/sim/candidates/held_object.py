# SPDX-License-Identifier: Apache-2.0
"""An object in a tool: where it is held, and what it takes of the room above and below. Shape legend: P places."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vla_ros.sim.candidates.still_scene import StillScene


@dataclass(frozen=True, eq=False)
class HeldObject:
    """One object of a scene in a tool's frame."""

    alone: StillScene  # it and nothing else that moves
    T_tool_object: np.ndarray  # (4, 4)

    @classmethod
    def of(cls, still: StillScene, index: int, position: np.ndarray, rotation: np.ndarray) -> HeldObject:
        """Take an object of a scene, by its index, as a tool at a position (3,) and rotation (3, 3) takes it."""
        placed = still.scene.objects[index]
        scene = dataclasses.replace(still.scene, objects=(placed,), fixtures=(), cloths=(), target="", goal="")
        T_base_tool = np.eye(4)
        T_base_tool[:3, :3], T_base_tool[:3, 3] = rotation, position
        return cls(StillScene.of(scene), np.linalg.inv(T_base_tool) @ placed.T_base_object)

    @property
    def T_base_object(self) -> np.ndarray:
        """Return where it was taken (4, 4)."""
        return self.alone.scene.objects[0].T_base_object

    @cached_property
    def points(self) -> np.ndarray:
        """Return points (P, 3) [m] of its surface, in its frame."""
        T = self.T_base_object
        return np.asarray((self.alone.surfaces[0] - T[:3, 3]) @ T[:3, :3])

    @cached_property
    def center(self) -> np.ndarray:
        """Return its centre of mass (3,) [m], in its frame."""
        T = self.T_base_object
        return np.asarray((self.alone.centers[0] - T[:3, 3]) @ T[:3, :3])

    def extents(self, T_frame_object: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where lines along z at places (P, 2) [m] of a frame enter it and leave it: z (P,), (P,) [m].

        Where they pass it by: infinite, and minus infinite.
        """
        T = self.T_base_object @ np.linalg.inv(T_frame_object)  # from that frame to where it was taken
        through = np.column_stack([places, np.zeros(len(places))]) @ T[:3, :3].T + T[:3, 3]
        up = T[:3, 2]
        lower = self.alone.cast(through, up, objects_alone=True).distance
        upper = -self.alone.cast(through, -up, objects_alone=True).distance
        return lower, upper
