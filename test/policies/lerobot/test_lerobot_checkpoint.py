# SPDX-License-Identifier: Apache-2.0
"""What a LeRobot checkpoint's files say, which contract fits them, and every one-line refusal; no lerobot is needed."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from lerobot_parts.files import MODES, features, write_checkpoint

from controllers.errors import ConfigError
from vla_ros.cli import main
from vla_ros.configuration import share_directory
from vla_ros.policies.contract import contract_text, load_contract
from vla_ros.policies.families.loading import specified
from vla_ros.policies.families.table import family_of
from vla_ros.policies.lerobot.checkpoint import read_checkpoint
from vla_ros.policies.lerobot.contract_choice import chosen_contract
from vla_ros.robots.embodiment import load_embodiment

FRANKA = load_embodiment("franka")
CONTRACT = "franka_grasp_lerobot"


def test_a_checkpoint_says_cameras_sizes_and_chunk(tmp_path):
    read = read_checkpoint(write_checkpoint(tmp_path / "one"))
    assert (read.type, read.state_size, read.action_size) == ("act", 8, 8)
    assert (read.observation_steps, read.action_steps) == (1, 10)
    assert read.cameras == {"front": (224, 224), "side": (224, 224)}


def test_it_is_told_from_a_checkpoint_of_ours_with_the_same_type(tmp_path):
    assert family_of(write_checkpoint(tmp_path / "one")) == "lerobot"


def test_sizes_are_those_of_the_statistics_where_a_pretrained_policy_keeps_its_own(tmp_path):
    """lerobot keeps input_features of the policy that it went on from; only the statistics are the dataset's."""
    images = {f"observation.images.camera{k}": {"type": "VISUAL", "shape": [3, 256, 256]} for k in (1, 2, 3)}
    folder = write_checkpoint(
        tmp_path / "smolvla",
        images | {"observation.state": {"type": "STATE", "shape": [6]}},
        renamed={"observation.images.front": "observation.images.camera1",
                 "observation.images.side": "observation.images.camera2"},
        leave_out=("observation.images.camera3.mean", "observation.images.camera3.std"),
        statistics={f"observation.state.{name}": np.ones(8, np.float32) for name in ("mean", "std")},
        type="smolvla",
        normalization_mapping=MODES | {"VISUAL": "IDENTITY"},
    )  # fmt: skip
    for name in ("policy_preprocessor", "policy_postprocessor"):
        path = folder / f"{name}.json"
        path.write_text(path.read_text().replace('"VISUAL": "MEAN_STD"', '"VISUAL": "IDENTITY"'))
    read = read_checkpoint(folder)
    assert read.cameras == {"front": None, "side": None}
    assert read.state_size == 8
    assert chosen_contract(read, "", FRANKA)[0].name == CONTRACT


def test_cameras_whose_keys_end_alike_are_two(tmp_path):
    read = read_checkpoint(write_checkpoint(tmp_path / "one", features(cameras=("left.rgb", "right.rgb"))))
    assert read.cameras == {"left.rgb": (224, 224), "right.rgb": (224, 224)}
    assert read.keys == {name: f"observation.images.{name}" for name in read.cameras}


def test_a_camera_that_kept_its_name_where_another_was_renamed_is_there(tmp_path):
    inputs = features(cameras=("camera1", "side", "camera3"))
    folder = write_checkpoint(
        tmp_path / "one",
        inputs,
        renamed={"observation.images.front": "observation.images.camera1"},
        leave_out=tuple(f"observation.images.camera3.{name}" for name in ("mean", "std")),
        normalization_mapping=MODES | {"VISUAL": "IDENTITY"},
    )
    path = folder / "policy_preprocessor.json"
    path.write_text(path.read_text().replace('"VISUAL": "MEAN_STD"', '"VISUAL": "IDENTITY"'))
    assert set(read_checkpoint(folder).cameras) == {"front", "side"}  # camera3 is the pretrained policy's


@pytest.mark.parametrize("missing", ["observation.state.mean", "observation.state.std", "observation.images.side.std"])
def test_missing_statistics_of_what_is_seen_are_an_error(tmp_path, missing):
    folder = write_checkpoint(tmp_path / "one", leave_out=(missing,))
    with pytest.raises(ConfigError, match=rf"statistics of {missing.rpartition('.')[0]} .* are missing"):
        read_checkpoint(folder)


