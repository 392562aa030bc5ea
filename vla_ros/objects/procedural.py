# SPDX-License-Identifier: Apache-2.0
"""Procedural objects: a category, a shape and a colour become an ObjectModel; every copy differs a little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from vla_ros.objects.recipes.families.mixing import like, mixed
from vla_ros.objects.recipes.pictured import PICTURED
from vla_ros.objects.resting import LazyPoses, Quaternion, RestingFaces, named_orientation
from vla_ros.objects.solids import scaled

Recipe = Callable[[Paint], list[Part]]
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


def make_object(
    category: str, shape: str, color: str, rng: np.random.Generator, lazy: bool = False, between: bool = False
) -> ObjectModel:
    """Build one object. Size, mass, friction, shade, accent and decoration are drawn from its half of the category.

    `lazy`: its parts are made when somebody looks at them. `between`: it is no shape of the catalogue but one between
    this and another of its half, where the category has a table of them.
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
    recipe = _between(category, shape, half.shapes, rng) if between else partial(_recipe, category, shape)
    make = partial(_make_parts, recipe, paint, factor)
    return ObjectModel(
        name=f"{category}_{shape}",
        category=category,
        color=color,
        parts=LazyParts(make) if lazy else make(),
        mass=float(ranges.mass[0] + weight * (ranges.mass[1] - ranges.mass[0])),
        friction=float(rng.uniform(*ranges.friction)),
        resting=_poses(recipe if between else None, category, shape, ranges.resting, rng),
        rolls=ranges.rolls,
        shape=ranges.shapes.index(shape),
    )


def _recipe(category: str, shape: str, paint: Paint) -> list[Part]:
    rows, make = FAMILIES.get(category, ({}, None))
    return make(rows[shape], paint) if make and shape in rows else RECIPES[category](shape, paint)


def _between(category: str, shape: str, shapes: Sequence[str], rng: np.random.Generator) -> Recipe:
    """Return how an object is made that lies between this shape and another of `shapes`, or of those only pictured.

    As often as one is due among all of them it begins from one that is only pictured. Where there is no table of this
    shape it is this one.
    """
    rows, make = FAMILIES.get(category, ({}, None))
    known = [rows[name] for name in shapes if name in rows]
    row = rows.get(shape)
    if shape in categories()[category].training.shapes:
        table, make_further = PICTURED.get(category, ({}, None))
        further = list(table.values())
        known += further
        if rng.uniform() < len(further) / (len(further) + len(shapes)):
            row, make = further[int(rng.integers(len(further)))], make_further
    if row is None or make is None:
        return partial(_recipe, category, shape)
    others = like(row, known)
    return partial(make, mixed(row, others[int(rng.integers(len(others)))], rng))


def _make_parts(recipe: Recipe, paint: Paint, factor: float) -> tuple[Part, ...]:
    return tuple(scaled(part, factor) for part in paint.dressed(recipe(paint)))


@cache
def _resting_faces(category: str, shape: str) -> RestingFaces:
    """Return what this shape can lie on: colours and decoration do not change it, and size only scales it."""
    return _faces(partial(_recipe, category, shape), category)


def _faces(recipe: Recipe, category: str) -> RestingFaces:
    return RestingFaces(recipe(mix_paint(categories()[category].colors[0], np.random.default_rng(0))))


def _poses(
    own: Recipe | None, category: str, shape: str, names: tuple[str, ...], rng: np.random.Generator
) -> LazyPoses:
    """Return how one copy may lie: the random rolls are drawn now, the faces it comes to rest on when requested."""
    orientations = tuple(tuple(named_orientation(name, rng).as_quat().tolist()) for name in names)
    faces = partial(_resting_faces, category, shape) if own is None else partial(_faces, own, category)
    return LazyPoses(partial(_rested, faces, names, orientations))


def _rested(
    faces: Callable[[], RestingFaces], names: tuple[str, ...], orientations: tuple[Quaternion, ...]
) -> tuple[Quaternion, ...]:
    found = None if set(names) == {"any"} else faces()
    return tuple(
        orientation if name == "any" or found is None else found.rest(Rotation.from_quat(orientation))  # a ball stays
        for name, orientation in zip(names, orientations, strict=True)
    )
