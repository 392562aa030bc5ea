# SPDX-License-Identifier: Apache-2.0
"""`vla train` from data to a checkpoint, interrupted and gone on from; what it writes beside; bad input."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import shutil
import signal
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from demonstrations.sample_dataset import write_sample
from tiny.graspvla_data import TINY, generated

from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import read_config
from vla_ros.policies.graspvla.small.policy import load_small_policy
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.graspvla import train as train_module
from vla_ros.training.graspvla.config import TrainConfig, load_train_config
from vla_ros.training.output_lock import taken
from vla_ros.training.stages import stage as stage_module
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import LOSSES, VALIDATION
from vla_ros.training.stages.log import draw_curves, read_log
from vla_ros.training.stages.progress import TimeLeft, duration

pytestmark = pytest.mark.usefixtures("threads_as_before")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(TINY)
    return path


def train(config: Path, output: Path, *words: object) -> int:
    return cli.main(["train", str(config), "--data", str(generated()), "--output", str(output), *map(str, words)])


@pytest.fixture(scope="module")
def trained(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    assert train(config, output, "--json", output / "figures.json") == 0
    return output


def interrupt_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Press Ctrl-C while a stage makes this step."""
    update = stage_module.Stage._update

    def pressed(self: stage_module.Stage, batch: object) -> tuple[dict[str, float], bool]:
        if self.step == step:
            os.kill(os.getpid(), signal.SIGINT)
        return update(self, batch)

    monkeypatch.setattr(stage_module.Stage, "_update", pressed)


