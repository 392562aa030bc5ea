# SPDX-License-Identifier: Apache-2.0
"""A robot at its home with one thing under its cups, in the air unless a table is put there."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
from scene_making.drawn_scene import grasping_scene
from scipy.spatial.transform import Rotation

from vla_ros.objects.model import ObjectModel, Part
from vla_ros.objects.towels import towel
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.placed import PlacedCloth
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.world import World

SINGLE, SEVEN = "franka+single_cup", "franka+seven_piston"
G = 9.81  # [m/s²]
ASKED = 0.022  # [s] in which cups that are on are asked whether they seal


@lru_cache
def _empty(robot: str) -> tuple[Scene, World]:
    scene = grasping_scene("basic", 0, robot=robot)
    scene = dataclasses.replace(scene, objects=(), cameras=scene.cameras[:1])
    return scene, World(scene, load_embodiment(robot), settle=False)


def held(
    part: Part,
    mass: float,
    robot: str = SINGLE,
    shift: tuple[float, float] = (0.0, 0.0),
    rotation: tuple[float, float, float] = (0.0, 0.0, 0.0),
    category: str = "box",
    gap: float = 0.0005,
    table: float | None = None,
    on: tuple[str, ...] = ("cup_1",),
    timestep: float = 0.001,
) -> World:
    """Put a thing of one part, its top `gap` [m] below the lips and shifted, turned by Euler angles; switch cups on.

    It weighs nothing until they were asked. The arm holds stiffly.
    `table`: how far below the thing [m] one stands; None: none is near.
    """
    scene, bare = _empty(robot)
    tip = bare.body_pose("cup_1")[:3, 3]
    height = part.size[0] if part.shape == "sphere" else part.size[2]
    T_base_object = np.eye(4)
    T_base_object[:3, :3] = Rotation.from_euler("xyz", rotation).as_matrix()
    T_base_object[:3, 3] = tip + np.array([*shift, -height - gap])
    thing = PlacedObject("thing", ObjectModel("thing", category, "white", (part,), mass, 0.6), T_base_object)
    level = -0.3 if table is None else T_base_object[2, 3] - height - table
    scene = dataclasses.replace(scene, objects=(thing,), table=dataclasses.replace(scene.table, height=level))
    world = World(scene, bare.embodiment, timestep, settle=False)
    world.command_position(world.q, stream=True)
    for name in on:
        world.cups[name].command(1.0)
    world.model.opt.gravity[:] = 0.0
    world.step(round(ASKED / timestep))
    world.model.opt.gravity[:] = 0.0, 0.0, -G
    return world


def over_towel() -> World:
    """Put a towel on a table right under a lip that is on."""
    scene, bare = _empty(SINGLE)
    T_base_cloth = np.eye(4)
    T_base_cloth[:3, 3] = bare.body_pose("cup_1")[:3, 3] - (0.0, 0.0, 0.003)
    table = dataclasses.replace(scene.table, height=T_base_cloth[2, 3] - 0.002)
    cloth = PlacedCloth("towel", towel("towel", "red", np.random.default_rng(0)), T_base_cloth)
    world = World(dataclasses.replace(scene, cloths=(cloth,), table=table), bare.embodiment, settle=False)
    world.command_position(world.q, stream=True)
    world.cups["cup_1"].command(1.0)
    world.step(60)
    return world


def fallen(world: World) -> float:
    """Return how far the thing is below where it was put [m]."""
    return float(world.scene.objects[0].T_base_object[2, 3] - world.object_pose("thing")[2, 3])
