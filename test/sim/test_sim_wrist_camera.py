# SPDX-License-Identifier: Apache-2.0
"""A camera on the hand: where it is follows from the tool, and a scene that has none stays what it was."""

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World

CAMERAS = ("front", "wrist")


@pytest.fixture(scope="module")
def world():
    made = World(grasping_scene("basic", 2, cameras=CAMERAS), load_embodiment("franka"))
    yield made
    made.close()


def pixel_of(world: World, point: np.ndarray) -> np.ndarray:
    """Where the wrist camera truly shows a point (3,) [m] of the base frame [px]."""
    camera = world.camera("wrist")
    local = (point - camera.T_base_camera[:3, 3]) @ camera.T_base_camera[:3, :3]
    image = camera.intrinsics @ local
    assert local[2] > 0.0
    return image[:2] / image[2]


def content(scene: Scene) -> list:
    objects = [(placed.name, placed.T_base_object.tobytes(), placed.model.mass) for placed in scene.objects]
    front = scene.camera("front")
    poses = (front.T_base_camera.tobytes(), front.T_base_camera_published.tobytes())
    return [objects, poses, scene.instruction, scene.table, scene.lights, scene.floor, scene.walls, scene.arm_start]


@pytest.mark.parametrize("stream", ["evaluation", "generation"])
def test_a_wrist_camera_changes_nothing_else(stream):
    for seed in range(6):
        usual, with_wrist = grasping_scene("distractor", seed, stream), grasping_scene(
            "distractor", seed, stream, cameras=CAMERAS
        )  # fmt: skip
        assert usual.camera_names == ("front", "side")
        assert with_wrist.camera_names == CAMERAS
        assert content(usual) == content(with_wrist)


def test_the_other_pictures_are_the_same_to_the_bit(world):
    usual = World(grasping_scene("basic", 2), load_embodiment("franka"))
    here, there = usual.observe_camera("front"), world.observe_camera("front")
    usual.close()
    np.testing.assert_array_equal(here.color, there.color)
    np.testing.assert_array_equal(here.depth, there.depth)


def test_an_unknown_camera_names_the_nearest():
    with pytest.raises(ConfigError, match=r"unknown camera 'wrst': did you mean 'wrist'\?"):
        grasping_scene("basic", 0, cameras=("front", "wrst"))


def test_mounts_differ_from_scene_to_scene_and_are_published_a_little_off():
    shifts = []
    for seed in range(8):
        (mounted,) = grasping_scene("basic", seed, cameras=CAMERAS).mounted
        again = grasping_scene("light", seed, cameras=("wrist", "side")).mounted[0]
        np.testing.assert_array_equal(mounted.T_body_camera, again.T_body_camera)
        error = np.linalg.inv(mounted.T_body_camera) @ mounted.T_body_camera_published
        assert np.linalg.norm(mounted.T_body_camera_published[:3, 3] - mounted.T_body_camera[:3, 3]) == pytest.approx(
            0.002
        )
        assert np.degrees(Rotation.from_matrix(error[:3, :3]).magnitude()) == pytest.approx(0.3)
        shifts.append(mounted.T_body_camera[:3, 3])
    assert 0.001 < np.ptp(shifts, axis=0).max() < 0.01


def test_its_pose_is_tool_times_hand_eye_wherever_the_hand_is(world):
    (mounted,) = world.scene.mounted
    before = world.observe_camera("wrist")
    np.testing.assert_allclose(before.T_base_camera, world.T_base_ee @ mounted.T_body_camera_published, atol=1e-12)
    world.command_position(world.q + np.array([0.3, 0.1, 0.0, -0.1, 0.2, 0.1, 0.3]))
    world.step(800)
    after = world.observe_camera("wrist")
    np.testing.assert_allclose(after.T_base_camera, world.T_base_ee @ mounted.T_body_camera_published, atol=1e-12)
    assert np.linalg.norm(after.T_base_camera[:3, 3] - before.T_base_camera[:3, 3]) > 0.05
    assert after.stamp > before.stamp


def test_it_looks_past_the_fingers(world):
    """Finger tips are at the lower edge, the left one to the left of the hand that points away from its base."""
    right, left = (pixel_of(world, world.body_pose(f"panda_{side}finger_tip")[:3, 3]) for side in ("left", "right"))
    for tip in (left, right):
        assert 380 < tip[1] < 520
    assert left[0] < 220
    assert right[0] > 420
    ahead = pixel_of(world, (world.T_base_ee @ np.array([0.1, 0.0, 0.2, 1.0]))[:3])
    assert ahead[1] < 300  # what is in front of the hand is above in the picture


def test_depth_and_true_pose_find_the_table_from_any_pose(world):
    camera = world.camera("wrist")
    _, depth = world.render_camera("wrist")
    rows, columns = np.mgrid[0:400:7, 0:640:7]
    z, K = depth[rows, columns].astype(float), camera.intrinsics
    rays = np.stack([(columns - K[0, 2]) / K[0, 0], (rows - K[1, 2]) / K[1, 1], np.ones_like(z)], axis=-1)
    points = (rays * z[..., None]).reshape(-1, 3) @ camera.T_base_camera[:3, :3].T + camera.T_base_camera[:3, 3]
    on_table = np.abs(points[:, 2] - world.scene.table.height) < 0.002
    assert on_table.mean() > 0.3