def test_missing_and_broken_statistics_of_actions_are_an_error(tmp_path):
    with pytest.raises(ConfigError, match=r"statistics of action \(std\) are missing"):
        read_checkpoint(write_checkpoint(tmp_path / "missing", leave_out=("action.std",)))
    broken = {"action.mean": np.array([np.nan] * 8, np.float32)}
    with pytest.raises(ConfigError, match=r"statistics of action \(mean\) are not finite"):
        read_checkpoint(write_checkpoint(tmp_path / "broken", statistics=broken))


def test_other_ways_to_normalise_need_their_own_statistics(tmp_path):
    folder = write_checkpoint(tmp_path / "one")
    path = folder / "policy_postprocessor.json"
    path.write_text(path.read_text().replace('"ACTION": "MEAN_STD"', '"ACTION": "QUANTILES"'))
    with pytest.raises(ConfigError, match=r"statistics of action \(q01\) are missing"):
        read_checkpoint(folder)


def test_a_step_that_should_normalise_and_is_not_there_is_an_error(tmp_path):
    folder = write_checkpoint(tmp_path / "one")
    path = folder / "policy_postprocessor.json"
    path.write_text(json.dumps({"name": "policy_postprocessor", "steps": []}))
    with pytest.raises(ConfigError, match="action is to be normalised"):
        read_checkpoint(folder)


def test_a_step_by_the_path_of_a_class_is_refused(tmp_path):
    folder = write_checkpoint(tmp_path / "one")
    path = folder / "policy_preprocessor.json"
    steps = json.loads(path.read_text())["steps"]
    path.write_text(json.dumps({"steps": [*steps, {"class": "os.system", "config": {}}]}))
    with pytest.raises(ConfigError, match=r"class to import \(os\.system\)"):
        read_checkpoint(folder)


def test_statistics_are_read_from_the_folder_alone(tmp_path):
    folder = write_checkpoint(tmp_path / "one")
    path = folder / "policy_preprocessor.json"
    path.write_text(path.read_text().replace('"policy_preprocessor_step', '"../one/policy_preprocessor_step'))
    with pytest.raises(ConfigError, match="copy the whole folder"):
        read_checkpoint(folder)


@pytest.mark.parametrize("name", ["model.safetensors", "policy_preprocessor.json", "policy_postprocessor.json"])
def test_a_file_that_is_missing_is_named(tmp_path, name):
    folder = write_checkpoint(tmp_path / "one")
    (folder / name).unlink()
    with pytest.raises(ConfigError, match=f"{name} is not there"):
        read_checkpoint(folder)


@pytest.mark.parametrize(
    ("inputs", "more", "what"),
    [
        ({"observation.environment_state": {"type": "ENV", "shape": [4]}}, {}, "observation.environment_state"),
        (features(cameras=()), {}, "sees by no camera"),
        (features() | {"observation.state": {"type": "STATE", "shape": []}}, {}, "shape"),
        (features(), {"use_peft": True}, "adapter"),
        (features(), {"n_action_steps": 0, "chunk_size": "many"}, "chunks have no length"),
    ],
)
def test_what_cannot_be_served_is_one_line(tmp_path, inputs, more, what):
    with pytest.raises(ConfigError, match=what) as raised:
        read_checkpoint(write_checkpoint(tmp_path / "one", inputs, **more))
    assert "\n" not in str(raised.value)


# -- contracts -------------------------------------------------------------------------------------------------------
def test_the_only_contract_that_fits_is_taken(tmp_path):
    contract, why = chosen_contract(read_checkpoint(write_checkpoint(tmp_path / "one")), "", FRANKA)
    assert (contract.name, why) == (CONTRACT, "the only one that fits")


@pytest.mark.parametrize(
    ("made", "what"),
    [
        ({"inputs": features(cameras=("front", "top"))}, "camera of the checkpoint 'top'"),
        ({"inputs": features(size=96)}, "camera 'front' is 96x96, the contract's 224x224"),
        ({"inputs": features(state=7)}, "the state has 7 numbers, the contract's 8"),
        ({"action": 7}, "an action has 7 numbers, the contract's 8"),
    ],
)
def test_a_contract_that_does_not_fit_is_refused_with_the_reason(tmp_path, made, what):
    read = read_checkpoint(write_checkpoint(tmp_path / "one", **made))
    for name in (CONTRACT, ""):
        with pytest.raises(ConfigError, match=what):
            chosen_contract(read, name, FRANKA)


