# SPDX-License-Identifier: Apache-2.0
"""`vla train` of the small GEAR-VLA: videos and demonstrations to a policy that goes along with what it sees."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from safetensors.torch import load_file
from tiny.gear_vla import CONFIG, CONTRACT, ROBOT, save_tiny, seen, write_demonstrations
from tiny.gr3 import save_tiny_backbone

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.policies.actions.fast.tokenizer import FastTokenizer
from vla_ros.policies.gear_vla.checkpoint import load_gear_vla
from vla_ros.policies.gear_vla.config import read_gear_vla_config
from vla_ros.policies.gear_vla.latent_actions.config import LatentActionConfig
from vla_ros.policies.gear_vla.latent_actions.network import LatentActionNetwork
from vla_ros.policies.gear_vla.latent_actions.tokenizer import LatentActionTokenizer
from vla_ros.training.gear_vla.policy.beginning import begin_gear_vla
from vla_ros.training.gear_vla.policy.config import GearVlaTraining, load_gear_vla_training
from vla_ros.training.stages.stage import read_state

pytestmark = pytest.mark.usefixtures("threads_as_before")

TOKENIZER = """
network: latent_actions
sizes: {width: 32, height: 32, features: 16, depth: 1}
validation: 0.25
codes: {steps: 10, batch: 4, learning_rate: 1.0e-3, bf16: false}
"""
OWN = """
policy: gear_vla
threads: 1
begin: BACKBONE
tokenizer: TOKENIZER
frames_an_episode: 15
validation: 0.25
network: {size: 32, heads: 2, feedforward: 48, encoder_layers: 1, decoder_layers: 1}
transformer: {width: 32, heads: 2, feedforward: 48, status: false}
tokens: {steps: 40, batch: 16, learning_rate: 3.0e-3, bf16: false, warm_up: 10, average: 0.9}
gear_vla: {steps: 20, batch: 16, learning_rate: 3.0e-3, bf16: false, warm_up: 10, average: 0.9}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demonstrations(tmp_path_factory.mktemp("data") / "set", 8)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("settings")
    save_tiny_backbone(folder / "backbone")
    (folder / "tokenizer.yaml").write_text(TOKENIZER)
    own = OWN.replace("BACKBONE", str(folder / "backbone")).replace("TOKENIZER", str(folder / "tokenizer.yaml"))
    (folder / "own.yaml").write_text(own)
    return folder / "own.yaml"


