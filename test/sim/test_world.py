# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from controllers.errors import ConfigError, VlaError
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.world import World

FINGERTIPS = ("panda_leftfinger_tip", "panda_rightfinger_tip")


@pytest.fixture(scope="module")
def franka():
    return load_embodiment("franka")


@pytest.fixture(scope="module")
def arm_model(franka):
    return ArmModel(expand_urdf(franka), franka.arms[0].joints, "panda_tcp")


def scene_with(part: Part, mass: float, height: float, x: float = 0.45) -> Scene:
    """A sampled scene whose only object is one part [kg], [m], resting on a table at height 0."""
    scene = grasping_scene("basic", 0)
    T_base_object = np.eye(4)
    T_base_object[:3, 3] = (x, 0.0, height + 0.002)
    model = ObjectModel(name="thing", category="block", color="red", parts=(part,), mass=mass, friction=0.6)
    return dataclasses.replace(
        scene,
        table=dataclasses.replace(scene.table, height=0.0),
        objects=(PlacedObject("thing", model, T_base_object),),
        target="thing",
        arm_start=None,
    )


def box_scene(mass: float = 0.2) -> Scene:
    return scene_with(Part("box", (0.02, 0.025, 0.03)), mass, 0.03)


@pytest.fixture(scope="module")
def still_world(franka):
    """A world for tests that move nothing."""
    world = World(box_scene(), franka)
    yield world
    world.close()


def run(world: World, seconds: float) -> None:
    world.step(round(seconds / world.timestep))


def above(x: float, z: float) -> np.ndarray:
    """Tool pointing down, fingers opening along y."""
    T_base_tool = np.diag([1.0, -1.0, -1.0, 1.0])
    T_base_tool[:3, 3] = (x, 0.0, z)
    return T_base_tool


def grasp_and_lift(world: World, arm_model: ArmModel, x: float, z: float) -> None:
    """Reach down, close and lift by 12 cm, in joint space, under the world's own position hold."""
    high = solve_ik(arm_model, above(x, z + 0.12), world.q)
    low = solve_ik(arm_model, above(x, z), high)
    for q in (high, low):
        world.command_position(q)
        run(world, 1.2)
    world.command_gripper(0.0)
    run(world, 1.0)
    world.command_position(high)
    run(world, 1.5)


# -- start ----------------------------------------------------------------------------------------------------------
def test_time_begins_after_settling_with_everything_at_rest(still_world, franka):
    assert still_world.time == 0.0
    np.testing.assert_array_equal(still_world.q, franka.arms[0].home)
    assert not still_world.dq.any()
    assert still_world.gripper_width == pytest.approx(0.08)
    assert still_world.object_pose("thing")[2, 3] == pytest.approx(0.03, abs=1e-3)


def test_arm_starts_where_the_scene_says(franka):
    start = tuple(franka.arms[0].home + 0.1)
    world = World(dataclasses.replace(box_scene(), arm_start=start), franka, settle=False)
    np.testing.assert_allclose(world.q, start)
    run(world, 0.2)
    np.testing.assert_allclose(world.q, start, atol=1e-3)


@pytest.mark.parametrize("timestep", [0.0, -0.001, 0.1, float("nan")])
def test_absurd_time_steps(franka, timestep):
    with pytest.raises(ConfigError, match="timestep must be"):
        World(box_scene(), franka, timestep=timestep)


# -- commands -------------------------------------------------------------------------------------------------------
def test_zero_effort_leaves_the_arm_floating(franka):
    """Gravity is compensated: without torque nothing falls."""
    world = World(box_scene(), franka, settle=False)
    world.command_effort(np.zeros(7))
    run(world, 0.5)
    np.testing.assert_allclose(world.q, franka.arms[0].home, atol=1e-6)