def test_the_contract_of_the_dataset_it_was_trained_on_comes_first(tmp_path):
    contract = dataclasses.replace(load_contract(CONTRACT), name="mine")
    dataset = tmp_path / "dataset"
    (dataset / "meta").mkdir(parents=True)
    (dataset / "meta" / "contract.json").write_text(contract_text(contract))
    folder = write_checkpoint(tmp_path / "one")
    (folder / "train_config.json").write_text(json.dumps({"dataset": {"repo_id": "x", "root": str(dataset)}}))
    found, why = chosen_contract(read_checkpoint(folder), "", FRANKA)
    assert (found.name, why) == ("mine", f"of {dataset}, which it was trained on")
    assert chosen_contract(read_checkpoint(folder), CONTRACT, FRANKA)[0].name == CONTRACT  # a name counts more


def test_several_contracts_that_fit_are_named_and_none_is_guessed(tmp_path, monkeypatch):
    own = tmp_path / "lab"
    (own / "contracts").mkdir(parents=True)
    text = (share_directory() / "config" / "contracts" / f"{CONTRACT}.yaml").read_text()
    (own / "contracts" / "twin.yaml").write_text(text.replace(f"name: {CONTRACT}", "name: twin"))
    monkeypatch.setenv("VLA_CONFIG", str(own))
    with pytest.raises(ConfigError, match=r"fits several contracts.*give --contract NAME"):
        chosen_contract(read_checkpoint(write_checkpoint(tmp_path / "one")), "", FRANKA)


def test_the_family_asks_for_what_the_checkpoint_looks_at(tmp_path):
    folder = write_checkpoint(tmp_path / "one", n_obs_steps=2)
    family = specified("lerobot", FRANKA, None, folder, "rows=4")
    needs = family.needs()
    assert [(need.name, need.history) for need in needs.cameras] == [("front", 1), ("side", 1)]
    assert needs.history_s == pytest.approx(0.1)
    assert needs.groups == ("panda", "panda_hand")
    assert family.gives().horizon == 4
    assert family.period() == pytest.approx(0.1)


def test_another_robot_and_a_wrong_setting_are_refused(tmp_path):
    folder = write_checkpoint(tmp_path / "one")
    with pytest.raises(ConfigError, match="is for robot 'franka', not 'ur5e'"):
        specified("lerobot", load_embodiment("ur5e"), None, folder, f"contract={CONTRACT}").needs()
    with pytest.raises(ConfigError, match="rows must be 0 or more"):
        specified("lerobot", FRANKA, None, folder, "rows=-1")
    with pytest.raises(ConfigError, match=r"rows is 12, and 10 of its chunk are executed .* give 1 to 10"):
        specified("lerobot", FRANKA, None, folder, "rows=12").gives()


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["serve"], "which policy"),
        (["serve", "geometric", "--contract", CONTRACT], "is for --lerobot"),
        (["serve", "geometric", "--lerobot", "DIR"], "is the policy already"),
        (["serve", "--lerobot", "DIR", "--contract", "franka_grasp"], "does not fit"),
        (["serve", "--lerobot", "no/such"], "is no LeRobot checkpoint"),
    ],
)
def test_serve_says_what_is_wrong_in_one_line(tmp_path, monkeypatch, capsys, words, what):
    folder = write_checkpoint(tmp_path / "one")
    own = tmp_path / "own" / "bin"
    own.mkdir(parents=True)
    (own / "python").touch()
    package = own.parent / "lib" / "python3.12" / "site-packages" / "lerobot"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    monkeypatch.setenv("VLA_LEROBOT_VENV", str(own.parent))
    assert main([str(folder) if word == "DIR" else word for word in words]) == 2
    said = capsys.readouterr().err
    assert what in said
    assert "Traceback" not in said


def test_without_the_environment_the_line_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setenv("VLA_LEROBOT_VENV", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="--lerobot CHECKPOINT"):
        specified("lerobot", FRANKA, None, write_checkpoint(tmp_path / "one")).check()
