# SPDX-License-Identifier: Apache-2.0
"""`vla train` of the backbone alone: from pictures with boxes of two robots to what a policy's training begins from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.graspvla_data import TINY, generated

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.policies.backbone.checkpoint import load_backbone
from vla_ros.policies.backbone.checkpoint_config import read_backbone_config
from vla_ros.policies.backbone.word_tokens import word_tokens
from vla_ros.policies.families.network_file import CONFIG, WEIGHTS
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.training.backbone.config import load_backbone_training
from vla_ros.training.backbone.views import view_pairs
from vla_ros.training.generation.episode_maker import EpisodeMaker
from vla_ros.training.generation.settings import load_settings

pytestmark = pytest.mark.usefixtures("threads_as_before")

OWN = """
network: backbone
threads: 1
pretrained: false
trunk_width: 0.25
joint: {steps: 4, batch: 6, learning_rate: 1.0e-3, validate_every: 2}
"""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return pictures of two tables before a robot with three cameras."""
    root = tmp_path_factory.mktemp("tables") / "grounding"
    maker = EpisodeMaker(load_settings("agilex_handover"))
    with LeRobotWriter(root, maker.grounding_schema) as out:
        for seed in range(2):
            made = maker.make_grounding(seed)
            assert isinstance(made, EncodedEpisode)
            out.add(made)
    return root


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "own.yaml"
    path.write_text(OWN)
    return path


@pytest.fixture(scope="module")
def trained(config: Path, tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    words = ["train", str(config), "--output", str(output), "--json", str(output / "figures.json")]
    assert cli.main([*words, "--data", str(generated()), str(tables)]) == 0
    return output


def test_each_robot_and_pair_of_cameras_is_learned_and_judged(trained: Path, tables: Path) -> None:
    assert view_pairs(load_metadata(tables)) == [("head", "left_wrist"), ("head", "right_wrist")]
    said = read_backbone_config(trained)
    frames = said.training["frames"]
    assert set(frames) == {"franka", "agilex_head_left_wrist", "agilex_head_right_wrist"}
    assert frames["agilex_head_left_wrist"] == frames["agilex_head_right_wrist"] > 8  # seen by the head is enough
    figures = json.loads((trained / "figures.json").read_text())
    for name in frames:
        assert 0.0 <= figures[f"backbone.{name}_recall"] <= 1.0
        assert 0.0 <= figures[f"backbone.{name}_right_object"] <= 1.0


def test_a_backbone_that_was_saved_answers(trained: Path) -> None:
    backbone = load_backbone(trained)
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (480, 640, 3), dtype=np.uint8) for _ in range(2)]
    with torch.inference_mode():
        answer = backbone.ask(backbone.look(pictures, backbone.propose(pictures)), word_tokens("pick up the red mug"))
        keys, _ = backbone.keys_values(answer)[-1]
    assert len(answer.chosen) == 2
    assert keys.shape[1] == len(answer.things) + len(answer.words)


def test_a_policy_begins_from_it(trained: Path, tmp_path: Path) -> None:
    own = tmp_path / "policy.yaml"
    own.write_text(TINY.replace("joint: {", "joint: {losses: [grasp], ") + f"begin: {trained}\n")
    assert cli.main(["train", str(own), "--data", str(generated()), "--output", str(tmp_path / "out")]) == 0
    networks = load_networks(tmp_path / "out", read_config(tmp_path / "out"))
    theirs = load_backbone(trained).state_dict()
    for name, value in networks.backbone.state_dict().items():
        torch.testing.assert_close(value, theirs[name], msg=name)


def test_the_shipped_settings_are_of_every_robot_in_the_simulator() -> None:
    robots = {load_settings(source.settings).robot for source in load_backbone_training("backbone").data}
    assert robots == {"franka", "bytemini", "agilex", "ldt01"}


@pytest.mark.parametrize(
    ("change", "words", "expected"),
    [
        ("network: backbon", [], "did you mean 'backbone'"),
        ("joint: {losses: [grasp]}", [], "joint.losses: a backbone has no grasp, it has proposals and matching"),
        ("data: []", [], "data: name at least one of config/generate"),
        ("data: [{settings: franka_grsp}]", [], "did you mean 'franka_grasp'"),
        ("data: [{scenes: 0}]", [], "scenes must be at least 1, got 0"),
        ("pretrained: true", [], "pretrained weights are of trunk_width 1, not 0.25"),
        ("begin: nowhere", ["--data", "{data}"], "nowhere: is no checkpoint"),
        ("begin: checkpoints/graspvla_small", ["--data", "{data}"], "is of other sizes than trunk_width"),
        ("", ["--generate", "3:10"], "a backbone learns from scenes with boxes alone: give 0:SCENES"),
        ("", ["--generate", "0:10", "--data", "{data}"], "--generate and --data: give one of them"),
        ("", ["--data", "{data}/action"], "holds demonstrations alone: give a folder of vla generate --grounding"),
        ("", ["--policy", "act"], "is of the backbone alone, --policy says 'act'"),
        ("", ["--stages", "joint"], "--stages is not for the backbone, which takes --generate"),
    ],
)
def test_what_cannot_be_is_one_line(
    change: str, words: list[str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.yaml"
    key = change.partition(":")[0]
    kept = [line for line in OWN.splitlines() if not (key and line.startswith(f"{key}:"))]
    own.write_text("\n".join([*kept, change, ""]))
    said = [word.format(data=generated()) for word in words]
    assert cli.main(["train", str(own), "--output", str(tmp_path / "out"), *said]) == 2
    error = capsys.readouterr().err
    assert expected in error
    assert error.count("\n") == 1


def test_another_kind_of_checkpoint_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not found: name the folder of a backbone"):
        read_backbone_config(tmp_path)
    (tmp_path / CONFIG).write_text((share_directory() / "checkpoints" / "graspvla_small" / CONFIG).read_text())
    with pytest.raises(ConfigError, match=r"another kind \(graspvla_small\): give one of backbone"):
        read_backbone_config(tmp_path)
    (tmp_path / CONFIG).write_text((trained / CONFIG).read_text())
    (tmp_path / WEIGHTS).write_bytes((trained / WEIGHTS).read_bytes()[:1000])
    with pytest.raises(ConfigError, match="corrupt or cut short"):
        load_backbone(tmp_path)
