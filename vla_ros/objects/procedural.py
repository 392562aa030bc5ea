# SPDX-License-Identifier: Apache-2.0
"""Procedural objects: a category, a shape and a colour become an ObjectModel; every copy differs a little."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.category import categories
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.objects.paint import Paint, mix_paint
from vla_ros.objects.recipes import containers, food, household, receptacles, tableware, tools, toys
from vla_ros.objects.resting import LazyPoses, Quaternion, RestingFaces, named_orientation
from vla_ros.objects.solids import scaled

RECIPES: dict[str, Callable[[str, Paint], list[Part]]] = {
    "mug": tableware.mug,
    "cup": tableware.cup,
    "bowl": tableware.bowl,
    "spoon": tableware.spoon,
    "bottle": containers.bottle,
    "can": containers.can,
    "jar": containers.jar,
    "box": containers.box,
    "tube": containers.tube,
    "banana": food.banana,
    "apple": food.apple,
    "pear": food.pear,
    "lemon": food.lemon,
    "carrot": food.carrot,
    "eggplant": food.eggplant,
    "hammer": tools.hammer,
    "screwdriver": tools.screwdriver,
    "wrench": tools.wrench,
    "flashlight": household.flashlight,
    "brush": household.brush,
    "dumbbell": household.dumbbell,
    "ball": toys.ball,
    "car": toys.car,
    "block": toys.block,
    "duck": toys.duck,
    "marker": toys.marker,
    "sponge": toys.sponge,
    "tray": receptacles.tray,
    "plate": receptacles.plate,
    "bin": receptacles.storage_bin,
}


def make_object(category: str, shape: str, color: str, rng: np.random.Generator) -> ObjectModel:
    """Build one object. Size, mass, friction, shade, accent and decoration are drawn from the category's ranges."""
    known = categories()
    if category not in known:
        raise ConfigError(unknown_name("category", category, known))
    ranges = known[category]
    if shape not in ranges.shapes:
        raise ConfigError(unknown_name(f"shape of {category}", shape, ranges.shapes))
    if color not in ranges.colors:
        raise ConfigError(unknown_name(f"color of {category}", color, ranges.colors))
    position = float(rng.uniform())  # one draw for size and mass: a bigger one is heavier
    factor = ranges.scale[0] + position * (ranges.scale[1] - ranges.scale[0])
    weight = np.clip(position + rng.normal(0, 0.15), 0, 1)
    parts = RECIPES[category](shape, mix_paint(color, rng))
    return ObjectModel(
        name=f"{category}_{shape}",
        category=category,
        color=color,
        parts=tuple(scaled(part, factor) for part in parts),
        mass=float(ranges.mass[0] + weight * (ranges.mass[1] - ranges.mass[0])),
        friction=float(rng.uniform(*ranges.friction)),
        resting=_poses(category, shape, ranges.resting, rng),
        rolls=ranges.rolls,
        shape=ranges.shapes.index(shape),
    )


@cache
def _resting_faces(category: str, shape: str) -> RestingFaces:
    """Return what this shape can lie on: colours and decoration do not change it, and size only scales it."""
    paint = mix_paint(categories()[category].colors[0], np.random.default_rng(0))
    return RestingFaces(RECIPES[category](shape, paint))


def _poses(category: str, shape: str, names: tuple[str, ...], rng: np.random.Generator) -> LazyPoses:
    """Return how one copy may lie: the random rolls are drawn now, the faces it comes to rest on when requested."""
    orientations = tuple(tuple(named_orientation(name, rng).as_quat().tolist()) for name in names)
    return LazyPoses(partial(_rested, category, shape, names, orientations))


def _rested(
    category: str, shape: str, names: tuple[str, ...], orientations: tuple[Quaternion, ...]
) -> tuple[Quaternion, ...]:
    # A ball stays as it lies.
    return tuple(
        orientation if name == "any" else _resting_faces(category, shape).rest(Rotation.from_quat(orientation))
        for name, orientation in zip(names, orientations, strict=True)
    )
