# SPDX-License-Identifier: Apache-2.0
"""A policy says what it needs; a robot that cannot give it is refused by the first thing missing, in one line."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from robot_rigs.two_armed_robot import pair
from scene_making.drawn_scene import grasping_scene

from controllers.chunks.progress import ArmProgress, Progress
from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.evaluation.observing import CamerasNow, Observer
from vla_ros.policies.contract import CameraStream
from vla_ros.policies.families.stored_views import stored_views
from vla_ros.policies.image_fit import fit_image, fit_intrinsics
from vla_ros.policies.needs import CameraNeed, Needs, check_needs, everything, state_channels
from vla_ros.policies.observation import CameraView
from vla_ros.policies.view_fitting import ShapeWatch, fitted
from vla_ros.robots.cameras import CameraConfig
from vla_ros.robots.embodiment import Embodiment, RobotConfig, load_embodiment
from vla_ros.sim.world import World

CAMERAS = (
    CameraConfig("head"),
    CameraConfig("left_wrist", frame="left_tcp", depth=False, calibrated=False, role="wrist"),
    CameraConfig("right_wrist", frame="right_tcp", depth=False, calibrated=False, role="wrist", usual=False),
)


@pytest.fixture
def robot() -> Embodiment:
    usual = tuple(camera.name for camera in CAMERAS if camera.usual)
    return dataclasses.replace(pair(), cameras=usual, described_cameras=CAMERAS)


def test_colour_alone_is_enough_for_who_needs_no_more(robot):
    needs = Needs((CameraNeed("left_wrist"), CameraNeed("head", depth=True, calibration=True)), groups=("left", "base"))
    check_needs(needs, robot, "policy 'mine'")
    assert [camera.name for camera in needs.cameras_of(robot).values()] == ["left_wrist", "head"]


def test_a_role_means_the_one_camera_that_has_it(robot):
    one_wrist = dataclasses.replace(robot, described_cameras=CAMERAS[:2])
    (one,) = Needs((CameraNeed("wrist"),)).cameras_of(one_wrist).values()
    assert one.name == "left_wrist"


@pytest.mark.parametrize(
    ("needs", "text"),
    [
        (
            Needs((CameraNeed("side"),)),
            "policy 'mine' needs camera 'side' (colour): robot 'pair' has head (colour + depth + calibration), "
            "left_wrist (wrist: colour), right_wrist (wrist: colour)",
        ),
        (
            Needs((CameraNeed("head"), CameraNeed("left_wrist", depth=True), CameraNeed("side"))),
            "policy 'mine' needs depth of camera 'left_wrist', which robot 'pair' has not",
        ),
        (Needs((CameraNeed("left_wrist", calibration=True),)), "needs calibration of camera 'left_wrist'"),
        (Needs((CameraNeed("wrist"),)), "has 2 cameras of that role (left_wrist, right_wrist): name one"),
        (Needs((CameraNeed("right_wrist"),)), "add cameras:=head,left_wrist,right_wrist"),
        (
            Needs(groups=("left", "tail")),
            "policy 'mine' needs the state of group 'tail': robot 'pair' has left, right, lift, head, left_gripper",
        ),
    ],
)
def test_the_first_thing_missing_is_named_in_one_line_with_what_there_is(robot, needs, text):
    with pytest.raises(ConfigError) as error:
        check_needs(needs, robot, "policy 'mine'")
    assert text in str(error.value)
    assert "\n" not in str(error.value)


def test_a_camera_that_is_not_always_there_will_do_where_scenes_are_made_for_it(robot):
    check_needs(Needs((CameraNeed("right_wrist"),)), robot, "policy 'mine'", any_camera=True)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: CameraNeed("head", width=96), "size 96x0: give both"),
        (lambda: CameraNeed("head", fit="crop"), "to the shape of a size: give width and height"),
        (lambda: CameraNeed("head", fit="cropp"), "did you mean 'crop'"),
        (lambda: CameraNeed(""), "has no name"),
        (lambda: CameraNeed("head", history=11), "history must be 0 to 10"),
        (lambda: Needs((CameraNeed("head"), CameraNeed("head"))), "needed twice"),
        (lambda: Needs(history_s=float("nan")), "history_s must be 0 to 1 s"),
    ],
)
def test_needs_that_nobody_can_meet(make, text):
    with pytest.raises(ConfigError, match=text):
        make()


def test_who_declares_nothing_is_given_all_that_there_is(robot):
    needs = everything(robot)
    check_needs(needs, robot, "policy 'mine'")
    assert [(one.name, one.depth, one.calibration) for one in needs.cameras] == [
        ("head", True, True),
        ("left_wrist", False, False),
    ]
    assert needs.has("base")
    assert needs.older_states == 5


def test_channels_are_those_of_the_robots_groups():
    channels = state_channels(load_embodiment("franka"))
    assert "panda/position.x" in channels["panda"]
    assert channels["panda_hand"] == ("panda_hand/width",)


def test_a_view_is_what_was_needed_in_its_size():
    color = np.zeros((480, 640, 3), np.uint8)
    K = np.array([[600.0, 0.0, 319.5], [0.0, 600.0, 239.5], [0.0, 0.0, 1.0]])
    view = CameraView("head", 1.0, color, np.ones((480, 640), np.float32), K, np.eye(4))
    small = fitted(view, CameraNeed("head", calibration=True, width=320, height=240))
    assert small.color.shape == (240, 320, 3)
    assert small.depth is None
    # The middle of the picture stays the middle.
    np.testing.assert_allclose(small.intrinsics, [[300.0, 0.0, 159.5], [0.0, 300.0, 119.5], [0.0, 0.0, 1.0]])
    assert fitted(view, CameraNeed("head")).intrinsics is None


def test_pictures_of_another_shape_than_those_learned_from_are_named_once():
    def view(width: int, height: int) -> CameraView:
        return CameraView("front", 1.0, np.zeros((height, width, 3), np.uint8))

    (need,) = stored_views(("front",), "franka_grasp")
    assert need.learned == (640, 480)
    watch = ShapeWatch()
    assert "its pictures are 640x360, and the policy learned from 640x480" in watch.complaint(view(640, 360), need)
    assert not watch.complaint(view(640, 360), need)
    for size in ((640, 480), (320, 240), (848, 640)):
        assert not ShapeWatch().complaint(view(*size), need)
    (cut,) = stored_views(("front",), "franka_grasp_lerobot")
    assert not ShapeWatch().complaint(view(640, 360), cut)


def test_a_view_is_cut_as_a_contract_cuts_its_pictures():
    color = np.random.default_rng(0).integers(0, 255, (480, 640, 3)).astype(np.uint8)
    K = np.array([[600.0, 0.0, 300.0], [0.0, 600.0, 200.0], [0.0, 0.0, 1.0]])
    view = CameraView("head", 1.0, color, np.full((480, 640), 2.0, np.float32), K, np.eye(4))
    cut = fitted(view, CameraNeed("head", depth=True, calibration=True, width=224, height=224, fit="crop"))
    stream = CameraStream(224, 224, "crop")
    np.testing.assert_array_equal(cut.color, fit_image(color, stream, "head"))
    assert cut.depth.shape == (224, 224)
    numbers = fit_intrinsics(np.array([600.0, 600.0, 300.0, 200.0, 640, 480]), stream, "head")
    np.testing.assert_allclose(cut.intrinsics[[0, 1, 0, 1], [0, 1, 2, 2]], numbers)


@pytest.mark.parametrize(
    ("cameras", "text"),
    [
        ([{"name": "1st"}], "camera '1st': give letters, digits and _"),
        ([{"name": ""}], "camera '': give letters"),
        ([{"name": "head", "dept": False}], "did you mean 'depth'"),
    ],
)
def test_a_camera_that_cannot_be_described_so(cameras, text):
    values = {"name": "r", "urdf": "r.xacro", "base_frame": "base", "arms": [], "cameras": cameras}
    with pytest.raises(ConfigError, match=text):
        build(RobotConfig, values, "r.yaml")


def test_a_roll_out_shows_the_state_as_far_back_as_it_is_needed():
    world = World(grasping_scene("basic", 0), load_embodiment("franka"))
    try:
        observer = Observer(world, "go", 0.1, Needs(history_s=1.0))
        for _ in range(13):
            for _ in range(round(0.1 / world.timestep)):
                world.step()
            observer.remember()
        seen = observer.observe(Progress(arms={"panda": ArmProgress()}))
    finally:
        world.close()
    np.testing.assert_allclose([seen.stamp - one.stamp for one in seen.history], np.arange(10, 0, -1) / 10.0)


def test_a_roll_out_shows_what_is_needed_as_the_node_does():
    franka = load_embodiment("franka")
    needs = Needs((CameraNeed("front", calibration=True, width=64, height=48, history=1),))
    world = World(grasping_scene("basic", 0), franka)
    try:
        observer = Observer(world, "go", 0.1, needs)
        older = CamerasNow(world, needs)
        view = older["front"]
        assert (list(older), view.color.shape, view.depth) == (["front"], (48, 64, 3), None)
        observer.remember()
        for _ in range(round(0.1 / world.timestep)):
            world.step()
        observer.remember()
        history = observer.camera_history(world.time)
    finally:
        world.close()
    assert [one.stamp for one in history["front"]] == [0.0]
