# SPDX-License-Identifier: Apache-2.0
"""`vla calibrate` as a user meets it: rendered pictures in, a camera's file out, one line for what cannot be done."""

from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
import pytest
from PIL import Image
from scene_making.board_world import BoardWorld

from controllers.rotations import from_matrix
from vla_ros import cli
from vla_ros.calibration.board import CharucoBoard
from vla_ros.calibration.motions import difference
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.writer import BagWriter
from vla_ros.data.conversion.message_making import TYPES, MessageMaker
from vla_ros.robots.camera_calibration import load_calibration
from vla_ros.robots.embodiment import load_embodiment

BOARD = CharucoBoard()


@pytest.fixture(scope="module")
def hand():
    """Return 12 pictures of a camera on the hand, and what is true of it."""
    return BoardWorld(load_embodiment("franka"), BOARD, True, 65.0).set_up(12, np.random.default_rng(0))


@pytest.fixture
def lab(tmp_path, monkeypatch, hand):
    """Return a folder with the pictures in `views`, beside a user's own configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path / "config"))
    write_folder(tmp_path / "views", hand.pictures)
    return tmp_path


def write_folder(folder, pictures):
    folder.mkdir(exist_ok=True)
    for one in pictures:
        cv2.imwrite(str(folder / one.name), one.pixels[..., ::-1])
    listed = [{"picture": one.name, "joints": dict(one.joints)} for one in pictures]
    (folder / "views.json").write_text(json.dumps(listed))


def write_bag(folder, pictures, optics, rest=1.0, move=1.0):
    """Record an arm that rests at each picture and moves on in between, the board in sight all the time.

    Others say where joints of theirs are: a gripper with a wheel of which nothing is known, a door now and then.
    """
    make, writer = MessageMaker(), BagWriter(folder)
    topics = {"joint_states": "joint_state", "cameras/wrist/color/image_raw": "image",
              "cameras/wrist/color/camera_info": "camera_info"}  # fmt: skip
    for topic, kind in topics.items():
        writer.add_topic(f"/{topic}", message_definition(TYPES[kind]))
    names, entries = list(pictures[0].joints), []
    fx, fy, cx, cy = optics.parameters[:4]
    entries.append((0, "cameras/wrist/color/camera_info",
                    make.camera_info(0, "", np.array([fx, fy, cx, cy]), optics.size)))  # fmt: skip
    for number, one in enumerate(pictures):
        start, q = number * (rest + move), np.array([one.joints[name] for name in names])
        for t in np.arange(0.0, rest + move, 0.05):
            further = q if t < rest else q + 0.3 * (t - rest)
            stamp = round((start + t) * 1e9)
            others = [(["knuckle", "wheel"], [0.3, np.nan]), *([(["door"], [0.1 * number])] if t == 0.0 else [])]
            for theirs, places in others:
                said = make.joint_state(stamp, theirs, np.array(places), np.empty(0))
                entries.append((stamp, "joint_states", said))
            entries.append((stamp, "joint_states", make.joint_state(stamp, names, further, np.empty(0))))
        for t in np.arange(0.02, rest + move, 0.25):  # while it moves the picture is of where it was: must not count
            stamp = round((start + t) * 1e9)
            entries.append((stamp, "cameras/wrist/color/image_raw", make.image(stamp, "", one.pixels)))
    for number, (stamp, topic, data) in enumerate(sorted(entries, key=lambda entry: entry[0])):
        writer.write(f"/{topic}", stamp, stamp, data, number)
    return writer.close()


def test_the_board_is_printed_at_its_true_size_and_found_again(lab, capsys):
    assert cli.main(["calibrate", "board", "--output", "board.png"]) == 0
    assert "all 7 squares across are 266 mm" in capsys.readouterr().out
    with Image.open("board.png") as sheet:
        pixels, dpi = np.asarray(sheet.convert("L")), sheet.info["dpi"][0]
    assert pixels.shape[1] / dpi * 25.4 == pytest.approx(297.0, abs=0.1)
    seen = BOARD.find("", cv2.resize(pixels, None, fx=0.15, fy=0.15, interpolation=cv2.INTER_AREA))
    assert len(seen) == BOARD.corner_count
    width = (np.ptp(seen.pixels[:, 0]) / 0.15) / dpi * 25.4
    assert width == pytest.approx(5 * 38.0, abs=0.2)
    assert cli.main(["calibrate", "board", "--output", "board.pdf"]) == 0
    assert (lab / "board.pdf").read_bytes().startswith(b"%PDF")
    assert cli.main(["calibrate", "board", "--output", "board.png", "--square", "50"]) == 2
    assert "too much for a4: give --square 38" in capsys.readouterr().err


def test_camera_hand_eye_and_table_one_after_the_other(lab, hand, capsys):
    assert cli.main(["calibrate", "camera", "views", "--camera", "wrist", "--json", "camera.json"]) == 0
    assert cli.main(["calibrate", "hand-eye", "views", "--camera", "wrist", "--json", "hand.json"]) == 0
    found = load_calibration("wrist")
    assert found.frame == "panda_tcp"
    np.testing.assert_allclose(found.intrinsics, hand.optics.K, atol=3.0)
    metres, radians = difference(found.T_frame_camera, hand.T_link_camera)
    assert metres < 2e-3
    assert radians < np.radians(0.2)
    figures = json.loads((lab / "hand.json").read_text())
    assert figures["views"] == 12
    assert figures["residual_px"] < 0.3
    assert found.record.pose["position_x_std_mm"] == pytest.approx(figures["position_x_std_mm"], abs=1e-5)
    assert (
        cli.main(["calibrate", "table", "views", "--camera", "wrist", "--json", "table.json", "--thickness", "3"]) == 0
    )
    height = json.loads((lab / "table.json").read_text())["height_m"]
    assert height == pytest.approx(hand.T_boardlink_board[2, 3] - 0.003, abs=0.002)
    assert f"table_height:={height:.4f}" in capsys.readouterr().out


def test_a_bag_gives_one_view_from_each_place_where_the_arm_rested(lab, hand, capsys):
    write_bag(lab / "bag", hand.pictures, hand.optics)
    assert cli.main(["calibrate", "hand-eye", "bag", "--camera", "wrist", "--json", "hand.json"]) == 0
    assert json.loads((lab / "hand.json").read_text())["views"] == 12
    assert difference(load_calibration("wrist").T_frame_camera, hand.T_link_camera)[0] < 1e-3
    assert cli.main(["calibrate", "hand-eye", "bag", "--camera", "front", "--refine"]) == 2
    assert "unknown topic '/cameras/front/color/image_raw': did you mean" in capsys.readouterr().err


def test_a_camera_that_stands_sees_the_board_in_the_hand(lab):
    world = BoardWorld(load_embodiment("franka"), BOARD, False, 42.5)
    truth = world.set_up(12, np.random.default_rng(1))
    write_folder(lab / "standing", truth.pictures)
    assert cli.main(["calibrate", "camera", "standing", "--camera", "front"]) == 0
    assert cli.main(["calibrate", "hand-eye", "standing", "--camera", "front"]) == 0
    found = load_calibration("front")
    assert found.frame == ""
    metres, radians = difference(found.T_frame_camera, truth.T_link_camera)
    assert metres < 2e-3
    assert radians < np.radians(0.2)


def test_a_camera_that_was_pushed_is_found_to_have_moved(lab, hand, capsys):
    words = ["--camera", "wrist"]
    assert cli.main(["calibrate", "reference", "views", *words]) == 2
    assert "wrist.yaml: there is no such file: calibrate the camera first" in capsys.readouterr().err
    assert cli.main(["calibrate", "hand-eye", "views", *words, "--refine"]) == 0
    assert cli.main(["calibrate", "check", "views", *words]) == 2
    assert "no reference was taken: `vla calibrate reference`" in capsys.readouterr().err
    write_bag(lab / "bag", hand.pictures[:2], hand.optics)
    assert cli.main(["calibrate", "reference", "bag", *words]) == 0
    assert "features to compare by" in capsys.readouterr().out
    assert set(load_calibration("wrist").reference_joints) == {f"panda_joint{number}" for number in range(1, 8)}

    assert cli.main(["calibrate", "check", "views", *words, "--json", "moved.json"]) == 0  # the robot is there in one
    assert "0.0 px" in capsys.readouterr().out
    assert json.loads((lab / "moved.json").read_text())["pictures"] == 1
    pushed = [dataclasses.replace(one, pixels=np.roll(one.pixels, 9, axis=1)) for one in hand.pictures[:2]]
    write_folder(lab / "pushed", pushed)
    assert cli.main(["calibrate", "check", "pushed", *words, "--json", "moved.json"]) == 1
    assert "the camera has moved: calibrate it" in capsys.readouterr().out
    assert json.loads((lab / "moved.json").read_text())["moved_px"] == pytest.approx(9.0, abs=0.3)
    write_folder(lab / "elsewhere", hand.pictures[1:])
    assert cli.main(["calibrate", "check", "elsewhere", *words]) == 2
    assert "no picture can be compared: the robot is elsewhere in 11" in capsys.readouterr().err

    assert cli.main(["calibrate", "hand-eye", "views", *words]) == 0
    assert "wrist.reference.png is outdated and gone" in capsys.readouterr().out
    assert not load_calibration("wrist").reference_joints


def test_poses_of_the_tool_do_as_well_as_joints(lab, hand):
    from vla_ros.calibration.robot_views import robot_links

    links = robot_links(load_embodiment("franka"), "wrist")
    listed = []
    for one in hand.pictures:
        T = links.in_base("panda_tcp", one)
        listed.append({"picture": one.name, "tool": [*T[:3, 3].tolist(), *from_matrix(T[:3, :3])]})
    (lab / "views" / "views.json").write_text(json.dumps(listed))
    assert cli.main(["calibrate", "hand-eye", "views", "--camera", "wrist", "--refine"]) == 0
    assert difference(load_calibration("wrist").T_frame_camera, hand.T_link_camera)[0] < 2e-3


@pytest.mark.parametrize("wrong", ["quaternions w, x, y, z", "poses of the next picture"])
def test_poses_that_are_not_those_of_the_pictures_are_refused_and_nothing_is_written(lab, hand, capsys, wrong):
    from vla_ros.calibration.robot_views import robot_links

    links = robot_links(load_embodiment("franka"), "wrist")
    listed, pictures = [], hand.pictures
    for one, following in zip(pictures, [*pictures[1:], pictures[0]], strict=True):
        T = links.in_base("panda_tcp", following if "next" in wrong else one)
        x, y, z, w = from_matrix(T[:3, :3])
        turned = [x, y, z, w] if "next" in wrong else [w, x, y, z]
        listed.append({"picture": one.name, "tool": [*T[:3, 3].tolist(), *turned]})
    (lab / "views" / "views.json").write_text(json.dumps(listed))
    assert cli.main(["calibrate", "hand-eye", "views", "--camera", "wrist", "--refine"]) == 2
    assert "px from where the robot's poses have them, allowed 13: these poses are not" in capsys.readouterr().err
    assert not (lab / "config" / "cameras" / "wrist.yaml").exists()


def test_bad_input_is_one_line_with_the_remedy(lab, hand, capsys):
    def refused(*words):
        assert cli.main(["calibrate", *words]) == 2
        error = capsys.readouterr().err
        lines = [line for line in error.splitlines() if line.startswith("vla: ")]
        assert len(lines) == 1
        assert "Traceback" not in error
        return lines[0]

    eye = ("hand-eye", "views", "--camera", "wrist", "--refine")
    assert "by the robot's motion the squares are 38." in refused(*eye, "--square", "35")
    assert "did you mean 'wrist'" in refused("hand-eye", "views", "--camera", "wris")
    assert "optics of camera 'wrist' are not known" in refused(*eye[:-1])
    assert "none of 12 pictures shows the board of 9x6 squares" in refused(*eye, "--board", "9x6")
    assert "--board 7: give columns x rows" in refused(*eye, "--board", "7")
    assert "squares are 3 to 1000 mm" in refused(*eye, "--square", "0")
    assert "unknown link 'panda_hnd'" in refused(*eye, "--board-on", "panda_hnd")
    assert "no joint is between them" in refused(*eye, "--board-on", "panda_hand")
    assert "there is no such folder or bag" in refused("camera", "nowhere", "--camera", "wrist")
    assert "unknown camera 'wrist'" in refused("table", "views", "--camera", "wrist")
    assert "--thickness must be" in refused("table", "views", "--camera", "wrist", "--thickness", "900")

    write_folder(lab / "two", hand.pictures[:2])
    assert "2 views of the board" in refused("hand-eye", "two", "--camera", "wrist", "--refine")
    assert "2 pictures show enough" in refused("camera", "two", "--camera", "wrist")
    cv2.imwrite("two/000.png", hand.pictures[0].pixels[::2, ::2])
    assert "is 640x480, 000.png 320x240" in refused("camera", "two", "--camera", "wrist")
    (lab / "two" / "000.png").write_bytes(b"no picture")
    assert "000.png" in refused("camera", "two", "--camera", "wrist")
    views = lab / "two" / "views.json"
    views.write_text('[{"picture": "9.png", "joints": {"a": 1}}]')
    assert "which is not there" in refused("hand-eye", "two", "--camera", "wrist")
    views.write_text('[{"picture": "001.png", "joints": {"a": 1}}]')
    assert "the joint 'panda_joint1' is missing" in refused("hand-eye", "two", "--camera", "wrist")
    views.write_text('[{"picture": "001.png"}]')
    assert "give either 'joints' or 'tool'" in refused("hand-eye", "two", "--camera", "wrist")
    views.write_text('[{"picture": "001.png", "tool": [0, 0, 0, 0, 0, 0, 2]}]')
    assert "quaternion" in refused("hand-eye", "two", "--camera", "wrist")
    views.unlink()
    assert "no views.yaml beside the pictures" in refused("hand-eye", "two", "--camera", "wrist")


def test_without_a_folder_of_ones_own_the_result_needs_a_name(lab, monkeypatch, capsys):
    monkeypatch.delenv("VLA_CONFIG")
    assert cli.main(["calibrate", "camera", "views", "--camera", "wrist"]) == 2
    assert "name your folder in VLA_CONFIG, or give --output wrist.yaml" in capsys.readouterr().err
    assert cli.main(["calibrate", "camera", "views", "--camera", "wrist", "--output", "mine.yaml"]) == 0
    assert "focal_length" in (lab / "mine.yaml").read_text()
