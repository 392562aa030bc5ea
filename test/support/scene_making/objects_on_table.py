# SPDX-License-Identifier: Apache-2.0
"""Scenes for candidates: boxes by hand, or things of the catalogue on a grid, on a table whose top is at 0."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy.spatial.transform import Rotation

from scene_making.drawn_scene import grasping_scene
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.sim.scenes.scene import PlacedObject, Scene

PITCH = 0.11  # [m] between the things of a grid


def box(name: str, half: tuple[float, float, float], place: tuple[float, float], mass: float = 0.2) -> PlacedObject:
    """Return a box of half edges [m] that lies on the table."""
    model = ObjectModel(name, "box", "green", (Part("box", half, rgba=(0.2, 0.6, 0.25, 1.0)),), mass, 0.6)
    T = np.eye(4)
    T[:3, 3] = (*place, half[2])
    return PlacedObject(name, model, T)


def scene_of(objects: Sequence[PlacedObject]) -> Scene:
    """Return a scene of these alone."""
    scene = _drawn()
    table = dataclasses.replace(scene.table, height=0.0)
    return dataclasses.replace(scene, table=table, objects=tuple(objects), target="", goal="", instruction="pick")


@cache
def mixed_scene(count: int = 15, seed: int = 0) -> Scene:
    """Return `count` things of the catalogue, near one another."""
    rng = np.random.default_rng(seed)
    models = load_catalogue().models("all")
    chosen = [models[index] for index in rng.choice(len(models), count, replace=False)]
    side = int(np.ceil(np.sqrt(count)))
    placed = []
    for number, model in enumerate(chosen):
        turn = Rotation.from_rotvec([0, 0, rng.uniform(0, 2 * np.pi)]) * Rotation.from_quat(model.resting[0])
        T = np.eye(4)
        T[:3, :3] = turn.as_matrix()
        lowest = turn.apply(surface_points(model.parts))[:, 2].min()
        row, column = divmod(number, side)
        T[:3, 3] = 0.5 + PITCH * (row - side / 2), PITCH * (column - side / 2), -lowest
        placed.append(PlacedObject(f"thing_{number}", model, T))
    return scene_of(placed)


@cache
def _drawn() -> Scene:
    return grasping_scene("basic", 0)