def test_effort_moves_the_arm_until_replaced(franka):
    world = World(box_scene(), franka, settle=False)
    world.command_effort(np.array([5.0, 0, 0, 0, 0, 0, 0]))
    run(world, 0.1)
    early = world.q[0]
    run(world, 0.1)
    assert world.effort[0] == pytest.approx(5.0)
    assert world.q[0] > 2.0 * early > 0.0


def test_effort_is_clamped_to_the_motors(franka):
    world = World(box_scene(), franka, settle=False)
    world.command_effort(np.array([500.0, 0, 0, 0, -500.0, 0, 0]))
    world.step()
    assert world.effort[0] == pytest.approx(87.0)
    assert world.effort[4] == pytest.approx(-12.0)


def test_position_hold_stops_a_moving_arm_and_torque_takes_over_again(franka):
    world = World(box_scene(), franka, settle=False)
    world.command_effort(np.array([20.0, 0, 0, 0, 0, 0, 0]))
    run(world, 0.15)
    held = world.q
    world.command_position(held)
    run(world, 1.0)
    assert np.abs(world.dq).max() < 0.01
    np.testing.assert_allclose(world.q, held, atol=0.02)
    world.command_effort(np.zeros(7))
    world.step()
    assert not world.effort.any()


def test_position_commands_are_approached_at_the_joint_speed_limit(franka):
    world = World(box_scene(), franka, settle=False)
    q = franka.arms[0].home.copy()
    q[0] += 1.5
    world.command_position(q)
    fastest = 0.0
    for _ in range(100):
        world.step(10)
        fastest = max(fastest, abs(world.dq[0]))
    assert 1.5 < fastest < 1.2 * franka.arms[0].velocity[0]
    run(world, 0.5)
    np.testing.assert_allclose(world.q, q, atol=0.01)


def test_commands_that_make_no_sense(still_world):
    with pytest.raises(ConfigError, match="effort command must be 7 finite numbers"):
        still_world.command_effort(np.zeros(6))
    with pytest.raises(ConfigError, match="position command must be 7 finite numbers"):
        still_world.command_position(np.full(7, np.nan))
    with pytest.raises(ConfigError, match="gripper width must be finite"):
        still_world.command_gripper(float("inf"))


# -- gripper --------------------------------------------------------------------------------------------------------
def test_gripper_moves_at_the_speed_of_the_hand(franka):
    world = World(box_scene(), franka, settle=False)
    world.command_gripper(0.02)
    run(world, 0.3)
    assert world.gripper.velocity == pytest.approx(-0.1, rel=0.05)
    assert world.gripper_width == pytest.approx(0.05, abs=0.003)
    run(world, 0.6)
    assert world.gripper_width == pytest.approx(0.02, abs=5e-4)


def test_gripper_opens_at_once_after_pressing(franka, arm_model):
    world = World(box_scene(), franka)
    low = solve_ik(arm_model, above(0.45, 0.03), world.q)
    world.command_position(low)
    run(world, 1.5)
    world.command_gripper(0.0)
    run(world, 1.0)
    pressed = world.gripper_width
    world.command_gripper(0.08)
    run(world, 0.15)
    assert world.gripper_width > pressed + 0.004


@pytest.mark.parametrize("timestep", [0.001, 0.002])
@pytest.mark.parametrize(
    ("part", "height", "width"),
    [
        (Part("box", (0.02, 0.025, 0.03)), 0.03, 0.050),
        (Part("sphere", (0.03,)), 0.03, 0.060),
        (Part("cylinder", (0.03, 0.04)), 0.04, 0.060),
    ],
)
def test_grasp_lifts_and_holds_by_friction_alone(franka, arm_model, part, height, width, timestep):
    world = World(scene_with(part, 0.2, height), franka, timestep=timestep)
    grasp_and_lift(world, arm_model, 0.45, height)
    assert world.objects_in_contact(FINGERTIPS[:1]) == {"thing"}
    assert world.objects_in_contact(FINGERTIPS[1:]) == {"thing"}
    assert world.object_pose("thing")[2, 3] > height + 0.1
    # Pads are rubber: they give a millimetre or two under 70 N.
    assert world.gripper_width == pytest.approx(width, abs=0.004)
    assert world.gripper.force == pytest.approx(-70.0)
    before = np.linalg.inv(world.T_base_ee) @ world.object_pose("thing")
    run(world, 2.0)
    after = np.linalg.inv(world.T_base_ee) @ world.object_pose("thing")
    assert np.linalg.norm(after[:3, 3] - before[:3, 3]) < 0.001


