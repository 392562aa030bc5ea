# SPDX-License-Identifier: Apache-2.0
import mujoco
import numpy as np
import pytest
from scene_making.objects_on_table import box, mixed_scene, scene_of

from controllers.errors import ConfigError
from vla_ros.sim.candidates.still_scene import NOT_AN_OBJECT, StillScene
from vla_ros.sim.candidates.visible_points import visible_points

DOWN = np.array([0.0, 0.0, -1.0])


@pytest.fixture(scope="module")
def mixed() -> StillScene:
    return StillScene.of(mixed_scene())


@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_parallel_rays_meet_what_single_rays_meet(mixed, tilt) -> None:
    rng = np.random.default_rng(0)
    direction = np.array([np.sin(tilt), 0.0, -np.cos(tilt)])
    through = np.array([0.5, 0.0, 0.05]) + rng.uniform(-0.06, 0.06, (300, 3)) * (1, 1, 0)
    hits = mixed.cast(through, direction)
    seen, geom = np.array([0, 0, 1, 0, 1, 0], np.uint8), np.zeros(1, np.int32)
    worst, differing = 0.0, 0
    for row, point in enumerate(through):
        distance = mujoco.mj_ray(mixed.model, mixed.data, point - 0.5 * direction, direction, seen, True, -1, geom)
        apart = abs(distance - 0.5 - hits.distance[row])
        differing += apart > 1e-4 or mixed.geom_object[geom[0]] != hits.objects[row]
        worst = max(worst, min(apart, 1e-4))
    assert differing <= 2  # on an outline the two may fall on either side
    assert worst <= 1e-4
    assert {NOT_AN_OBJECT} < set(hits.objects)


def test_a_ray_does_not_meet_what_stands_before_where_it_begins() -> None:
    still = StillScene.of(scene_of([box("low", (0.05, 0.05, 0.01), (0.5, 0.0)), box("high", (0.02,) * 3, (0.5, 0.0))]))
    place = np.array([[0.5, 0.0, 0.015]])
    assert still.cast(place, DOWN).objects.tolist() == [1]
    from_the_side = np.array([-1.0, 0.0, 0.0])
    outside = np.array([[0.53, 0.0, 0.03]])
    assert still.cast(outside, from_the_side, back=0.1).distance == pytest.approx([0.01], abs=1e-4)
    behind = np.array([[0.45, 0.0, 0.03]])
    assert still.cast(behind, from_the_side).distance == pytest.approx([-0.07], abs=1e-4)
    assert still.cast(behind, from_the_side, back=0.02).objects.tolist() == [NOT_AN_OBJECT]


def test_mass_centre_and_surface_are_the_objects() -> None:
    still = StillScene.of(scene_of([box("brick", (0.06, 0.05, 0.03), (0.5, 0.1), mass=0.7)]))
    np.testing.assert_allclose(still.centers, [[0.5, 0.1, 0.03]], atol=1e-9)
    assert still.masses == pytest.approx([0.7])
    size = np.ptp(still.surfaces[0], axis=0)
    np.testing.assert_allclose(size, [0.12, 0.10, 0.06], rtol=0.04)


def test_visible_points_lie_on_tops_and_know_how_far_the_edge_is() -> None:
    still = StillScene.of(scene_of([box("brick", (0.06, 0.05, 0.03), (0.5, 0.1))]))
    seen = visible_points(still)
    np.testing.assert_allclose(seen.points[:, 2], 0.06, atol=1e-4)
    np.testing.assert_allclose(seen.normals, np.broadcast_to((0, 0, 1), seen.normals.shape), atol=1e-6)
    assert seen.area.sum() == pytest.approx(0.12 * 0.10, rel=0.08)
    to_edge = np.minimum(0.06 - np.abs(seen.points[:, 0] - 0.5), 0.05 - np.abs(seen.points[:, 1] - 0.1))
    assert np.abs(seen.clear - to_edge).max() < 0.006
    drawn = seen.draw(500, np.random.default_rng(0), lip=0.03)
    assert to_edge[drawn].mean() > 1.2 * to_edge[seen.draw(500, np.random.default_rng(0))].mean()


def test_names_are_known(mixed) -> None:
    assert mixed.index("thing_3") == 3
    with pytest.raises(ConfigError, match="thing_3"):
        mixed.index("thng_3")
    with pytest.raises(ConfigError, match="no rigid object"):
        StillScene.of(scene_of([]))
    assert StillScene.of(scene_of([]), empty=True).names == ()
