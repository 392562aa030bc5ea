# SPDX-License-Identifier: Apache-2.0
"""A scene without a single target: a cabinet with a drawer, a box with a lid, a towel, a block."""

from __future__ import annotations

import dataclasses

import numpy as np

from scene_making.drawn_scene import grasping_scene
from vla_ros.objects.fixtures import drawer_cabinet, lid_box
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.objects.towels import towel
from vla_ros.sim.scenes.placed import PlacedCloth, PlacedFixture
from vla_ros.sim.scenes.scene import PlacedObject, Scene

CABINET, LID_BOX, TOWEL, BLOCK = "cabinet", "box", "towel", "block"
DRAWER, LID = f"{CABINET}/drawer", f"{LID_BOX}/lid"
TABLE = 0.0  # [m] height of its top


def furnished_scene(drawer: float = 0.0, lid: float = 0.0, bodies: tuple[str, ...] = (), seed: int = 0) -> Scene:
    """Return the scene with its joints at `drawer` [m] and `lid` [rad]; of `bodies` alone where they are given."""
    rng = np.random.default_rng(seed)
    scene = grasping_scene("basic", seed)
    fixtures = (
        PlacedFixture(CABINET, drawer_cabinet(CABINET, "brown", rng), at(0.70, -0.24), {"drawer": drawer}),
        PlacedFixture(LID_BOX, lid_box(LID_BOX, "blue", rng), at(0.72, 0.26), {"lid": lid}),
    )
    cloths = (PlacedCloth(TOWEL, towel(TOWEL, "red", rng), at(0.45, 0.05, 0.10, 0.3)),)
    edges = (0.02, 0.02, 0.025)  # [m]
    block = ObjectModel("block", "block", "green", (Part("box", edges, rgba=(0.2, 0.6, 0.25, 1.0)),), 0.1, 0.6)
    kept = {CABINET, LID_BOX, TOWEL, BLOCK} if not bodies else set(bodies)
    return dataclasses.replace(
        scene,
        table=dataclasses.replace(scene.table, height=TABLE),
        objects=tuple(one for one in (PlacedObject(BLOCK, block, at(0.45, 0.05, 0.027)),) if one.name in kept),
        fixtures=tuple(one for one in fixtures if one.name in kept),
        cloths=tuple(one for one in cloths if one.name in kept),
        target="",
        instruction="tidy up",
        arm_start=None,
    )


def at(x: float, y: float, above: float = 0.0, yaw: float = 0.0) -> np.ndarray:
    """Return a pose (4, 4) on the table, or `above` it [m], turned by `yaw` [rad]."""
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    T[:3, 3] = x, y, TABLE + above
    return T