def test_friction_is_finite(franka, arm_model):
    """70 N on both sides at the object's friction of 0.6 carry 8.6 kg; more slips out. No sticking."""
    world = World(scene_with(Part("box", (0.02, 0.025, 0.03)), 0.2, 0.03), franka)
    grasp_and_lift(world, arm_model, 0.45, 0.03)
    lifted = world.object_pose("thing")[2, 3]
    body = world.model.body("thing").id
    world.data.xfrc_applied[body, 2] = -70.0
    run(world, 0.3)
    assert world.object_pose("thing")[2, 3] - world.T_base_ee[2, 3] > -0.01
    world.data.xfrc_applied[body, 2] = -100.0
    run(world, 0.5)
    assert world.object_pose("thing")[2, 3] < lifted - 0.05


# -- determinism ----------------------------------------------------------------------------------------------------
def test_same_scene_and_commands_same_bits_however_stepped_and_watched(franka):
    def simulate(stride: int, watch: bool) -> np.ndarray:
        world = World(grasping_scene("basic", 3), franka)
        world.command_gripper(0.03)
        for _ in range(400 // stride):
            world.step(stride)
            if watch:
                world.T_base_ee
                world.objects_in_contact(FINGERTIPS)
        world.command_effort(np.full(7, 0.5))
        for _ in range(200 // stride):
            world.step(stride)
        return world.render_state()

    expected = simulate(200, watch=False)
    np.testing.assert_array_equal(simulate(200, watch=False), expected)
    np.testing.assert_array_equal(simulate(1, watch=True), expected)


def test_physics_that_diverges_is_an_error_and_no_new_beginning(franka, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # MuJoCo writes a log where it is
    world = World(box_scene(), franka)
    run(world, 0.1)
    world.data.qvel[0] = 1e12
    with pytest.raises(VlaError, match=r"the physics diverged after 0\.1 s of scene 0: .* \(now 1 ms\)"):
        world.step()
    with pytest.raises(VlaError, match="diverged"):
        world.step()


# -- truth ----------------------------------------------------------------------------------------------------------
def test_poses_belong_to_the_present_instant(franka, arm_model):
    """After a step MuJoCo's body poses are a step old; what World reports is not."""
    world = World(box_scene(), franka, settle=False)
    world.command_effort(np.array([30.0, -10.0, 0, 0, 0, 0, 0]))
    run(world, 0.1)
    np.testing.assert_allclose(world.T_base_ee, arm_model.forward(world.q), atol=1e-9)


def test_unknown_names(still_world):
    with pytest.raises(ConfigError, match=r"unknown object 'thin': did you mean 'thing'\?"):
        still_world.object_pose("thin")
    with pytest.raises(ConfigError, match=r"unknown camera 'frnt': did you mean 'front'\?"):
        still_world.observe_camera("frnt")


def test_nothing_is_in_contact_at_home(still_world):
    assert still_world.objects_in_contact(FINGERTIPS) == set()


# -- cameras --------------------------------------------------------------------------------------------------------
def test_camera_view_has_the_published_calibration(still_world):
    camera = still_world.scene.camera("front")
    view = still_world.observe_camera("front")
    assert view.color.shape == (480, 640, 3)
    assert view.color.dtype == np.uint8
    assert view.depth.shape == (480, 640)
    assert view.depth.dtype == np.float32
    np.testing.assert_array_equal(view.T_base_camera, camera.T_base_camera_published)
    assert not np.array_equal(view.T_base_camera, camera.T_base_camera)
    assert view.stamp == still_world.time


@pytest.mark.parametrize("name", ["front", "side"])
def test_true_depth_and_intrinsics_find_the_table(still_world, name):
    """Back-project the true depth with K and the true pose: the table's points lie at its height, to 1 mm."""
    camera = still_world.scene.camera(name)
    _, depth = still_world.render_camera(name)
    rows, columns = np.mgrid[0:480:7, 0:640:7]
    z = depth[rows, columns].astype(np.float64)
    K = camera.intrinsics
    rays = np.stack([(columns - K[0, 2]) / K[0, 0], (rows - K[1, 2]) / K[1, 1], np.ones_like(z)], axis=-1)
    points = (rays * z[..., None]).reshape(-1, 3) @ camera.T_base_camera[:3, :3].T + camera.T_base_camera[:3, 3]
    table, (x, y) = still_world.scene.table, still_world.scene.table.center
    inside = (np.abs(points[:, 0] - x) < table.extent[0] / 2 - 0.05) & (
        np.abs(points[:, 1] - y) < table.extent[1] / 2 - 0.05
    )
    heights = points[inside & (np.abs(points[:, 2]) < 0.01), 2]
    assert len(heights) > 500
    assert np.quantile(np.abs(heights), 0.95) < 1e-3


def test_an_object_appears_where_the_intrinsics_say(still_world):
    """The red box is the only thing of its colour; its centroid projects from its true pose."""
    camera = still_world.scene.camera("side")
    world = still_world
    T_camera_object = np.linalg.inv(camera.T_base_camera) @ world.object_pose("thing")
    u, v, w = camera.intrinsics @ T_camera_object[:3, 3]
    _, with_object = world.render_camera("side")
    hidden = world.render_state()
    moved = hidden.copy()
    address = world.model.joint("thing/free").qposadr[0]
    moved[1 + address + 2] = -5.0
    world.apply_render_state(moved)
    _, without = world.render_camera("side")
    world.apply_render_state(hidden)
    rows, columns = np.nonzero(without - with_object > 1e-3)
    assert np.hypot(columns.mean() - u / w, rows.mean() - v / w) < 3.0


def test_a_second_world_renders_what_the_first_simulates(franka):
    scene = grasping_scene("basic", 3)
    simulated = World(scene, franka)
    drawn = World(scene, franka, settle=False)
    simulated.command_gripper(0.02)
    simulated.command_effort(np.array([4.0, 4.0, 0, 0, 0, 0, 1.0]))
    run(simulated, 0.4)
    drawn.apply_render_state(simulated.render_state())
    for name in ("front", "side"):
        expected, view = simulated.observe_camera(name), drawn.observe_camera(name)
        np.testing.assert_array_equal(view.color, expected.color)
        np.testing.assert_array_equal(view.depth, expected.depth)
        assert view.stamp == expected.stamp
    simulated.close()
    drawn.close()


def test_render_state_of_another_scene_is_refused(still_world):
    with pytest.raises(ConfigError, match="start both processes with the same"):
        still_world.apply_render_state(np.zeros(5))


def test_noise_differs_from_frame_to_frame(franka):
    world = World(box_scene(), franka, settle=False)
    first = world.observe_camera("front").depth
    world.step(100)
    second = world.observe_camera("front").depth
    both = (first > 0) & (second > 0)
    assert (first[both] != second[both]).mean() > 0.5


def test_cameras_of_different_sizes_are_refused(franka):
    scene = box_scene()
    small = dataclasses.replace(scene.cameras[0], size=(320, 240))
    with pytest.raises(ConfigError, match="share one image size"):
        World(dataclasses.replace(scene, cameras=(small, scene.cameras[1])), franka)