@pytest.fixture(scope="module")
def trained(data: Path, settings: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    words = [str(settings), "--data", str(data), "--output", str(output), "--json", str(output / "figures.json")]
    assert cli.main(["train", *words]) == 0
    return output


def test_tokens_go_on_learning_while_actions_do(trained: Path) -> None:
    figures = json.loads((trained / "figures.json").read_text())
    assert figures["tokens.fast_nats"] < 5.5  # of a vocabulary of hundreds
    assert figures["gear_vla.fast_nats"] < figures["tokens.fast_nats"]
    assert figures["gear_vla.still_mm"] > 40.0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_it_foretells_where_the_hand_goes(data: Path, settings: Path, tmp_path: Path) -> None:
    longer = settings.with_name("longer.yaml")
    longer.write_text(
        settings.read_text().replace("steps: 20,", "steps: 600,").replace("average: 0.9}", "average: 0.95}")
    )
    words = [str(longer), "--data", str(data), "--output", str(tmp_path), "--json", str(tmp_path / "figures.json")]
    assert cli.main(["train", *words]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["gear_vla.tool_mm"] < 0.7 * figures["gear_vla.still_mm"]


def test_all_that_it_learned_with_stands_in_its_folder(trained: Path) -> None:
    config = read_gear_vla_config(trained)
    latent = LatentActionTokenizer.load(trained / "latent_actions")
    assert config.tokens.latent_actions == latent.config.transitions * latent.config.codes
    assert FastTokenizer.load(trained / "fast").vocabulary == config.tokens.fast_vocabulary
    assert config.acting.training["episodes"] == 8
    chunk = load_gear_vla(trained, ROBOT).infer(seen())
    assert np.isfinite(chunk.values).all()


def test_its_eyes_are_those_that_it_began_with(trained: Path, settings: Path) -> None:
    own, first = load_file(trained / "model.safetensors"), load_file(settings.parent / "backbone/model.safetensors")
    eyes = {name.removeprefix("eye."): value for name, value in own.items() if name.startswith("eye.")}
    assert eyes
    assert all(torch.equal(value, first[f"proposals.{name}"]) for name, value in eyes.items())


def test_gone_on_with_it_is_the_same(trained: Path, settings: Path, data: Path) -> None:
    before = (trained / "model.safetensors").read_bytes()
    assert cli.main(["train", str(settings), "--data", str(data), "--output", str(trained)]) == 0
    assert (trained / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (
            "validation: 0.25\nnetwork",
            "validation: 0.5\nnetwork",
            "validation 0.25, not 0.5",
        ),  # judged by what it knows
        ("threads: 1", "threads: 1\nfast_scale: 5.0", "fast_scale 10.0, not 5.0"),  # a token is of another movement
        ("depth: 1", "depth: 2", "tokenizer.sizes.depth 1, not 2"),  # it would keep the tokenizer that it has
    ],
)
def test_other_settings_are_not_gone_on_with(
    trained: Path,
    settings: Path,
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    before: str,
    now: str,
    said: str,
) -> None:
    for path in (settings, settings.with_name("tokenizer.yaml")):
        text = path.read_text().replace(str(path.with_name("tokenizer.yaml")), str(tmp_path / "tokenizer.yaml"))
        (tmp_path / path.name).write_text(text.replace(before, now))
    checkpoint = (trained / "config.json").read_bytes()
    assert cli.main(["train", str(tmp_path / "own.yaml"), "--data", str(data), "--output", str(trained)]) == 2
    told = capsys.readouterr().err
    assert f"was begun with {said}" in told
    assert f"remove {trained / 'training'} and {trained / 'latent_actions'} to train anew" in told
    assert (trained / "config.json").read_bytes() == checkpoint


def test_another_robot_goes_on_with_all_but_what_reads_the_state(
    trained: Path, data: Path, settings: Path, tmp_path: Path
) -> None:
    # The same robot stands in for another: what is asked is which weights go on, and what the first stage teaches.
    own = settings.read_text().replace("steps: 40", "steps: 5").replace("steps: 20", "steps: 1")
    (tmp_path / "own.yaml").write_text(own.replace(str(settings.parent / "backbone"), str(trained)))
    figures = tmp_path / "figures.json"
    words = ["--data", str(data), "--output", str(tmp_path / "out"), "--json", str(figures)]
    assert cli.main(["train", str(tmp_path / "own.yaml"), *words]) == 0
    assert {name.split(".")[0] for name in json.loads(figures.read_text())} == {"projectors", "gear_vla"}
    stage = read_state(tmp_path / "out/training/projectors.training.pt")["network"]
    before = load_file(trained / "model.safetensors")
    moved = {name for name, value in before.items() if not torch.equal(value, stage[name])}
    assert moved == {name for name in before if name.startswith(("state.", "transformer.state."))}
    first, second = (read_gear_vla_config(folder) for folder in (trained, tmp_path / "out"))
    assert second.acting.action_statistics == first.acting.action_statistics
    assert (tmp_path / "out/fast/fast.json").read_text() == (trained / "fast/fast.json").read_text()


def test_chunks_of_more_tokens_than_it_has_places_for_are_learned_as_far_as_they_go(
    trained: Path, data: Path, settings: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base"
    shutil.copytree(trained, base, ignore=shutil.ignore_patterns("training"))
    config = json.loads((base / "config.json").read_text())
    config["tokens"]["fast_most"] = 3  # as if another robot's chunks were that much longer
    (base / "config.json").write_text(json.dumps(config))
    own = settings.read_text().replace("steps: 40", "steps: 2").replace("steps: 20", "steps: 1")
    (tmp_path / "own.yaml").write_text(own.replace(str(settings.parent / "backbone"), str(base)))
    words = ["train", str(tmp_path / "own.yaml"), "--data", str(data), "--output", str(tmp_path / "out")]
    assert cli.main(words) == 0


def test_going_on_with_other_sizes_is_refused(
    trained: Path, data: Path, settings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = settings.read_text().replace("size: 32, heads: 2", "size: 48, heads: 2")
    (tmp_path / "own.yaml").write_text(own.replace(str(settings.parent / "backbone"), str(trained)))
    assert cli.main(["train", str(tmp_path / "own.yaml"), "--data", str(data), "--output", str(tmp_path / "out")]) == 2
    assert "network[0] is 32, these settings say 48" in capsys.readouterr().err


def test_going_on_with_actions_of_other_numbers_is_refused(tmp_path: Path) -> None:
    config = GearVlaTraining(
        begin=str(save_tiny(tmp_path)), network=CONFIG.network, transformer=CONFIG.acting.transformer
    )
    moves = dataclasses.replace(CONTRACT, action=dataclasses.replace(CONTRACT.action, base=True))
    with pytest.raises(ConfigError, match=r"actions\[4\] is False, these settings say True: it cannot go on"):
        begin_gear_vla(config, moves)


def test_a_tokenizer_of_other_codes_is_refused_where_one_goes_on(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begin, tokenizer = save_tiny(tmp_path / "begin"), tmp_path / "tokenizer"
    sizes = LatentActionConfig(width=32, height=32, features=16, depth=1)
    LatentActionTokenizer(LatentActionNetwork(sizes)).save(tokenizer)
    (tmp_path / "own.yaml").write_text(f"policy: gear_vla\nbegin: {begin}\nlatent_actions: {tokenizer}\n")
    assert cli.main(["train", str(tmp_path / "own.yaml"), "--data", str(data), "--output", str(tmp_path / "out")]) == 2
    assert f"makes 20 codes of 16, {begin} says 6 of 16: leave out latent_actions" in capsys.readouterr().err


def test_the_settings_that_are_shipped_are_the_defaults() -> None:
    assert load_gear_vla_training("gear_vla_small") == GearVlaTraining()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("latent_actions: nowhere", "is no tokenizer"),
        ("reads: al", "reads"),
        ("objectives: {flow: 0}", "flow above 0"),
        ("objectives: {latent_actions: 0, fast: 0}", "both 0, and stage tokens learns nothing else"),
        ("dropping: {wrist: 0.9, state: 0.5}", "at most 1 together"),
        ("contract: franka_grasp", "robot"),
        ("transformer: {status: true, heads: 4}", "no task status"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str], line: str, reason: str
) -> None:
    (tmp_path / "own.yaml").write_text(f"policy: gear_vla\n{line}\n")
    words = [str(tmp_path / "own.yaml"), "--data", str(data), "--output", str(tmp_path / "out")]
    assert cli.main(["train", *words]) == 2
    told = capsys.readouterr().err.strip()
    assert reason in told
    assert "\n" not in told


def test_too_few_episodes_are_said(tmp_path: Path, settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_demonstrations(tmp_path / "one", 1)
    assert cli.main(["train", str(settings), "--data", str(one), "--output", str(tmp_path / "out")]) == 2
    assert "at least 2 are needed" in capsys.readouterr().err
