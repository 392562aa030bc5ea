# SPDX-License-Identifier: Apache-2.0
"""How a scene of bin picking is drawn: a tote of things that were dropped into it, and another to put them into."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.totes import SOURCE, TOTES, tote
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import compose
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import check_set, load_sets
from vla_ros.sim.world import World
from vla_ros.tasks.bins.contents import TASK, bin_totes, draw_things
from vla_ros.tasks.bins.dropping import drop

INSTRUCTION = "move everything from the source tote into the destination tote"


def sample_bin(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request. Things of the source come first, its fixtures are both totes.

    Raises ConfigError for names it does not know.
    """
    sets = load_sets(TASK)
    check_set(sets, request.set_name)
    scene = compose(([], []), request, sets, lambda placed: INSTRUCTION)
    workplace = load_embodiment(request.robot).workplace
    origin = (0.0, 0.0) if workplace is None else workplace.origin[:2]
    catalogue = catalogue_of(request)
    fixtures, objects = [], []
    for number, name in enumerate(TOTES):
        model, T, things = filled(name, number, request.stream, request.seed, request.set_name, catalogue)
        T = T.copy()
        T[:3, 3] += *origin, scene.table.height
        fixtures.append(PlacedFixture(name, model, T))
        objects += [dataclasses.replace(thing, T_base_object=T @ thing.T_base_object) for thing in things]
    return dataclasses.replace(scene, objects=tuple(objects), fixtures=tuple(fixtures), target="")


def catalogue_of(request: SceneRequest) -> Catalogue:
    """Return whose things lie in totes, beside boxes and bags. Raises ConfigError for a folder that holds none."""
    return request.objects if isinstance(request.objects, Catalogue) else load_catalogue(request.objects)


def floors(scene: Scene) -> dict[str, np.ndarray]:
    """Return T_base_tote (4, 4) of each tote by its name: in the middle of its floor, z up."""
    size = bin_totes().size
    return {fixture.name: size.floor(fixture.T_base_fixture) for fixture in scene.fixtures}


def as_it_lies(world: World) -> Scene:
    """Return a world's scene with every thing where it is now."""
    objects = tuple(dataclasses.replace(one, T_base_object=world.object_pose(one.name)) for one in world.scene.objects)
    return dataclasses.replace(world.scene, objects=objects)


def in_tote(scene: Scene, name: str) -> Scene:
    """Return a scene of which only a tote's things are left: what lies elsewhere is in no candidate's way."""
    return dataclasses.replace(scene, objects=tuple(one for one in scene.objects if one.name.startswith(f"{name}_")))


@lru_cache(maxsize=8)
def filled(
    name: str, number: int, stream: str, seed: int, set_name: str, catalogue: Catalogue
) -> tuple[FixtureModel, np.ndarray, tuple[PlacedObject, ...]]:
    """Return a tote, its pose (4, 4) on a table at the height 0, and what lies in it in its own frame."""
    totes = bin_totes()
    rng = scene_generator(stream, seed, "bodies", number)
    model = tote(name, str(rng.choice(list(color_ranges()))), rng, totes.size)
    T = np.eye(4)
    T[:2, 3] = np.array(getattr(totes, name)) + rng.uniform(-totes.shift, totes.shift, 2)
    T[:3, :3] = Rotation.from_euler("z", rng.uniform(-totes.turn, totes.turn), degrees=True).as_matrix()
    low, high = totes.things if name == SOURCE else totes.packed
    novel = check_set(load_sets(TASK), set_name).novel
    things = draw_things(
        int(rng.integers(low, high + 1)), stream, novel, scene_generator(stream, seed, "objects", number), catalogue
    )
    lying = drop(things, model, totes.size, scene_generator(stream, seed, "places", number), totes.above_rim)
    return (
        model,
        T,
        tuple(
            PlacedObject(
                f"{name}_{index}_{things[which].color}_{things[which].category}".replace(" ", "_"), things[which], pose
            )
            for index, (which, pose) in enumerate(lying)
        ),
    )
