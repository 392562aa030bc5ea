# SPDX-License-Identifier: Apache-2.0
"""What cameras see of a scene of totes, and which true object each of its instances shows."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.objects.totes import SOURCE
from vla_ros.policies.gam.perception.bin_view import BinObservation, TotePlaces, observe_bins
from vla_ros.policies.gam.perception.cameras import CAMERAS
from vla_ros.policies.gam.perception.still_frames import FRAMES, StillFrames
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.surroundings import CLEAR_GROUP, VISUAL_GROUP
from vla_ros.sim.world import World
from vla_ros.tasks.bins.contents import bin_totes
from vla_ros.tasks.bins.scenes import as_it_lies, sample_bin

_MOSTLY = 0.5  # share of an instance's pixels that show the object
_FAR = 5.0  # [m]


def tote_places() -> TotePlaces:
    """Return where totes nominally stand, as config/tasks/bin_totes.yaml says."""
    totes = bin_totes()
    return TotePlaces(totes.size, totes.source, totes.destination)


def observe(request: SceneRequest, frames: int = FRAMES) -> tuple[Scene, BinObservation, np.ndarray]:
    """Return a scene as it lies still, what is seen of it, and the object (I,) that each instance mostly shows.

    Seen is the mean of `frames`, as a policy looks. An object is −1 where an instance mostly shows none.
    Raises NoToteError where a tote is not seen, ConfigError for a scene that cannot be drawn.
    """
    world = World(sample_bin(request), load_embodiment(request.robot))
    still = as_it_lies(world)
    looked = StillFrames()
    while len(looked) < frames:
        looked.add({name: world.observe_camera(name) for name in CAMERAS})
        world.step()  # nothing moves: another instant has other noise
    seen = observe_bins(looked.averaged(), tote_places())
    return still, seen, _shown(world, still, seen)


def _shown(world: World, scene: Scene, seen: BinObservation) -> np.ndarray:
    labels = seen.labels
    count = int(labels.max(initial=-1)) + 1
    if not count:
        return np.zeros(0, np.int16)
    camera = scene.camera(SOURCE)
    K, T = camera.intrinsics, camera.T_base_camera
    rows, columns = np.nonzero(labels >= 0)
    u, v = columns + seen.crop.first[1], rows + seen.crop.first[0]
    rays = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones(len(u))], -1) @ T[:3, :3].T
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    geoms, distances = np.full(len(rays), -1, np.int32), np.zeros(len(rays))
    groups = np.zeros(mujoco.mjNGROUP, np.uint8)
    groups[[VISUAL_GROUP, CLEAR_GROUP]] = 1
    mujoco.mj_multiRay(
        world.model, world.data, T[:3, 3].copy(), rays.ravel().copy(), groups, 1, -1, geoms, distances, None,
        len(rays), _FAR,
    )  # fmt: skip
    index = np.full(world.model.nbody, -1)
    for number, one in enumerate(scene.objects):
        index[world.model.body(one.name).id] = number
    objects = np.where(geoms >= 0, index[world.model.geom_bodyid[geoms]], -1)
    table = np.zeros((count, len(scene.objects) + 1), int)
    np.add.at(table, (labels[rows, columns], objects), 1)  # the last column is that of −1
    best = table.argmax(axis=1)
    share = table.max(axis=1) / np.maximum(table.sum(axis=1), 1)
    return np.where((best < len(scene.objects)) & (share > _MOSTLY), best, -1).astype(np.int16)
