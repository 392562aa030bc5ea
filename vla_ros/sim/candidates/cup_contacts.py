# SPDX-License-Identifier: Apache-2.0
"""Every cup of a tool at every candidate: rays along its axis, whether it seals, what it touches.

Shape legend: N candidates, C cups, R rays of a cup (rim, then inner ones), O objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_ros.objects.permeability import conductance
from vla_ros.robots.suction.cup_array import CupArray
from vla_ros.robots.suction.seal import RIM_POINTS, LipLimits, Seal, inner_offsets, rim_offsets, seal
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.still_scene import NOT_AN_OBJECT, StillScene
from vla_ros.sim.candidates.swept_tool import APPROACH


@dataclass(frozen=True, eq=False)
class CupContacts:
    """What lies under the cups; distances are from the lips' plane with the pistons in."""

    seal: Seal  # (N, C)
    distances: np.ndarray  # (N, C, R) [m], infinite where a ray meets nothing
    objects: np.ndarray  # (N, C, R) index of the object that a ray meets, or NOT_AN_OBJECT
    first: np.ndarray  # (N, C) [m] to what the lip meets first, where the piston stops at the latest
    touched: np.ndarray  # (N, C, O + 1) bool: the lip touches it; the last column stands for table and tote

    def seals_on(self, index: np.ndarray) -> np.ndarray:
        """Say (N, C) which cups seal on the object index (N,)."""
        return self.seal.sealed & (self.objects[..., 0] == index[:, None])


def cup_contacts(still: StillScene, tool: Tool, positions: np.ndarray, rotations: np.ndarray) -> CupContacts:
    """Cast all rays of tools at positions (N, 3) [m] and rotations (N, 3, 3), and judge the cups.

    A lip touches what is no further below what it meets first than it gives way: bellows, and its tilt over its width.
    Raises ConfigError for a tool without cups.
    """
    cups = CupArray.of(tool.cups)
    disc = np.concatenate([rim_offsets(), inner_offsets()])  # (R, 2)
    places = cups.positions[:, None, :2] + cups.radius[:, None, None] * disc  # (C, R, 2)
    flat = np.column_stack([places.reshape(-1, 2), np.zeros(places.size // 2)])  # (C R, 3)
    shape = (len(positions), len(cups.radius), len(disc))
    distances, objects = np.empty(shape), np.empty(shape, int)
    for row, (position, rotation) in enumerate(zip(positions, rotations, strict=True)):
        hits = still.cast(position + flat @ rotation.T, rotation[:, 2], APPROACH)
        distances[row] = hits.distance.reshape(shape[1:])
        objects[row] = hits.objects.reshape(shape[1:])
    rim, inner = distances[..., :RIM_POINTS], distances[..., RIM_POINTS:]
    leaks = np.array([*(conductance(one.model.category) for one in still.scene.objects), 0.0])[objects[..., -1]]
    limits = LipLimits(pump_vacuum=tool.vacuum)
    sealing = seal(rim, cups, inner, objects[..., :RIM_POINTS], objects[..., RIM_POINTS:], leaks, limits)
    first = distances.min(axis=-1)
    gives = cups.bellows + 2.0 * cups.radius * np.tan(cups.tilt)  # (C,)
    reach = np.minimum(first + gives, cups.stroke + cups.bellows)  # (N, C)
    met = distances <= reach[..., None]
    count = len(still.names)
    things = np.where(objects == NOT_AN_OBJECT, count, objects)
    touched = ((things[..., None] == np.arange(count + 1)) & met[..., None]).any(axis=2)
    return CupContacts(sealing, distances, objects, first, touched)
