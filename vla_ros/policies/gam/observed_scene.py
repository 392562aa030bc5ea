# SPDX-License-Identifier: Apache-2.0
"""What cameras have measured of totes to the arrays that the network reads. Imports no PyTorch.

What is near is told in one frame, the scene's, in units of ActionScales.position. Of a pick it has the axes of the
source tote, its origin in the middle of the points of interest: what is learned of an object holds wherever it lies. Of
a placement it is the destination tote's, and the points of interest, which are carried, stand in the frame of the tool
that holds them. The places of a picture of the other tote stand in that tote's own frame. The frame of a tote has its
origin in the middle of the floor, z up.
Shape legend: V views, H, W pixels, M points measured, N points read, F features of a point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.gam.config import GamSizes
from vla_ros.policies.gam.prompts import PLACE

if TYPE_CHECKING:
    from vla_ros.policies.gam.perception.bin_view import BinObservation

SOURCE, DESTINATION = 0, 1  # views, and totes
NEAR = 0.15  # [m] around the object of interest: what a pick can touch
ACROSS, BELOW, ABOVE = 0.45, 0.1, 0.5  # [m] from the middle of the destination's floor: what a placement can touch


@dataclass(frozen=True, eq=False)
class ObservedScene:
    """A source tote and a destination tote as measured."""

    images: np.ndarray  # (V, H, W, 3) uint8: SOURCE, DESTINATION
    places: np.ndarray  # (V, H, W, 3) [m] of the pixels in the base frame; NaN where there is no depth
    points: np.ndarray  # (M, 3) [m] in the base frame
    colors: np.ndarray  # (M, 3) uint8
    instances: np.ndarray  # (M,) whole numbers: which instance a point is of, −1 for none
    T_base_totes: np.ndarray  # (2, 4, 4): SOURCE, DESTINATION

    @classmethod
    def of(cls, bins: BinObservation) -> ObservedScene:
        """Return what cameras see of bins."""
        T_base_totes = np.stack([bins.T_base_source, bins.T_base_destination])
        return cls(bins.images, bins.places, bins.points, bins.colors, bins.instances, T_base_totes)


@dataclass(frozen=True, eq=False)
class SceneArrays:
    """What SceneInputs holds of one scene, but for words and tool."""

    images: np.ndarray  # (V, H, W, 3) uint8
    places: np.ndarray  # (V, H, W, 3) float32
    points: np.ndarray  # (N, 3) float32
    features: np.ndarray  # (N, F) float32
    points_there: np.ndarray  # (N,) bool


def scene_frame(scene: ObservedScene, interest: int, mode: str) -> np.ndarray:
    """Return T_base_scene (4, 4), the frame in which candidates stand."""
    if mode == PLACE:
        return scene.T_base_totes[DESTINATION]
    T_base_scene = scene.T_base_totes[SOURCE].copy()
    on_object = scene.instances == interest
    if on_object.any():
        T_base_scene[:3, 3] = scene.points[on_object].mean(axis=0, dtype=np.float64)
    return T_base_scene


def scene_arrays(
    scene: ObservedScene,
    interest: int,
    mode: str,
    sizes: GamSizes,
    rng: np.random.Generator,
    T_source_tool: np.ndarray | None = None,
) -> SceneArrays:
    """Return what the network reads of a scene of which the instance `interest` is meant.

    `T_source_tool` (4, 4) is the pick behind a placement, in the source's frame. A pick reads the source's picture
    alone, a placement both. Raises ConfigError for a placement without a pick.
    """
    T_scene_base, unit = np.linalg.inv(scene_frame(scene, interest, mode)), sizes.scales.position
    frames = {SOURCE: T_scene_base}
    on_object = _drawn(np.flatnonzero(scene.instances == interest), sizes.scene.object_points, rng)
    around = np.flatnonzero(scene.instances != interest)
    moved = _moved(scene.points[around], T_scene_base)
    if mode == PLACE:
        if T_source_tool is None:
            raise ConfigError("a placement needs the pick behind it")
        frames = {SOURCE: np.linalg.inv(scene.T_base_totes[SOURCE]), DESTINATION: T_scene_base}
        own = _moved(scene.points[on_object], np.linalg.inv(T_source_tool) @ frames[SOURCE])
        low, high = np.array([-ACROSS, -ACROSS, -BELOW]), np.array([ACROSS, ACROSS, ABOVE])
    else:
        own = _moved(scene.points[on_object], T_scene_base)
        middle = own if len(own) else np.zeros((1, 3))
        low, high = middle.min(axis=0) - NEAR, middle.max(axis=0) + NEAR
    near = _drawn(np.flatnonzero(((moved >= low) & (moved <= high)).all(axis=1)), sizes.scene.surrounding_points, rng)
    rooms = sizes.scene.object_points, sizes.scene.surrounding_points
    points, there = _padded([own, moved[near]], rooms)
    colors, _ = _padded([scene.colors[on_object], scene.colors[around[near]]], rooms)
    flags = np.zeros((len(points), 1), dtype=np.float32)
    flags[: len(own)] = 1.0
    return SceneArrays(
        images=scene.images[list(frames)],
        places=np.stack([_moved(scene.places[tote], T) / unit for tote, T in frames.items()]).astype(np.float32),
        points=points / unit,
        features=np.concatenate([colors / 127.5 - 1.0, flags], axis=1),
        points_there=there,
    )


def _moved(points: np.ndarray, T: np.ndarray) -> np.ndarray:
    return points.astype(np.float32) @ T[:3, :3].T.astype(np.float32) + T[:3, 3].astype(np.float32)


def _drawn(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    return rows if len(rows) <= most else rng.choice(rows, most, replace=False)


def _padded(parts: list[np.ndarray], rooms: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the parts (…, 3) one after the other, room behind the last, and which rows there are."""
    joined = np.concatenate(parts)
    rows = np.zeros((sum(rooms), 3), dtype=np.float32)
    rows[: len(joined)] = joined
    return rows, np.arange(len(rows)) < len(joined)
