# SPDX-License-Identifier: Apache-2.0
"""Demonstrations of a hand without a robot: what they become, what is masked, who refuses what was never measured."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from bags.sample_bag import write_bag
from demonstrations.recorded_hand import BYTEMINI, FORWARD, RIGHT, TURN, UP, write_demonstration
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import pose_channels
from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.convert import demonstration_episode, hands_schema, open_fingers
from vla_ros.data.hands.demonstration import read_demonstration
from vla_ros.data.hands.masks import PREFIX, is_masked, require_measured
from vla_ros.data.hands.robot_arm import arm_of, floor_of
from vla_ros.policies.contract import load_contract
from vla_ros.robots.embodiment import load_embodiment


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


def _without_gripper(lines: list) -> None:
    del lines[3]["hands"]["right"]["gripper"]


def _no_rotation(lines: list) -> None:
    lines[3]["hands"]["right"]["q"] = [0, 0, 0, 0]


def _short_position(lines: list) -> None:
    lines[3]["hands"]["right"]["p"] = [0.1, 0.2]


def _no_head(lines: list) -> None:
    del lines[3]["head"]


def _set_back(lines: list) -> None:
    lines[3], lines[6] = lines[6], lines[3]


@pytest.mark.parametrize(
    ("file", "change", "why"),
    [
        ("hands.jsonl", _without_gripper, "line 4 is not as the headset's page writes it (KeyError: 'gripper')"),
        ("hands.jsonl", _no_rotation, "line 4 is not as the headset's page writes it (ValueError: a pose is"),
        ("hands.jsonl", _short_position, "line 4 is not as the headset's page writes it (ValueError: a pose is"),
        ("pictures.jsonl", _no_head, "line 4 is not as the headset's page writes it (KeyError: 'head')"),
        ("pictures.jsonl", _set_back, "the clock goes back"),
    ],
)
def test_a_line_that_says_too_little_costs_its_own_demonstration_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture, file: str, change: Callable[[list], None], why: str
) -> None:
    broken = write_demonstration(tmp_path / "all" / "broken", 2.0)
    write_demonstration(tmp_path / "all" / "whole", 2.0)
    lines = [json.loads(line) for line in (broken / file).read_text().splitlines() if line.endswith("}")]
    change(lines)
    (broken / file).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert convert(tmp_path / "data", tmp_path / "all") == 0
    said = capsys.readouterr().out
    assert f"{broken / file}: {why}" in said
    assert "1 demonstrations added, 1 left out" in said


def test_a_moment_in_which_the_hand_was_not_seen_is_no_sample(tmp_path: Path) -> None:
    folder = write_demonstration(tmp_path / "one", 2.0)
    whole = len(read_demonstration(folder).times)
    lines = [json.loads(line) for line in (folder / "hands.jsonl").read_text().splitlines()[:-1]]
    lines[3]["hands"]["right"] = None
    (folder / "hands.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert len(read_demonstration(folder).times) == whole - 1


def test_bags_among_demonstrations_are_not_left_out_in_silence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    write_demonstration(tmp_path / "hands" / "one", 2.0)
    write_bag(tmp_path / "bag")
    assert convert(tmp_path / "data", tmp_path / "bag", tmp_path / "hands") == 2
    assert f"{tmp_path / 'bag'}: holds no hand demonstration" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


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
    assert cli.main(["train", "act_small", "--data", str(root), "--output", str(tmp_path / "act")]) == 2
    assert "it is of human hands" in capsys.readouterr().err
    assert cli.main([*words, "--generate", "0:0", "--stages", "expert"]) == 0
    (copy,) = (tmp_path / "out" / "labelled").iterdir()
    with LeRobotReader(copy) as reader:
        grasp = reader.column(notes.GRASP)[0]
        np.testing.assert_allclose(grasp[2], UP - 0.2 - 0.7, atol=0.005)  # where the hand shut
        assert reader.column(notes.CLOSED)[:20].max() == 0
        assert reader.column(notes.CLOSED)[24:45].min() == 1


def bytemini(tmp_path: Path, name: str, **settings: object) -> Path:
    return write_demonstration(tmp_path / name, settings=BYTEMINI | settings)


def test_of_two_arms_a_hand_is_the_one_of_its_name_and_the_other_is_masked(tmp_path: Path) -> None:
    root, contract = tmp_path / "data", load_contract("bytemini_hands")
    assert cli.main(["convert", str(bytemini(tmp_path, "one")), str(root), "--contract", contract.name]) == 0
    assert cli.main(["dataset", "check", str(root), "--deep"]) == 0
    with LeRobotReader(root) as reader:
        names, state, mask = contract.state, reader.column(STATE), reader.column(PREFIX + STATE)
        assert [name for name, known in zip(names, mask[0], strict=True) if known] == list(pose_channels("left"))
        # ByteMini's base is on the floor on which the person stood.
        np.testing.assert_allclose(state[10, 2], UP - 0.1, atol=1e-3)
        np.testing.assert_array_equal(state[:, 7:14], np.tile([0, 0, 0, 0, 0, 0, 1], (len(state), 1)))
        assert not state[:, 14:28].any()
        assert (state[:, names.index("left_gripper/width")] > 0).all()  # a guess, as of one arm
        assert not state[:, names.index("right_gripper/width") :].any()
        action, told = reader.column(ACTION), reader.column(PREFIX + ACTION)
        assert reader.metadata.features[PREFIX + ACTION].names == reader.metadata.features[ACTION].names
        np.testing.assert_array_equal(told, np.tile([1] * 6 + [0] * 11, (len(told), 1)))
        np.testing.assert_allclose(action[5, :3], (0, 0, -0.01), atol=1e-5)
        assert not action[:, 6:12].any()
        assert not action[:, 13:].any()
        np.testing.assert_array_equal(reader.column(ANCHOR), state[:, :14])
        for camera in contract.cameras:
            assert reader.column(PREFIX + IMAGES + camera).all() == (camera == "head")
        assert reader.image(IMAGES + "left_wrist", 10).max() <= 3


def test_the_other_hand_is_the_other_arm(tmp_path: Path) -> None:
    root = tmp_path / "data"
    demonstration = bytemini(tmp_path, "one", hand="right", floor=[0.0, 0.0, 0.1])
    assert cli.main(["convert", str(demonstration), str(root), "--contract", "bytemini_hands"]) == 0
    with LeRobotReader(root) as reader:
        np.testing.assert_allclose(reader.column(STATE)[10, 9], UP, atol=1e-3)  # the floor that was said
        np.testing.assert_array_equal(reader.column(PREFIX + ACTION)[0], [0] * 6 + [1] * 6 + [0] * 5)
        np.testing.assert_array_equal(np.flatnonzero(reader.column(PREFIX + STATE)[0]), np.arange(7, 14))


def test_relative_actions_are_stored_as_absolute_ones(tmp_path: Path) -> None:
    contract = load_contract("bytemini_hands")
    action = dataclasses.replace(contract.action, reference="relative", rotation="rotation_6d")
    contract = dataclasses.replace(contract, action=action)
    schema, demonstration = hands_schema(contract), read_demonstration(bytemini(tmp_path, "one"), contract)
    columns = demonstration_episode(demonstration, contract, schema, "one").columns
    np.testing.assert_allclose(columns[ACTION][:-1, :3], columns[STATE][1:, :3], atol=1e-6)
    np.testing.assert_allclose(columns[ACTION][0, 9:18], [0, 0, 0, 1, 0, 0, 0, 1, 0], atol=1e-6)
    assert columns[PREFIX + ACTION][0].tolist() == [1] * 9 + [0] * 14


@pytest.mark.parametrize(("robot", "floor"), [("franka", (0, 0, -0.75)), ("bytemini", (0, 0, 0)), ("ldt01", (0, 0, 0))])
def test_a_person_stands_where_the_robot_does(robot: str, floor: tuple[float, ...]) -> None:
    assert floor_of(load_embodiment(robot)) == floor


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        ("bytemini_table", "its action moves 'left_joint1', a hand tells the pose of a tool"),
        ("franka_grasp_lerobot", "its action moves 'panda_joint1'"),
    ],
)
def test_a_contract_that_no_hand_can_tell_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture, contract: str, said: str
) -> None:
    demonstration = bytemini(tmp_path, "one")
    assert cli.main(["convert", str(demonstration), str(tmp_path / "data"), "--contract", contract]) == 2
    error = capsys.readouterr().err.strip()
    assert said in error
    assert "\n" not in error


def test_a_hand_needs_an_arm_of_its_name(tmp_path: Path) -> None:
    contract = load_contract("bytemini_hands")
    others = dataclasses.replace(contract, action=dataclasses.replace(contract.action, arms=("left", "middle")))
    with pytest.raises(ConfigError, match="hand is right, contract 'bytemini_hands' moves the arms left, middle"):
        arm_of(others, "right")
    others = dataclasses.replace(contract, action=dataclasses.replace(contract.action, arms=("a", "b")))
    with pytest.raises(ConfigError, match="moves the arms a, b: a hand stands for the arm of its name"):
        hands_schema(others)
    others = dataclasses.replace(contract, action=dataclasses.replace(contract.action, arms=("left",)))
    with pytest.raises(ConfigError, match="moves 1 arms, 2 grippers and a base"):
        hands_schema(others)
