# SPDX-License-Identifier: Apache-2.0
"""`vla finetune` from a checkpoint and data to a checkpoint, interrupted and gone on from; boxes alone; bad input."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from demonstrations.sample_dataset import write_sample
from tiny.graspvla_data import generated

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.graspvla.small.checkpoint import load_networks
from vla_ros.policies.graspvla.small.checkpoint_config import NetworkSizes, read_config
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.policy import load_small_policy
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.backbone.perception import match_batch, match_step
from vla_ros.training.finetuning.config import FinetuneConfig, load_finetune_config
from vla_ros.training.finetuning.finetune import knows_catalogue
from vla_ros.training.finetuning.identity import CONTENTS, FILE, identity_of, keep_identity
from vla_ros.training.finetuning.labels import labelled
from vla_ros.training.generation import annotations as notes
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.pictures.sentences import NO_LABEL, Sentences
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages import stage as stage_module
from vla_ros.training.stages.events import LOSSES, TrainingEvent
from vla_ros.training.stages.log import read_log
from vla_ros.training.stages.mixture import MixturePart, draw, parts_of, split

pytestmark = pytest.mark.usefixtures("threads_as_before")
CHECKPOINT = share_directory() / "checkpoints" / "graspvla_small"
VIEWS = ("front", "side")
LOOKING = ("proposals", "matching", "grasp")
TINY = """
threads: 1
frames_an_episode: 12
proposals: {steps: 2, batch: 2, learning_rate: 3.0e-4, validate_every: 2}
matching:  {steps: 2, batch: 2, learning_rate: 2.0e-4, validate_every: 2}
grasp:     {steps: 2, batch: 2, learning_rate: 3.0e-4, validate_every: 2}
expert:    {steps: 4, batch: 8, learning_rate: 1.0e-4, validate_every: 2, bf16: false}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny.yaml"
    path.write_text(TINY)
    return path


def finetune(config: Path, output: Path, *words: object, original: bool = True, task: Path | None = None) -> int:
    data = ["--original", str(generated())] if original else []
    given = [str(task or generated() / "action"), "--output", str(output), "--config", str(config), *data]
    return cli.main(["finetune", str(CHECKPOINT), *given, *map(str, words)])


