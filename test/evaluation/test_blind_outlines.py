# SPDX-License-Identifier: Apache-2.0
"""Outlines of where things are to stand, against pictures that the simulator renders of them standing there."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest

from vla_ros.evaluation.blind.outlines import GREEN, draw_outlines, outlines_of, silhouette
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.table import load_task


def rendered(scene: Scene, camera: str) -> np.ndarray:
    world = World(scene, load_embodiment("franka"))
    try:
        return world.render_camera(camera)[0]
    finally:
        world.close()


@pytest.mark.parametrize("seed", [4000, 4003])
def test_an_outline_is_where_the_camera_sees_the_object(seed: int) -> None:
    scene = load_task("grasping").scene(SceneRequest("basic", seed))
    camera = scene.cameras[0]
    (target,) = [one for one in outlines_of(scene) if one.meant]
    hull = silhouette(target, camera.intrinsics, camera.T_base_camera)
    picture = rendered(scene, camera.name)
    others = tuple(placed for placed in scene.objects if placed.name != scene.target)
    without = rendered(dataclasses.replace(scene, objects=others, target=""), camera.name)
    changed = np.abs(picture.astype(int) - without.astype(int)).max(axis=2) > 25

    def covered(shift: float) -> float:
        mask = np.zeros(changed.shape, np.uint8)
        cv2.fillPoly(mask, [(hull + shift).round().astype(np.int32)], 1)
        return float(changed[mask > 0].mean())

    assert covered(0.0) > 0.7
    assert covered(0.0) > covered(25.0) + 0.2  # an outline elsewhere would be found out
    middle = hull.mean(axis=0)
    T = next(placed.T_base_object for placed in scene.objects if placed.name == scene.target)
    expected = camera.intrinsics @ (np.linalg.inv(camera.T_base_camera) @ T[:, 3])[:3]
    assert np.linalg.norm(middle - expected[:2] / expected[2]) < 25.0
    drawn = draw_outlines(picture, outlines_of(scene), camera.intrinsics, camera.T_base_camera)
    assert not np.array_equal(drawn, picture)
    green = np.abs(drawn.astype(int) - GREEN).max(axis=2) < 30
    distance = [abs(cv2.pointPolygonTest(hull, (float(x), float(y)), True)) for y, x in np.argwhere(green)]
    assert len(distance) > 20
    assert np.median(distance) < 12.0  # the line; its name stands above


def test_what_is_behind_the_camera_has_no_outline() -> None:
    scene = load_task("grasping").scene(SceneRequest("basic", 4000))
    camera = scene.cameras[0]
    away = camera.T_base_camera @ np.diag([1.0, -1.0, -1.0, 1.0])  # looks the other way
    assert silhouette(outlines_of(scene)[0], camera.intrinsics, away) is None
    picture = np.zeros((48, 64, 3), np.uint8)
    assert np.array_equal(draw_outlines(picture, outlines_of(scene), camera.intrinsics, away), picture)
