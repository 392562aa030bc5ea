# SPDX-License-Identifier: Apache-2.0
"""What is measured, in the frames and units that the network reads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.gam.config import GamSizes, SceneTokens
from vla_ros.policies.gam.observed_scene import NEAR, ObservedScene, scene_arrays, scene_frame

SIZES = GamSizes(scene=SceneTokens(height=16, width=16, object_points=20, surrounding_points=30))
UNIT = SIZES.scales.position


def pose(x: float, y: float, z: float, *angles: float) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_euler("xyz", angles or (0.0, 0.0, 0.0)).as_matrix(), (x, y, z)
    return T


@pytest.fixture
def scene() -> ObservedScene:
    """Return 60 points of two instances in the source, 60 of its floor, 60 of the destination's floor."""
    rng = np.random.default_rng(0)
    source, destination = pose(0.5, 0.3, 0.1, 0.0, 0.0, 0.4), pose(0.5, -0.4, 0.1)
    own = rng.uniform(-0.02, 0.02, (60, 3)) + np.repeat([(0.1, 0.0, 0.05), (-0.1, 0.05, 0.03)], 30, axis=0)
    floor = np.column_stack([rng.uniform(-0.2, 0.2, (60, 2)), np.zeros(60)])
    points = np.concatenate([moved(own, source), moved(floor, source), moved(floor, destination)])
    places = np.stack([moved(rng.uniform(-0.2, 0.2, (16, 16, 3)), T) for T in (source, destination)])
    places[0, 0, 0] = np.nan
    return ObservedScene(
        images=rng.integers(0, 255, (2, 16, 16, 3), dtype=np.uint8),
        places=places.astype(np.float16),
        points=points.astype(np.float32),
        colors=rng.integers(0, 255, (180, 3), dtype=np.uint8),
        instances=np.repeat([0, 1, -1], [30, 30, 120]),
        T_base_totes=np.stack([source, destination]),
    )


def moved(points: np.ndarray, T: np.ndarray) -> np.ndarray:
    return points @ T[:3, :3].T + T[:3, 3]


def test_a_pick_is_told_around_the_middle_of_the_object(scene: ObservedScene) -> None:
    found = scene_arrays(scene, 1, "suction", SIZES, np.random.default_rng(0))
    assert found.images.shape == (1, 16, 16, 3)
    own = found.features[:, 3] > 0.5
    assert own.sum() == 20
    assert np.abs(found.points[own] * UNIT).max() < 0.05
    around = found.points[found.points_there & ~own] * UNIT
    assert 0 < len(around) <= 30
    assert np.abs(around).max() < NEAR + 0.05
    # Points and places are those of the base frame again, by the frame that candidates stand in.
    T_base_scene = scene_frame(scene, 1, "suction")
    assert np.allclose(T_base_scene[:3, :3], scene.T_base_totes[0, :3, :3])
    back = moved(found.points[own] * UNIT, T_base_scene)
    nearest = np.linalg.norm(back[:, None] - scene.points[scene.instances == 1], axis=2).min(axis=1)
    assert nearest.max() < 1e-5
    places = moved(found.places[0] * UNIT, T_base_scene)
    assert np.allclose(places[1:], scene.places[0, 1:], atol=1e-5)
    assert np.isnan(found.places[0, 0, 0]).all()


def test_an_object_that_lies_elsewhere_is_told_alike(scene: ObservedScene) -> None:
    off = np.array([0.03, -0.02, 0.01], dtype=np.float32)
    other = replace(scene, points=scene.points + off, places=(scene.places.astype(np.float32) + off))
    there = replace(scene, places=scene.places.astype(np.float32))
    one, two = (scene_arrays(each, 0, "pinch", SIZES, np.random.default_rng(0)) for each in (there, other))
    assert np.allclose(one.points, two.points, atol=1e-5)
    assert np.allclose(one.places, two.places, atol=1e-5, equal_nan=True)


def test_a_placement_is_told_in_the_destination_with_what_the_tool_carries(scene: ObservedScene) -> None:
    pick = pose(-0.1, 0.05, 0.05, np.pi, 0.0, 0.3)
    found = scene_arrays(scene, 1, "place", SIZES, np.random.default_rng(0), pick)
    assert found.images.shape == (2, 16, 16, 3)
    own = found.features[:, 3] > 0.5
    carried = moved(found.points[own] * UNIT, scene.T_base_totes[0] @ pick)
    nearest = np.linalg.norm(carried[:, None] - scene.points[scene.instances == 1], axis=2).min(axis=1)
    assert nearest.max() < 1e-5
    around = found.points[found.points_there & ~own] * UNIT
    assert np.allclose(around[:, 2], 0.0, atol=1e-5)  # the destination's floor, nothing of the source
    for view in (0, 1):
        places = moved(found.places[view] * UNIT, scene.T_base_totes[view])
        assert np.allclose(places[1:], scene.places[view, 1:], atol=1e-5)
    with pytest.raises(ConfigError, match="the pick behind it"):
        scene_arrays(scene, 1, "place", SIZES, np.random.default_rng(0))


def test_an_instance_without_points_gives_none_of_interest(scene: ObservedScene) -> None:
    found = scene_arrays(scene, 7, "suction", SIZES, np.random.default_rng(0))
    assert not found.features[:, 3].any()
    assert np.isfinite(found.points).all()
