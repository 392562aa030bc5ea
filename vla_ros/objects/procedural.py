# SPDX-License-Identifier: Apache-2.0
"""Procedural objects: a category, a shape and a colour become an ObjectModel; every copy differs a little."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.category import categories
from vla_ros.objects.lazy_parts import LazyParts
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.objects.paint import Paint, mix_paint
from vla_ros.objects.recipes import (
    aircraft,
    bathroom,
    boats,
    combs,
    containers,
    cutlery,
    desk,
    food,
    garden,
    handtools,
    household,
    metalware,
    phones,
    produce,
    receptacles,
    tableware,
    tools,
    toys,
    vegetables,
    vehicles,
    vessels,
)
from vla_ros.objects.recipes.families import FAMILIES
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
    "fork": cutlery.fork,
    "candle": bathroom.candle,
    "soap": bathroom.soap,
    "remote": desk.remote,
    "corn": garden.corn,
    "pepper": vegetables.pepper,
    "teapot": vessels.teapot,
    "train": vehicles.train,
    "knife": cutlery.knife,
    "cucumber": garden.cucumber,
    "potato": garden.potato,
    "onion": garden.onion,
    "pliers": handtools.pliers,
    "phone": phones.phone,
    "boat": boats.boat,
    "comb": combs.comb,
    "stapler": phones.stapler,
    "airplane": aircraft.airplane,
    "pineapple": produce.pineapple,
    "padlock": metalware.padlock,
    "magnet": metalware.magnet,
    "rocket": aircraft.rocket,
    "bell": metalware.bell,
    "tray": receptacles.tray,
    "plate": receptacles.plate,
    "bin": receptacles.storage_bin,
}


def make_object(category: str, shape: str, color: str, rng: np.random.Generator, lazy: bool = False) -> ObjectModel:
    """Build one object. Size, mass, friction, shade, accent and decoration are drawn from its half of the category.

    `lazy`: its parts are made when somebody looks at them.
    """
    known = categories()
    if category not in known:
        raise ConfigError(unknown_name("category", category, known))
    ranges = known[category]
    if shape not in ranges.shapes:
        raise ConfigError(unknown_name(f"shape of {category}", shape, ranges.shapes))
    half = ranges.half_of(shape)
    if color not in half.colors:
        raise ConfigError(unknown_name(f"color of {category}/{shape}", color, half.colors))
    position = float(rng.uniform())  # one draw for size and mass: a bigger one is heavier
    factor = half.scale[0] + position * (half.scale[1] - half.scale[0])
    weight = np.clip(position + rng.normal(0, 0.15), 0, 1)
    paint = mix_paint(color, rng, half.decorations, half.shades)
    make = partial(_make_parts, category, shape, paint, factor)
    return ObjectModel(
        name=f"{category}_{shape}",
        category=category,
        color=color,
        parts=LazyParts(make) if lazy else make(),
        mass=float(ranges.mass[0] + weight * (ranges.mass[1] - ranges.mass[0])),
        friction=float(rng.uniform(*ranges.friction)),
        resting=_poses(category, shape, ranges.resting, rng),
        rolls=ranges.rolls,
        shape=ranges.shapes.index(shape),
    )


def _recipe(category: str, shape: str, paint: Paint) -> list[Part]:
    rows, make = FAMILIES.get(category, ({}, None))
    return make(rows[shape], paint) if make and shape in rows else RECIPES[category](shape, paint)


def _make_parts(category: str, shape: str, paint: Paint, factor: float) -> tuple[Part, ...]:
    return tuple(scaled(part, factor) for part in paint.dressed(_recipe(category, shape, paint)))


@cache
def _resting_faces(category: str, shape: str) -> RestingFaces:
    """Return what this shape can lie on: colours and decoration do not change it, and size only scales it."""
    paint = mix_paint(categories()[category].colors[0], np.random.default_rng(0))
    return RestingFaces(_recipe(category, shape, paint))


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
