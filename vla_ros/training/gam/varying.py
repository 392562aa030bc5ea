# SPDX-License-Identifier: Apache-2.0
"""Variation of a scene together with its candidates and its tool. Pictures stay as they are.

What is turned or mirrored is whatever stands in the scene's frame, or in that of a tote. What a tool carries stands in
the tool's frame: it is mirrored with the tool, and a turn of the scene leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.candidate_poses import about_vertical, moved
from vla_ros.policies.gam.networks.point_tokens import COLOR
from vla_ros.policies.gam.observed_scene import SceneArrays
from vla_ros.training.gam.config import Variation

_MIRROR = np.array([-1.0, 1.0, 1.0], dtype=np.float32)


@dataclass(frozen=True)
class Drawn:
    """One variation of a scene."""

    turn: float = 0.0  # [rad] about the z axis of the scene's frame
    mirror: bool = False  # x of that frame and of the tool's is −x, before it is turned
    noise: float = 0.0  # [m] of places and points, along each axis
    dropped: float = 0.0  # share of the points
    picture: bool = True  # whether there is one


ASIS = Drawn()


def draw_variation(variation: Variation, rng: np.random.Generator) -> Drawn:
    """Draw how a scene is varied."""
    turn, mirror, dropped, picture = rng.random(4)
    return Drawn(
        2.0 * np.pi * turn if variation.turn else 0.0,
        bool(variation.mirror and mirror < 0.5),
        variation.noise,
        variation.dropped_points * dropped,
        bool(picture >= variation.dropped_picture),
    )


def varied_scene(
    arrays: SceneArrays, drawn: Drawn, carried: bool, unit: float, rng: np.random.Generator
) -> SceneArrays:
    """Return a scene as it was drawn; `carried`: its points of interest stand in the tool's frame.

    `unit` [m] is that of the arrays.
    """
    T = np.eye(4, dtype=np.float32)
    T[:3, :3] = about_vertical(drawn.turn)
    R = T[:3, :3]
    places, points = arrays.places, arrays.points
    if drawn.mirror:
        places, points = places * _MIRROR, points * _MIRROR
    stays = (arrays.features[:, COLOR] > 0.5) & carried
    points = np.where(stays[:, None], points, points @ R.T)
    places = places @ R.T
    if drawn.noise > 0.0:
        points = points + rng.normal(0.0, drawn.noise / unit, points.shape).astype(np.float32)
        places = places + rng.normal(0.0, drawn.noise / unit, places.shape).astype(np.float32)
    there = arrays.points_there & (rng.random(len(points)) >= drawn.dropped)
    return replace(arrays, places=places, points=points, points_there=there)


def varied_candidates(candidates: Candidates, drawn: Drawn) -> Candidates:
    """Return candidates of the varied scene, of the tool that `varied_tool` returns."""
    T = np.eye(4)
    T[:3, :3] = about_vertical(drawn.turn)
    return moved(_mirrored(candidates) if drawn.mirror else candidates, T)


def varied_tool(cylinders: np.ndarray, closing: np.ndarray, drawn: Drawn) -> tuple[np.ndarray, np.ndarray]:
    """Return what stands for the tool's elements (K, 3), x, y, radius, and how fingers close (K, 2)."""
    return (cylinders * _MIRROR, closing * _MIRROR[:2]) if drawn.mirror else (cylinders, closing)


def _mirrored(candidates: Candidates) -> Candidates:
    """Return candidates of the mirrored tool in the mirrored scene: x of both frames is −x."""
    X = np.diag([-1.0, 1.0, 1.0])
    return replace(candidates, positions=candidates.positions @ X, rotations=X @ candidates.rotations @ X)