@pytest.fixture(scope="module")
def tuned(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All networks that look, from labels that are derived."""
    output = tmp_path_factory.mktemp("tuned")
    words = ["--label-anew", "--stages", ",".join(LOOKING), "--json", output / "figures.json"]
    assert finetune(config, output, *words) == 0
    return output


def networks(folder: Path) -> SmallGraspVla:
    return load_networks(folder, read_config(folder))


def changed(folder: Path) -> set[str]:
    """Return the links whose weights are not the shipped checkpoint's."""
    ours, theirs = networks(folder).state_dict(), networks(CHECKPOINT).state_dict()
    return {
        name.removeprefix("backbone.").split(".")[0]
        for name, value in ours.items()
        if not torch.equal(value, theirs[name])
    }


# -- from end to end -----------------------------------------------------------------------------------------------
def test_a_checkpoint_that_loads_and_says_where_it_comes_from(tuned: Path) -> None:
    config, base = read_config(tuned), read_config(CHECKPOINT)
    load_small_policy(tuned, load_embodiment("franka"))
    assert changed(tuned) == set(LOOKING)
    assert (config.mean, config.spread, config.networks) == (base.mean, base.spread, base.networks)
    assert config.training["finetuned_from"] == str(CHECKPOINT)
    assert config.training["base"] == base.training
    assert config.training["config"]["grasp"]["steps"] == 2
    figures = json.loads((tuned / "figures.json").read_text())
    for name in ("proposals.recall", "matching.right_object", "grasp.grasp_mm"):
        stage, _, figure = name.partition(".")
        assert {name, f"{stage}.original_{figure}"} <= figures.keys()
    work = tuned / "training"
    log = (work / "log.csv").read_text()
    assert log.count("proposals,validation,0,original_recall") == 1  # what it began with
    assert log.count("proposals,validation,2,original_recall") == 1
    assert (work / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_the_labelled_copy_is_a_dataset_with_the_same_pictures(tuned: Path) -> None:
    (copy,) = (tuned / "labelled").iterdir()
    found, original = load_metadata(copy), load_metadata(generated() / "action")
    assert found.episodes[0].length == original.episodes[0].length
    assert cli.main(["dataset", "check", str(copy)]) == 0
    with LeRobotReader(copy) as ours, LeRobotReader(original) as theirs:
        np.testing.assert_array_equal(
            ours.image("observation.images.front", 5), theirs.image("observation.images.front", 5)
        )
        assert ours.task(5) == theirs.task(5)
        assert not np.array_equal(ours.column(notes.boxes_column("front")), theirs.column(notes.boxes_column("front")))


@pytest.mark.parametrize(("interruption", "every_s"), [(KeyboardInterrupt, 60.0), (RuntimeError, 0.0)])
def test_labels_derived_so_far_are_kept(
    interruption: type[BaseException], every_s: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C commits; against whatever else ends it there is a commit now and then."""
    monkeypatch.setattr(labelled, "COMMIT_EVERY_S", every_s)
    task = TrainingData((generated() / "action",), ())
    shipped = networks(CHECKPOINT)

    def stop(event: TrainingEvent) -> None:
        if event.done == 1:
            raise interruption

    with pytest.raises(interruption):
        labelled.labelled_data(task, tmp_path, shipped, VIEWS, anew=True, on_event=stop)
    (copy,) = tmp_path.iterdir()
    assert [record.source for record in load_metadata(copy).episodes] == ["labelled/0"]
    _, report = labelled.labelled_data(task, tmp_path, shipped, VIEWS, anew=True)
    assert report.labelled == len(load_metadata(generated() / "action").episodes) - 1
    assert len(load_metadata(copy).episodes) == report.labelled + 1


def test_interrupted_it_ends_with_the_same_checkpoint_to_the_bit(
    tuned: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "again"
    (output / "training").mkdir(parents=True)
    shutil.copytree(tuned / "labelled", output / "labelled")
    update = stage_module.Stage._update

    def pressed(self: stage_module.Stage, batch: object) -> tuple[dict[str, float], bool]:
        if (self.name, self.step) == ("proposals", 0):
            os.kill(os.getpid(), signal.SIGINT)
        return update(self, batch)

    words = ["--label-anew", "--stages", ",".join(LOOKING)]
    with monkeypatch.context() as patch:
        patch.setattr(stage_module.Stage, "_update", pressed)
        assert finetune(config, output, *words) == 130
    assert "interrupted: what was learned is kept" in capsys.readouterr().out
    assert not (output / "model.safetensors").exists()
    assert finetune(config, output, *words) == 0
    # The labelled data lies elsewhere, so its frames were cut anew; the weights are the same all the same.
    assert (output / "model.safetensors").read_bytes() == (tuned / "model.safetensors").read_bytes()


def test_the_expert_alone_goes_on_without_looking_at_pictures(config: Path, tmp_path: Path) -> None:
    assert finetune(config, tmp_path, "--stages", "expert", "--generate", "0:0", original=False) == 0
    assert changed(tmp_path) == {"expert"}
    assert not (tmp_path / "training" / "frames").exists()


def test_boxes_alone_teach_proposals_and_matching(config: Path, tmp_path: Path) -> None:
    assert finetune(config, tmp_path, "--boxes-only", task=generated() / "grounding") == 0
    assert changed(tmp_path) == {"proposals", "matching"}


def test_without_original_data_it_is_generated_first(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def made(maker, settings: str, episodes: int, grounding: int, folder: Path, contract: str) -> bool:
        asked.append((episodes, grounding, contract))
        shutil.copytree(generated(), folder)
        return True

    monkeypatch.setattr("vla_ros.commands.learning.generated_data.GeneratedData.make", made)
    assert finetune(config, tmp_path, "--stages", "proposals", "--generate", "3:7", original=False) == 0
    assert asked == [(3, 7, "franka_grasp")]
    assert changed(tmp_path) == {"proposals"}


@pytest.mark.slow  # four episodes; `evaluation/` proves what compares and what goes on
def test_before_and_after_in_the_same_scenes(
    tuned: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["--label-anew", "--stages", ",".join(LOOKING), "--evaluate", 1, "--seed", 1000]
    assert finetune(config, tuned, *words, "--json", tmp_path / "result.json") == 0
    figures = json.loads((tmp_path / "result.json").read_text())
    for suite in ("task", "basic"):
        assert figures[f"{suite}.before.episodes"] == figures[f"{suite}.after.episodes"] == 1
        assert figures[f"{suite}.compared_episodes"] == 1
        assert 0.0 <= figures[f"{suite}.after.success_ci95_low"] <= figures[f"{suite}.after.success_ci95_high"] <= 1.0
    kept = sorted(path.stat().st_mtime_ns for path in (tuned / "evaluation").iterdir())
    assert len(kept) == 4


# -- bad input -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--boxes-only", "--stages", "grasp"], "--boxes-only teaches proposals and matching"),
        (["--stages", "gras"], "did you mean 'grasp'"),
        (["--threads", "0"], "--threads must be 1 to"),
        (["--generate", "3"], "give EPISODES:SCENES"),
        (["--generate", "3:4"], "--generate and --original"),
        (["--evaluate", "2", "--set", "basik"], "did you mean 'basic'"),
    ],
)
def test_options_that_cannot_be(
    words: list[str], said: str, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert finetune(config, tmp_path / "out", *words) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_data_it_cannot_use_is_named_before_anything_is_written(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    root = write_sample(tmp_path / "other", [4, 4])
    assert finetune(config, tmp_path / "out", task=root) == 2
    assert "labels are derived from both cameras" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_folder_is_not_gone_on_with_from_something_else(
    tuned: Path, config: Path, capsys: pytest.CaptureFixture
) -> None:
    weights = (tuned / "model.safetensors").read_bytes()
    assert finetune(config, tuned, "--boxes-only", task=generated() / "grounding") == 2
    assert "was begun with datasets[0]" in capsys.readouterr().err
    assert (tuned / "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("validation: 0.2", "validation 0.1, not 0.2"),  # judged by what it knows
        ("seed: 1", "seed 0, not 1"),
        ("original: {share: 0.25}", "original.share 0.5, not 0.25"),
    ],
)
def test_a_folder_is_not_gone_on_with_by_other_settings(
    tuned: Path, line: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    (tmp_path / "own.yaml").write_text(f"{TINY}{line}\n")
    weights = (tuned / "model.safetensors").read_bytes()
    assert finetune(tmp_path / "own.yaml", tuned, "--label-anew", "--stages", ",".join(LOOKING)) == 2
    assert f"was begun with {said}" in capsys.readouterr().err
    assert (tuned / "model.safetensors").read_bytes() == weights


@pytest.mark.parametrize("edit", [("--delete", "1"), ("--rename", "pick 0", "take 0")])
def test_a_folder_is_not_gone_on_with_from_edited_data(edit: tuple[str, ...], tmp_path: Path) -> None:
    root, output = write_sample(tmp_path / "set", [5, 4, 6]), tmp_path / "out"
    output.mkdir()
    older = {key: value for key, value in identity_of(CHECKPOINT, [root], None).items() if key != CONTENTS}
    (output / FILE).write_text(json.dumps(older))
    keep_identity(output, identity_of(CHECKPOINT, [root], None))  # an older folder does not say what it held
    keep_identity(output, identity_of(CHECKPOINT, [root], None))
    copy = labelled.copy_of(root, output)
    assert labelled.copy_of(root, output) == copy
    assert cli.main(["dataset", "edit", str(root), *edit]) == 0
    assert labelled.copy_of(root, output) != copy
    with pytest.raises(ConfigError, match=r"finetuning\.json: .*/set has changed since: choose another output folder"):
        keep_identity(output, identity_of(CHECKPOINT, [root], None))


def test_it_does_not_overwrite_what_it_comes_from(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    copy = shutil.copytree(CHECKPOINT, tmp_path / "copy")
    assert cli.main(["finetune", str(copy), str(generated() / "action"), "--output", str(copy)]) == 2
    assert "is what is learned from: name another folder" in capsys.readouterr().err


def test_the_shipped_settings_are_the_defaults() -> None:
    assert load_finetune_config("graspvla_small") == FinetuneConfig()
    with pytest.raises(ConfigError, match="did you mean 'graspvla_small'"):
        load_finetune_config("graspvla_smal")


# -- batches -------------------------------------------------------------------------------------------------------
def test_each_portion_gives_its_share_of_a_batch() -> None:
    mixture = [MixturePart(100, 0.1, 0.75), MixturePart(1000, 0.1, 0.25, "original_")]
    task, original = groups = parts_of(mixture, lambda rows: rows % 2 == 0)
    assert task.kept.max() < 100 <= original.kept.min()
    assert not set(task.kept) & set(task.held)
    assert (np.concatenate([task.kept, original.held]) % 2 == 0).all()
    rows = draw(groups, 32, np.random.default_rng(0))
    assert (len(rows), int((rows < 100).sum())) == (32, 24)
    with pytest.raises(ConfigError, match="no frame of the original data"):
        parts_of(mixture, lambda rows: rows < 100)


def test_no_episode_is_learned_from_and_judged_by() -> None:
    lengths = [13, 40, 7, 90, 21, 5, 60, 33, 8, 17, 29, 11]
    episodes = np.repeat(np.arange(12), lengths)
    (rows,) = parts_of([MixturePart(len(episodes), 0.1, episodes=episodes)], lambda rows: rows % 3 == 0)
    assert set(episodes[rows.held]) == {0, 10}
    assert set(episodes[rows.kept]) == set(range(12)) - {0, 10}
    kept, held = split(60, 0.1, np.repeat([11, 12, 13, 14], 15))  # behind those of other datasets
    np.testing.assert_array_equal(held, np.arange(15))
    np.testing.assert_array_equal(kept, np.arange(15, 60))
    few = np.repeat([0, 1, 2], 20)  # a third of the demonstrations would be lost
    for found, expected in zip(split(60, 0.1, few), split(60, 0.1), strict=True):
        np.testing.assert_array_equal(found, expected)


# -- numbers of another catalogue ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("more", "known"), [((0, 0), True), ((1, 0), False), ((0, -1), False)])
def test_networks_of_other_numbers_do_not_know_the_catalogue(more: tuple[int, int], known: bool) -> None:
    catalogue = load_catalogue()
    sizes = NetworkSizes(len(catalogue.categories) + more[0], len(catalogue.colors) + more[1])
    assert knows_catalogue(sizes) is known


def test_categories_teach_only_networks_that_know_the_catalogue(tuned: Path) -> None:
    losses = read_log(tuned / "training" / "log.csv")["matching", LOSSES, "category"]
    assert losses
    assert any(losses.values()) is knows_catalogue(networks(CHECKPOINT).sizes)


# -- words for what the catalogue does not hold ----------------------------------------------------------------------
def test_a_category_of_ones_own_is_asked_for_by_its_name() -> None:
    positions, seen = np.array([[0.5, 0.1, 0.0], [0.5, -0.1, 0.0]]), np.array([True, True])
    texts = [Sentences(seed).of_frame(["gray elbow", "red mug"], positions, seen, 4) for seed in range(60)]
    assert any(target == 0 and "elbow" in text for frame in texts for target, text in frame)
    assert Sentences.label("gray elbow")[0] == NO_LABEL
    assert Sentences.label("") == (NO_LABEL, NO_LABEL)


def test_beside_things_without_a_name_only_what_was_said_is_asked() -> None:
    said = 1, "hand me the gray elbow please"
    seen = np.array([True, True, True])
    for seed in range(20):
        asked = Sentences(seed).of_frame(["", "gray elbow", ""], np.zeros((3, 3)), seen, 4, [said])
        assert asked[0] == said
        assert {target for target, _ in asked} == {1}
        assert len(asked) == 4
    assert Sentences(0).of_frame(["", ""], np.zeros((2, 3)), seen[:2], 4) == []


def test_a_part_is_asked_for_as_such_and_its_object_in_many_ways() -> None:
    names, seen = ["by its handle", "red hammer", ""], np.ones(3, dtype=bool)
    for seed in range(20):
        asked = Sentences(seed).of_frame(names, np.zeros((3, 3)), seen, 4)
        assert {row for row, _ in asked} == {0, 1}
        assert all((row == 0) == (text == "by its handle") for row, text in asked)


def test_things_without_a_label_leave_the_losses_finite(tuned: Path) -> None:
    folders = sorted(path.parent for path in (tuned / "training" / "frames").glob("*/texts.json"))
    samples = Samples(folders)
    samples.forget_labels()
    rows = np.array([row for row in range(len(samples)) if samples.texts[row]][:2])
    made = match_batch(samples, rows, np.random.default_rng(0))
    losses = match_step(networks(CHECKPOINT).matching, made, torch.Generator().manual_seed(0))
    assert losses["category"] == losses["color"] == 0.0
    assert all(torch.isfinite(value) for value in losses.values())
