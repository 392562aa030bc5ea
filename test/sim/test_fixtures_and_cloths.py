# SPDX-License-Identifier: Apache-2.0
import dataclasses

import mujoco
import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene
from scene_making.furnished_scene import BLOCK, CABINET, DRAWER, LID, LID_BOX, TABLE, TOWEL, furnished_scene

from controllers.errors import ConfigError
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World

STEP = 0.002  # [s]


@pytest.fixture(scope="module")
def franka():
    return load_embodiment("franka")


@pytest.fixture(scope="module")
def furnished(franka):
    """A settled world with everything in it, which no test moves."""
    world = World(furnished_scene(drawer=0.1, lid=1.75), franka, timestep=STEP)
    yield world
    world.close()


def energy(world: World) -> float:
    """Return kinetic and potential energy [J]."""
    world.model.opt.enableflags |= mujoco.mjtEnableBit.mjENBL_ENERGY
    mujoco.mj_forward(world.model, world.data)
    return float(world.data.energy.sum())


def test_joints_stand_where_the_scene_says(furnished) -> None:
    assert furnished.joint_position(DRAWER) == pytest.approx(0.1, abs=1e-4)
    assert furnished.joint_position(LID) == pytest.approx(1.92, abs=0.01)  # past the top it falls open, to its end
    with pytest.raises(ConfigError, match="cabinet/drawer"):
        furnished.joint_position("cabinet/drawr")


def test_a_towel_drapes_over_a_block_and_hardly_stretches(furnished) -> None:
    vertices = furnished.cloth_vertices(TOWEL)
    assert vertices.shape == (49, 3)
    assert vertices[:, 2].min() > TABLE
    assert vertices[:, 2].max() > TABLE + 0.04  # over the block, which is 5 cm high
    assert vertices[list(furnished.scene.cloths[0].model.corners), 2].max() < TABLE + 0.02
    grid = vertices.reshape(7, 7, 3)
    for threads in (np.diff(grid, axis=0), np.diff(grid, axis=1)):
        lengths = np.linalg.norm(threads, axis=-1)
        assert np.abs(lengths / 0.04 - 1.0).max() < 0.1


def test_a_render_state_carries_all_of_it_to_another_process(furnished, franka) -> None:
    other = World(furnished_scene(), franka, settle=False)
    closed = other.render_camera("front")[0].astype(int)
    other.apply_render_state(furnished.render_state())
    for camera in furnished.scene.camera_names:
        color, depth = furnished.render_camera(camera)
        drawn, measured = other.render_camera(camera)
        np.testing.assert_array_equal(drawn, color)
        np.testing.assert_array_equal(measured, depth)
    np.testing.assert_array_equal(other.cloth_vertices(TOWEL), furnished.cloth_vertices(TOWEL))
    assert (
        np.abs(closed - furnished.render_camera("front")[0]).sum(axis=2) > 60
    ).sum() > 3000  # pixels that it changed
    other.close()


def test_the_same_scene_moves_to_the_same_bits(franka) -> None:
    states = []
    for _ in range(2):
        world = World(furnished_scene(drawer=0.05, bodies=(CABINET, TOWEL, BLOCK)), franka, timestep=STEP)
        world.step(100)
        states.append(world.render_state())
    np.testing.assert_array_equal(*states)


def test_a_lid_falls_shut_and_stays_in_its_range(franka) -> None:
    world = World(furnished_scene(lid=1.0, bodies=(LID_BOX,)), franka, timestep=STEP, settle=False)
    high = energy(world)
    angles = []
    for _ in range(50):
        world.step(10)
        angles.append(world.joint_position(LID))
    assert max(angles) < 1.0
    assert min(angles) > -0.05
    assert abs(angles[-1]) < 0.005
    assert energy(world) < high


def test_a_falling_towel_loses_energy_and_comes_to_rest(franka) -> None:
    world = World(furnished_scene(bodies=(TOWEL, BLOCK)), franka, timestep=STEP, settle=False)
    high = energy(world)
    for _ in range(20):
        world.step(50)
        assert energy(world) < high + 1e-3
    assert np.abs(world.data.qvel[world.bodies.dof]).max() < 0.2


def test_a_touch_of_cloth_is_not_taken_for_another_bodys(furnished) -> None:
    assert furnished.data.contact.geom[: furnished.data.ncon].min() == -1  # the towel lies on something
    assert furnished.objects_in_contact(("panda_hand",)) == set()


def test_put_down_moves_everything(furnished) -> None:
    scene = furnished.scene
    moved = scene.put_down((0.1, 0.2, 0.3), -0.5)
    for before, after in (
        (scene.fixtures[0].T_base_fixture, moved.fixtures[0].T_base_fixture),
        (scene.cloths[0].T_base_cloth, moved.cloths[0].T_base_cloth),
    ):
        np.testing.assert_allclose(after[:3, 3] - before[:3, 3], (0.1, 0.2, 0.3), atol=1e-12)


def test_names_are_unique_and_a_target_is_rigid(furnished) -> None:
    scene = furnished.scene
    with pytest.raises(ConfigError, match="two bodies are called 'towel'"):
        dataclasses.replace(scene, cloths=scene.cloths * 2)
    with pytest.raises(ConfigError, match="target 'cabinet' is no rigid object"):
        dataclasses.replace(scene, target=CABINET)


def test_what_makes_no_sense_is_refused(furnished) -> None:
    fixture, cloth = furnished.scene.fixtures[0], furnished.scene.cloths[0].model
    with pytest.raises(ConfigError, match=r"start must be 0 to 0\.176, got 0\.5"):
        dataclasses.replace(fixture, start={"drawer": 0.5})
    with pytest.raises(ConfigError, match="81 in all, got 12 × 12"):
        dataclasses.replace(cloth, count=(12, 12))


def bodies(scene: Scene) -> tuple[int, int]:
    return len(scene.fixtures), len(scene.cloths)


def test_scenes_of_rigid_objects_are_simulated_as_before(franka) -> None:
    scene = grasping_scene("basic", 3)
    assert bodies(scene) == (0, 0)
    world = World(scene, franka, timestep=STEP)
    assert world.model.nflex == 0
    assert world.render_state().size == 1 + 9 + 7 * len(scene.objects)
    assert list(world.bodies.dof) == list(range(9, 9 + 6 * len(scene.objects)))
