# SPDX-License-Identifier: Apache-2.0
"""Scenes become MuJoCo models: the table is where it should be, cameras see what they should, textures tile."""

import mujoco
import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from vla_ros.sim.object_geoms import add_objects
from vla_ros.sim.scenes.scene import Scene, SurfaceTexture
from vla_ros.sim.scenes.surfaces import PATTERNS
from vla_ros.sim.scenes.textures import PAINT, SIZE, surface_texture
from vla_ros.sim.surroundings import add_surroundings


def compiled(scene: Scene, shadows: bool = False) -> tuple[mujoco.MjModel, mujoco.MjData]:
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 640, 480
    add_surroundings(spec, scene, shadows)
    add_objects(spec, scene)
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def first_hit(model: mujoco.MjModel, data: mujoco.MjData, start: tuple, direction: tuple) -> tuple[float, str]:
    geom = np.zeros(1, dtype=np.int32)
    distance = mujoco.mj_ray(model, data, np.array(start, float), np.array(direction, float), None, 1, -1, geom)
    return distance, "" if geom[0] < 0 else model.geom(int(geom[0])).name


@pytest.mark.parametrize(("name", "seed"), [("basic", 0), ("height", 4), ("background", 2), ("distractor", 1)])
def test_the_table_is_a_slab_clear_of_the_robot(name: str, seed: int) -> None:
    scene = grasping_scene(name, seed)
    model, data = compiled(scene)
    distance, hit = first_hit(model, data, (0.25, 0.4, 1.0), (0, 0, -1))
    assert hit == "scene/table"
    assert 1.0 - distance == pytest.approx(scene.table.height, abs=1e-6)
    distance, hit = first_hit(model, data, (0.12, 0.0, scene.table.height - 0.01), (1, 0, 0))
    assert (hit, distance) == ("scene/table", pytest.approx(0.08, abs=1e-6))
    assert first_hit(model, data, (-0.04, 0.0, 0.5), (0, 0, -1)) == (pytest.approx(0.5), "scene/pedestal")
    # Its mounting plate is part of no robot: nothing of the surroundings reaches above the base's height beside it.
    for x, y in ((0.09, 0.0), (-0.1, 0.1), (0.0, -0.15)):
        distance, _ = first_hit(model, data, (x, y, 1.0), (0, 0, -1))
        assert 1.0 - distance <= 1e-6


def test_nothing_touches_at_the_start() -> None:
    for seed in range(4):
        model, data = compiled(grasping_scene("distractor", seed, categories="all"))
        assert data.ncon == 0, [model.geom(contact.geom1).name for contact in data.contact]


def test_the_camera_sees_each_object_where_its_matrix_says() -> None:
    scene = grasping_scene("distractor", 3, categories="all")
    model, data = compiled(scene)
    with mujoco.Renderer(model, 480, 640) as renderer:
        renderer.enable_segmentation_rendering()
        for camera in scene.cameras:
            renderer.update_scene(data, camera.name)
            geoms = renderer.render()[..., 0]
            bodies = np.where(geoms >= 0, model.geom_bodyid[np.clip(geoms, 0, None)], -1)
            for placed in scene.objects:
                rows, columns = np.nonzero(bodies == model.body(placed.name).id)
                assert len(rows) > 60, f"{camera.name} does not see {placed.name}"
                T = camera.T_base_camera
                centre = data.body(placed.name).xipos
                local = T[:3, :3].T @ (centre - T[:3, 3])
                u, v = (camera.intrinsics @ local)[:2] / local[2]
                assert columns.min() - 3 <= u <= columns.max() + 3
                assert rows.min() - 3 <= v <= rows.max() + 3


def test_a_projected_sphere_is_where_it_is_drawn_to_half_a_pixel() -> None:
    scene = grasping_scene("basic", 5)
    camera = scene.cameras[0]
    spec = mujoco.MjSpec()
    spec.visual.global_.offwidth, spec.visual.global_.offheight = 640, 480
    add_surroundings(spec, scene)
    T = camera.T_base_camera
    at = (T @ np.array([0.12, -0.08, 0.8, 1.0]))[:3]
    spec.worldbody.add_geom(name="dot", size=[0.01, 0, 0], pos=at)
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    with mujoco.Renderer(model, 480, 640) as renderer:
        renderer.enable_segmentation_rendering()
        renderer.update_scene(data, camera.name)
        rows, columns = np.nonzero(renderer.render()[..., 0] == model.geom("dot").id)
    u, v = (camera.intrinsics @ (0.12, -0.08, 0.8))[:2] / 0.8
    assert columns.mean() == pytest.approx(u, abs=0.5)
    assert rows.mean() == pytest.approx(v, abs=0.5)


def test_shadows_only_on_request() -> None:
    scene = grasping_scene("basic", 0)
    assert not compiled(scene)[0].light_castshadow.any()
    assert compiled(scene, shadows=True)[0].light_castshadow.sum() == 1


def test_a_frame_is_well_exposed() -> None:
    """Neither black nor burnt out, and the object stands out from the table."""
    for seed in range(3):
        scene = grasping_scene("basic", seed)
        model, data = compiled(scene)
        with mujoco.Renderer(model, 480, 640) as renderer:
            renderer.update_scene(data, "side")
            image = renderer.render()
        assert 40 < image.mean() < 215
        assert (image.min(axis=-1) > 250).mean() < 0.02


@pytest.mark.parametrize("pattern", sorted({*PATTERNS["common"], *PATTERNS["unseen"]} - {PAINT}))
def test_textures_tile_without_a_seam(pattern: str) -> None:
    texture = surface_texture(SurfaceTexture(pattern, (0.8, 0.6, 0.4), (0.4, 0.3, 0.2), 0.5, seed=3)).astype(float)
    assert texture.shape == (SIZE, SIZE, 3)
    for axis in (0, 1):
        steps = np.abs(np.diff(texture, axis=axis)).mean(axis=(1 - axis, 2))
        seam = np.abs(texture.take(0, axis) - texture.take(-1, axis)).mean()
        assert seam <= steps.max() + 2.0
    assert texture.std() > 2


def test_textures_follow_their_seed() -> None:
    def make(seed: int) -> np.ndarray:
        return surface_texture(SurfaceTexture("marble", (0.8, 0.6, 0.4), (0.4, 0.3, 0.2), 0.5, seed))

    np.testing.assert_array_equal(make(1), make(1))
    assert (make(1) != make(2)).mean() > 0.5
