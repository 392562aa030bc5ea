# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of a hand without a robot: what they become, what is masked, who refuses what was never measured."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.convert import open_fingers
from vla_ros.data.hands.demonstration import read_demonstration
from vla_ros.data.hands.masks import PREFIX, is_masked, require_measured

FORWARD, UP, RIGHT = 0.4, 0.9, 0.1  # [m] where the hand begins, as its owner says it
RATE = 72.0  # [Hz]
TURN = 0.3  # [rad] of the hand to the left


def write_demonstration(
    folder: Path, seconds: float = 4.0, hole: float = 0.0, closing: tuple[float, float] = (0.0, 1.0)
) -> Path:
    """A hand that goes down for 2 s, shuts, and goes up again; the head looks forward from 1.6 m."""
    (folder / "pictures").mkdir(parents=True)
    settings = "instruction: pick up the red mug\ncamera: front\nopening: 0.08\nfloor: [0.1, 0.0, -0.7]\n"
    (folder / "demonstration.yaml").write_text(settings)
    q = Rotation.from_rotvec([0.0, TURN, 0.0]).as_quat().tolist()  # about XR's up
    lines = []
    for k in range(int(seconds * RATE)):
        t = k / RATE
        height = UP - 0.1 * min(t, 2.0) + 0.1 * max(0.0, t - 2.6)
        hand = {"p": [RIGHT, height, -FORWARD], "q": q, "clutch": True, "gripper": closing[t > 2.0]}
        lines.append({"type": "hands", "n": k, "t": 5000 + 1000 * t, "source": "xr", "hands": {"right": hand}})
    (folder / "hands.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"type": "ha')
    shown = []
    for k in range(int(seconds * 30)):
        t = k / 30
        if hole and 1.0 < t < 1.0 + hole:
            continue
        name = f"{k:06d}.jpg"
        cv2.imwrite(str(folder / "pictures" / name), np.full((480, 640, 3), 40 + k, dtype=np.uint8))
        shown.append({"t": 5000 + 1000 * t, "file": name, "head": {"p": [0.0, 1.6, 0.0], "q": [0.0, 0.0, 0.0, 1.0]}})
    (folder / "pictures.jsonl").write_text("".join(json.dumps(line) + "\n" for line in shown))
    return folder


def convert(output: Path, *demonstrations: Path) -> int:
    return cli.main(["convert", *map(str, demonstrations), str(output), "--contract", "franka_grasp"])


def test_axes_of_the_headset_become_the_robots(tmp_path: Path) -> None:
    demonstration = read_demonstration(write_demonstration(tmp_path / "demonstration"))
    np.testing.assert_allclose(demonstration.poses[0, :3], (0.1 + FORWARD, -RIGHT, UP - 0.7), atol=1e-6)
    R = Rotation.from_quat(demonstration.poses[0, 3:]).as_matrix()
    np.testing.assert_allclose(R[:, 2], (0.0, 0.0, -1.0), atol=1e-6)  # the tool points down
    np.testing.assert_allclose(R[:, 0], (np.cos(TURN), np.sin(TURN), 0.0), atol=1e-6)  # and has turned to the left
    # The head is above the origin of the floor and looks along the robot's x.
    np.testing.assert_allclose(demonstration.cameras[0, :3], (0.1, 0.0, 0.9), atol=1e-6)
    np.testing.assert_allclose(
        Rotation.from_quat(demonstration.cameras[0, 3:]).apply([0.0, 0.0, 1.0]), (1, 0, 0), atol=1e-6
    )


def test_a_demonstration_becomes_an_episode_that_says_what_it_lacks(tmp_path: Path) -> None:
    root = tmp_path / "data"
    assert convert(root, write_demonstration(tmp_path / "demonstrations" / "one")) == 0
    assert cli.main(["dataset", "check", str(root), "--deep"]) == 0
    with LeRobotReader(root) as reader:
        assert is_masked(reader.metadata)
        assert reader.task(0) == "pick up the red mug"
        state, mask = reader.column(STATE), reader.column(PREFIX + STATE)
        assert mask[0].tolist() == [0] * 7 + [1] * 7 + [0]
        assert not state[:, :7].any()
        assert np.isfinite(state).all()
        np.testing.assert_allclose(state[10, 9], UP - 0.1 - 0.7, atol=1e-3)  # after a second
        np.testing.assert_allclose(reader.column(ACTION)[5, :3], (0, 0, -0.01), atol=1e-5)
        np.testing.assert_allclose(np.unique(reader.column(ACTION)[:, 6]), [0.0, 0.08])
        np.testing.assert_array_equal(reader.column(ANCHOR), state[:, 7:14])
        assert reader.column(PREFIX + IMAGES + "front").all()
        assert not reader.column(PREFIX + IMAGES + "side").any()
        assert abs(int(reader.image(IMAGES + "front", 10)[0, 0, 0]) - 70) <= 3
        assert reader.image(IMAGES + "side", 10).max() <= 3
        require_measured(reader, {IMAGES + "front": None, STATE: np.arange(7, 14), "action": None})
        with pytest.raises(ConfigError, match=r"'observation\.images\.side' was not measured in"):
            require_measured(reader, {IMAGES + "side": None})
        with pytest.raises(ConfigError, match=r"'observation\.state' was not measured"):
            require_measured(reader, {STATE: None})


def test_takes_of_two_folders_go_into_one_dataset_each_once(tmp_path: Path) -> None:
    """Every folder counts from one."""
    mugs, bowls = (write_demonstration(tmp_path / name / "demonstration_000001") for name in ("mugs", "bowls"))
    for folder, number in ((mugs, "aaaaaaaa"), (bowls, "bbbbbbbb")):
        (folder / "summary.json").write_text(json.dumps({"id": number}))
    write_demonstration(tmp_path / "cups" / "demonstration_000001")
    for _ in range(2):
        assert convert(tmp_path / "data", mugs, bowls, tmp_path / "cups") == 0
        with LeRobotReader(tmp_path / "data") as reader:
            assert len(reader.metadata.episodes) == 3
    shutil.move(bowls, tmp_path / "mugs" / "demonstration_000002")  # the same demonstration elsewhere
    assert convert(tmp_path / "data", tmp_path / "mugs") == 0
    with LeRobotReader(tmp_path / "data") as reader:
        assert len(reader.metadata.episodes) == 3


@pytest.mark.parametrize(
    ("closing", "shut"), [((0.0, 0.33), True), ((0.1, 1.0), True), ((0.2, 0.35), False), ((0.9, 0.92), True)]
)
def test_a_hand_around_something_wide_is_shut(tmp_path: Path, closing: tuple[float, float], shut: bool) -> None:
    demonstration = read_demonstration(write_demonstration(tmp_path / "one", closing=closing))
    opened = open_fingers(demonstration)
    assert opened[demonstration.times > 7.1].any() != shut
    assert opened[demonstration.times < 6.9].all() == (closing[0] < 0.5)


def test_known_demonstrations_stay_out_and_broken_ones_are_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    root, demonstrations = tmp_path / "data", tmp_path / "demonstrations"
    write_demonstration(demonstrations / "one", 2.0)
    assert convert(root, demonstrations) == 0
    write_demonstration(demonstrations / "two", 3.0, hole=0.6)
    (write_demonstration(demonstrations / "three", 2.0) / "hands.jsonl").write_text(
        '{"t": 1, "hands": {}}\n{"no time": 1}\n{"t": 2}\n'
    )
    assert convert(root, demonstrations) == 0
    said = capsys.readouterr()
    assert "a hole of 0.3" in said.out + said.err
    assert "line 2 is no message with a time" in said.out + said.err
    assert "0 demonstrations added, 2 left out, 1 known" in said.out
    (demonstrations / "one" / "demonstration.yaml").write_text("instruction: x\nhand: third\n")
    assert convert(tmp_path / "other", demonstrations / "one") == 2


def test_looking_refuses_pictures_that_were_never_taken_and_motion_is_learned_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
    from vla_ros.configuration import share_directory
    from vla_ros.training.generation import annotations as notes

    root = tmp_path / "data"
    assert convert(root, write_demonstration(tmp_path / "one", 5.0), write_demonstration(tmp_path / "two", 5.0)) == 0
    config = tmp_path / "tiny.yaml"
    config.write_text(
        "threads: 1\nexpert: {steps: 2, batch: 4, learning_rate: 1.0e-4, validate_every: 2, bf16: false}\n"
        "proposals: {steps: 2, batch: 2, learning_rate: 1.0e-4, validate_every: 2}\n"
    )
    shipped = share_directory() / "checkpoints" / "graspvla_small"
    words = ["finetune", str(shipped), str(root), "--output", str(tmp_path / "out"), "--config", str(config)]
    assert cli.main([*words, "--generate", "0:0", "--stages", "proposals"]) == 2
    assert "it is of human hands" in capsys.readouterr().err
    assert cli.main([*words, "--generate", "0:0", "--stages", "expert"]) == 0
    (copy,) = (tmp_path / "out" / "labelled").iterdir()
    with LeRobotReader(copy) as reader:
        grasp = reader.column(notes.GRASP)[0]
        np.testing.assert_allclose(grasp[2], UP - 0.2 - 0.7, atol=0.005)  # where the hand shut
        assert reader.column(notes.CLOSED)[:20].max() == 0
        assert reader.column(notes.CLOSED)[24:45].min() == 1