def test_a_checkpoint_that_loads_a_log_curves_and_figures(trained: Path) -> None:
    config = read_config(trained)
    assert config.training["config"]["joint"]["steps"] == 4
    assert config.training["frames_looked_at"] > 10
    load_small_policy(trained, load_embodiment("franka"))
    figures = json.loads((trained / "figures.json").read_text())
    assert {name.split(".")[0] for name in figures} == {"joint"}
    for name in ("recall", "grounding_right_object", "grasp_mm", "action_mm"):
        assert figures[f"joint.{name}"] >= 0.0
    work = trained / "training"
    assert [path.name for path in work.glob("*.training.pt")] == ["joint.training.pt"]
    assert not list(work.glob("*.part"))
    with (work / "log.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["stage"] for row in rows} == {"joint"}
    assert {row["kind"] for row in rows} == {LOSSES, VALIDATION}
    assert (work / "curves.png").read_bytes().startswith(b"\x89PNG")
    if importlib.util.find_spec("tensorboard") is not None:
        assert list((work / "tensorboard").glob("events.*"))


def test_interrupted_twice_it_ends_with_the_same_checkpoint_to_the_bit(
    trained: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "again"
    shutil.copytree(trained / "training" / "frames", output / "training" / "frames")
    for step in (0, 2):
        with monkeypatch.context() as patch:
            interrupt_at(patch, step)
            assert train(config, output) == 130
        assert "interrupted: what was learned is kept" in capsys.readouterr().out
        assert (output / "training" / "joint.training.pt").exists()
        assert not (output / "model.safetensors").exists()
    assert train(config, output) == 0
    assert (output / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()

    weights = (output / "model.safetensors").stat().st_mtime_ns
    assert train(config, output) == 0  # nothing is left to do
    assert read_config(output).training["validation"] == read_config(trained).training["validation"]
    assert (output / "model.safetensors").stat().st_mtime_ns >= weights


def test_interrupted_while_data_is_read_it_says_so(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    read = train_module.read_motion

    def pressed(*given, **named):
        os.kill(os.getpid(), signal.SIGINT)
        return read(*given, **named)

    monkeypatch.setattr(train_module, "read_motion", pressed)
    assert train(config, tmp_path) == 130
    assert "interrupted: what was learned is kept" in capsys.readouterr().out
    assert not (tmp_path / "training").exists()


def test_data_that_cannot_be_trained_on_leaves_nothing(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root = write_sample(tmp_path / "other", [4, 4])
    words = ["train", str(config), "--data", str(root), "--output", str(tmp_path / "out")]
    assert cli.main(words) == 2
    said = capsys.readouterr().err
    assert "'observation.state' has shape [3], training needs [15]" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_it_goes_on_from_a_checkpoint_with_the_networks_that_are_named(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        TINY.replace("joint: {steps: 4", "joint: {losses: [expert], steps: 1")
        + f"begin: {trained}\nconditioning: [boxes]\n"
    )
    assert train(own, tmp_path / "out") == 0
    before, after = (load_networks(folder, read_config(folder)).state_dict() for folder in (trained, tmp_path / "out"))
    assert {name.split(".")[0] for name in before if not torch.equal(before[name], after[name])} == {"expert"}
    assert read_config(tmp_path / "out").networks.conditioning == ("boxes",)
    own.write_text(own.read_text().replace("trunk_width: 0.25", "trunk_width: 0.5"))
    assert train(own, tmp_path / "other") == 2
    assert "is of other sizes" in capsys.readouterr().err


def test_without_data_it_is_generated_first(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def generate(arguments, maker) -> int:
        asked.append((arguments.episodes, arguments.grounding))
        if len(asked) == 1:
            return 130
        shutil.copytree(generated(), arguments.output, dirs_exist_ok=True)
        return 0

    monkeypatch.setattr("vla_ros.commands.learning.generate.generate", generate)
    monkeypatch.setattr("vla_ros.launching.egl.require_egl", lambda: None)
    words = ["train", str(config), "--generate", "2:1", "--output", str(tmp_path)]
    assert cli.main(words) == 130
    assert not (tmp_path / "training").exists()
    assert cli.main(words) == 0
    assert asked == [(2, 1), (2, 1)]
    assert (tmp_path / "training" / "joint.training.pt").exists()


def test_the_shipped_training_is_what_the_defaults_say() -> None:
    shipped = load_train_config("graspvla_small")
    assert shipped == TrainConfig()
    assert load_train_config(str(share_directory() / "config" / "train" / "graspvla_small.yaml")) == shipped


@pytest.mark.parametrize(
    ("yaml", "words", "expected"),
    [
        ("", ["--stages", "expert"], "leave it out"),
        ("", ["--threads", "0"], "--threads must be 1 to"),
        ("", ["--generate", "5:1"], "give one of them"),
        ("treads: 3", [], "did you mean 'threads'"),
        ("joint: {learning_rte: 0.1}", [], "did you mean 'learning_rate'"),
        ("joint: {steps: 0}", [], "steps must be at least 1"),
        ("joint: {grounding: 1.0}", [], "grounding must be above 0 and below 1"),
        ("joint: {rates: {grasp: 0.0}}", [], "flow and rates must be above 0"),
        ("trunk_width: 0.5", [], "pretrained weights are of trunk_width 1, not 0.5"),
        ("validation: 0.9", [], "validation must be above 0"),
        ("contract: franka_grsp", [], "did you mean 'franka_grasp'"),
        ("robot: frnka", [], "did you mean 'franka'"),
        ("seed: -1", [], "seed must be at least 0"),
        ("data: {episodes: 0}", [], "episodes must be at least 1"),
        ("[1]", [], "expected a mapping"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture, yaml: str, words: list[str], expected: str
) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(yaml or "seed: 0")
    assert train(path, tmp_path / "out", *words) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_output_that_is_a_file_or_in_use_and_data_that_is_none(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "file").write_text("mine")
    assert train(config, tmp_path / "file") == 2
    assert "is a file: name a folder" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine"

    words = ["train", str(config), "--output", str(tmp_path / "out"), "--data"]
    assert cli.main([*words, str(tmp_path / "nowhere")]) == 2
    assert "no such folder" in capsys.readouterr().err
    assert cli.main(["train", str(config), "--generate", "many", "--output", str(tmp_path / "out")]) == 2
    assert "give EPISODES:SCENES" in capsys.readouterr().err
    assert cli.main(["train", "graspvla_smal"]) == 2
    assert "did you mean 'graspvla_small'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

    with taken(tmp_path / "taken", DistributedContext()):
        assert train(config, tmp_path / "taken") == 2
    assert "another `vla train` is writing there" in capsys.readouterr().err


# -- what is said beside ---------------------------------------------------------------------------------------------
def test_a_step_made_again_counts_as_it_was_the_last_time(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "time,stage,kind,step,name,value\n1,expert,train,50,flow,0.5\n1,expert,train,100,flow,0.4\n"
        "2,expert,train,100,flow,0.3\n2,expert,validation,100,action_mm,3\n2,expert,validation,150,act"
    )
    curves = read_log(path)
    assert curves == {
        ("expert", LOSSES, "flow"): {50: 0.5, 100: 0.3},
        ("expert", VALIDATION, "action_mm"): {100: 3.0},
    }
    draw_curves(curves | {("grasp", VALIDATION, "turn_deg"): {1: 0.0}}, tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 5000


def test_the_time_left_is_measured_where_it_can_be_and_guessed_elsewhere() -> None:
    left = TimeLeft({"expert": (100, 10), "grasp": (100, 1)})
    assert left.seconds() is None
    left.note("expert", 10, 0.0)
    left.note("expert", 60, 5.0)  # 0.1 s a step, so 0.01 s a sample
    guess = left.seconds()
    assert guess == pytest.approx(40 * 0.1 + 100 * 0.01 * 45.0)
    left.note("expert", 100, 9.0)
    left.note("grasp", 0, 10.0)
    left.note("grasp", 50, 60.0)
    assert left.seconds() == pytest.approx(50.0)
    assert left.steps() == (150, 200)
    assert [duration(s) for s in (10.0, 100.0, 7300.0)] == ["< 1 min", "2 min", "2 h 2 min"]


def test_a_machine_that_slept_is_soon_as_fast_as_before() -> None:
    left = TimeLeft({"expert": (1000, 10)})
    for step in range(401):
        asleep = 36000.0 if step >= 10 else 0.0
        left.note("expert", step, asleep + step)
    assert left.seconds() == pytest.approx(600.0)
