# SPDX-License-Identifier: Apache-2.0
"""`vla train` of the small GR-3: what it learns from, what counts, that it learns, and that it goes on to the bit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from safetensors.torch import load_file
from tiny.gr3 import (
    CONTRACT,
    ROBOT,
    THINGS,
    network,
    save_tiny_backbone,
    seen,
    write_demonstrations,
    write_pictures,
)

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.data.datasets.editing.edit import edit
from vla_ros.data.datasets.editing.edits import DatasetEdits
from vla_ros.data.datasets.features import IMAGES
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.backbone.matching import GEOMETRY
from vla_ros.policies.contract import CameraStream
from vla_ros.policies.families.loading import check_policy
from vla_ros.policies.gr3.small.checkpoint import load_small_gr3
from vla_ros.policies.gr3.small.config import read_small_config
from vla_ros.policies.gr3.small.thing_numbers import THING_NUMBERS
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3 import frames
from vla_ros.training.gr3.action_frames import ABSENT, UNKNOWN, robot_frames
from vla_ros.training.gr3.config import Gr3Training, Mixing, load_gr3_training
from vla_ros.training.gr3.loss import Gr3Batches, gr3_loss
from vla_ros.training.gr3.samples import Gr3Samples, read_samples
from vla_ros.training.stages import stage as stage_module

pytestmark = pytest.mark.usefixtures("threads_as_before")

EPISODES = [
    [("put the red mug onto the tray", 0, 20), ("put the green can into the bin", 1, 16)],
    [("clear the table", -1, 24)],
    [("put the yellow ball onto the tray", -1, 12)],  # which is not there
]
ELSEWHERE = [[("put the yellow ball into the bin", 3, 10)]]
TINY = """
policy: gr3
begin: {backbone}
threads: 1
stride: 1
horizon: 4
later: 2
validation: 0.1
transformer: {{width: 16, heads: 4, feedforward: 32}}
mixing: {{grounding: {grounding}}}
gr3: {{steps: 12, batch: 8, learning_rate: 1.0e-3, bf16: false, validate_every: 6}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a backbone, demonstrations and pictures."""
    folder = tmp_path_factory.mktemp("gr3")
    save_tiny_backbone(folder / "backbone")
    write_demonstrations(folder / "data" / "action", EPISODES)
    write_pictures(folder / "data" / "grounding", 24)
    (folder / "tiny.yaml").write_text(TINY.format(backbone=folder / "backbone", grounding=0.5))
    return folder


@pytest.fixture(scope="module")
def samples(folder: Path) -> Gr3Samples:
    config = Gr3Training(stride=1, horizon=4, threads=1)
    roots = [folder / "data" / "action"], [folder / "data" / "grounding"]
    return read_samples(*roots, CONTRACT, config, folder / "backbone", folder / "frames")


def train(folder: Path, output: Path, *words: object) -> int:
    command = ["train", folder / "tiny.yaml", "--data", folder / "data", "--output", output, *words]
    return cli.main(list(map(str, command)))


@pytest.fixture(scope="module")
def trained(folder: Path) -> Path:
    output = folder / "trained"
    output.mkdir()
    assert train(folder, output, "--json", output / "figures.json") == 0
    return output


def test_what_is_asked_for_ends_where_the_next_sentence_begins(samples: Gr3Samples) -> None:
    robot = samples.action
    assert len(robot) == 72
    np.testing.assert_array_equal(robot.counts[18], [1, 1, 0, 0])
    np.testing.assert_array_equal(robot.status[18], [0, 0, 1, 1])  # then it is done
    np.testing.assert_array_equal(robot.status[35], [0, 1, 1, 1])  # also at the end of an episode
    np.testing.assert_array_equal(robot.counts[60], 0)  # nothing is to be imitated of a refusal
    np.testing.assert_array_equal(robot.status[60:], -1)
    assert robot.target[[0, 20, 40, 60]].tolist() == [0, 1, UNKNOWN, ABSENT]
    assert robot.receptacle[[0, 20, 40, 60]].tolist() == [2, UNKNOWN, UNKNOWN, UNKNOWN]


def test_a_sentence_is_known_to_be_done_for_a_while_after_it(samples: Gr3Samples) -> None:
    robot = samples.action
    known = [i for i, words in enumerate(robot.before) if words]
    assert known == list(range(20, 28))
    assert {robot.before[i] for i in known} == {"put the red mug onto the tray"}
    assert {int(robot.before_target[i]) for i in known} == {0}


def test_boxes_are_those_that_were_proposed_and_say_which_thing_they_show(samples: Gr3Samples) -> None:
    seen = samples.seen
    assert (seen.count > 0).all()
    assert seen.objects.max() < len(THINGS)
    beyond = np.arange(seen.objects.shape[1]) >= seen.count[:, None]
    assert (seen.objects[beyond] == -1).all()
    assert not seen.looks[beyond].any()


def test_things_of_a_smaller_picture_are_found_in_it(folder: Path, tmp_path: Path, monkeypatch) -> None:
    smaller = {IMAGES + "left_wrist": CameraStream(320, 180, fit="stretch")}
    edit(folder / "data" / "grounding", DatasetEdits(resize=smaller), tmp_path / "smaller")
    with LeRobotReader(tmp_path / "smaller") as reader:
        boxes = np.concatenate([reader.column(notes.boxes_column(name))[0][:3, :4] for name in CONTRACT.cameras])
        shapes = [reader.metadata.features[IMAGES + name].shape for name in CONTRACT.cameras]
        sizes = np.repeat([shape[1::-1] for shape in shapes], 3, axis=0)
        geometry, numbers = torch.zeros(1, 9, GEOMETRY), torch.zeros(1, 9, THING_NUMBERS)
        geometry[0, :, :4] = torch.from_numpy(boxes / np.tile(sizes, 2))  # as the backbone says where things are
        numbers[0, :, :3] = torch.eye(3).repeat_interleave(3, dim=0)
        monkeypatch.setattr(frames, "look_at", lambda *args, **kwargs: (torch.zeros(1, 9, 16), geometry, numbers))
        piece = frames._Piece(reader.metadata.root, (0,), tmp_path, folder / "backbone", CONTRACT, 0.7, 0)
        made = frames._seen(reader, 0, *frames._pictures(reader, 0, CONTRACT), torch.nn.Identity(), piece)
    assert made["objects"][:9].tolist() == [0, 1, 2] * 3


def test_what_was_seen_is_kept(folder: Path, samples: Gr3Samples) -> None:
    made = {path: path.stat().st_mtime_ns for path in (folder / "frames").iterdir()}
    told: list[tuple[int, int]] = []
    config = Gr3Training(stride=1, horizon=6, threads=1)
    roots = [folder / "data" / "action"], [folder / "data" / "grounding"]
    again = read_samples(
        *roots, CONTRACT, config, folder / "backbone", folder / "frames", lambda *far: told.append(far)
    )
    assert again.action.actions.shape == (72, 6, 17)
    assert told[-1] == (96, 96)
    assert {path: path.stat().st_mtime_ns for path in (folder / "frames").iterdir()} == made


def batches(samples: Gr3Samples, status: bool = True) -> Gr3Batches:
    robot = samples.action
    return Gr3Batches(
        samples, Normaliser.of(robot.state), Normaliser.of(robot.actions[robot.counts > 0]), status=status
    )


def test_an_instruction_that_does_not_fit_teaches_the_status_alone(folder: Path, samples: Gr3Samples) -> None:
    asked = (*samples.asked, ("put the yellow ball into the bin", "yellow ball"))
    made = batches(dataclasses.replace(samples, asked=asked))
    rows = np.arange(20)
    batch = made.robots(rows, Mixing(0.0, invalid=0.99, done=0.0, blank=0.0), np.random.default_rng(0))
    refused = batch["actions"][:, :, -1] == -1
    assert refused.all(dim=1).sum() >= 18
    for row in np.flatnonzero(refused.all(dim=1)):
        assert batch["counts"][row, :, :-1].sum() == 0
        assert batch["counts"][row, :, -1].min() == 1
        assert batch["meant"][row].sum() == 0
        assert batch["known"][row].tolist() == [True, False]  # where it is to go may stand there


def test_nothing_is_said_to_be_missing_where_little_is_seen(samples: Gr3Samples) -> None:
    asked = (*samples.asked, ("put the yellow ball into the bin", "yellow ball"))
    mixing = Mixing(0.0, invalid=0.2, done=0.0, blank=0.0)
    assert samples.action.surveyed.all()
    few = samples.action.surveyed & (np.arange(len(samples.action)) % 4 == 0)
    action = dataclasses.replace(samples.action, surveyed=few)
    made = batches(dataclasses.replace(samples, asked=asked, action=action))
    rows = np.tile(np.arange(60), 40)  # behind them stands what is refused anyway
    batch = made.robots(rows, mixing, np.random.default_rng(0))
    refused = (batch["actions"][:, :, -1] == -1).all(dim=1).numpy()
    assert set(rows[refused].tolist()) <= set(np.flatnonzero(few).tolist())
    # Half of those at most: three times as often would be as many as were asked for.
    assert 0.42 < refused[few[rows]].mean() < 0.58


def test_what_is_seen_counts_in_any_view(folder: Path, samples: Gr3Samples) -> None:
    with LeRobotReader(folder / "data" / "action") as reader:
        assert len(THINGS) == 3
        boxes = {camera: reader.column(notes.boxes_column(camera)).copy() for camera in CONTRACT.cameras}
        column = reader.column

        def hidden(name: str) -> np.ndarray:
            return next(
                (values for camera, values in boxes.items() if name == notes.boxes_column(camera)), column(name)
            )

        reader.column = hidden
        for camera in boxes:
            boxes[camera][:, 0, 4] = 0.0
        assert not robot_frames(reader, np.arange(4), CONTRACT, 6).surveyed.any()
        boxes[next(iter(boxes))][:2, 0, 4] = 0.5
        assert robot_frames(reader, np.arange(4), CONTRACT, 6).surveyed.tolist() == [True, True, False, False]


def test_what_has_just_been_done_is_said_to_be_done(samples: Gr3Samples) -> None:
    batch = batches(samples).robots(
        np.arange(20, 28), Mixing(0.0, invalid=0.0, done=0.9, blank=0.0), np.random.default_rng(0)
    )
    done = (batch["actions"][:, :, -1] == 1).all(dim=1)
    assert 1 <= done.sum() < 8  # half of them
    assert batch["counts"][done][:, :, :-1].sum() == 0
    plain = batches(samples).plain(np.arange(20, 28))
    assert (plain["actions"][:4, :, -1] == 0).all()


def test_where_a_thing_is_to_go_is_learned_where_it_is_told(samples: Gr3Samples) -> None:
    made = batches(samples)
    batch = made.plain(np.arange(16, 24))
    assert batch["known"][:, 1].tolist() == [True] * 4 + [False] * 4
    shown = batch["objects"][:4]
    torch.testing.assert_close(batch["meant"][:4, :, 1], (shown == 2).float())
    tiny = network(moved=True)
    at_rest = gr3_loss(tiny, {"robots": batch, "pictures": {}}, 1, torch.Generator().manual_seed(0))
    tiny.receptacle[-1].bias.data += 9.0
    sure = gr3_loss(tiny, {"robots": batch, "pictures": {}}, 1, torch.Generator().manual_seed(0))
    assert sure["robot_binary"] > at_rest["robot_binary"]


def test_without_the_task_status_nothing_is_said_of_it(samples: Gr3Samples) -> None:
    batch = batches(samples, status=False).plain(np.arange(4))
    assert batch["actions"].shape[2] == 17


def test_it_trains_and_what_it_leaves_acts(folder: Path, trained: Path) -> None:
    config = read_small_config(trained)
    assert config.acting.training["config"]["gr3"]["steps"] == 12
    assert config.acting.training["frames"] == {"robots": 72, "hands": 0, "pictures": 24}
    figures = json.loads((trained / "figures.json").read_text())
    assert {"gr3.action_mm", "gr3.status_right", "gr3.meant_right"} <= figures.keys()
    check_policy("gr3", ROBOT, str(trained))
    chunk = load_small_gr3(trained, ROBOT).infer(seen())
    assert np.isfinite(chunk.values).all()
    # What looks does not learn: frames are looked at once.
    before, after = load_file(folder / "backbone" / "model.safetensors"), load_file(trained / "model.safetensors")
    still = [name for name in before if name.startswith(("proposals", "matching.crops"))]
    assert still
    assert all(torch.equal(before[name], after[f"backbone.{name}"]) for name in still)
    moved = [name for name in before if name.startswith("matching.layers") and before[name].ndim > 1]
    assert any(not torch.equal(before[name], after[f"backbone.{name}"]) for name in moved)


def test_an_interrupted_training_goes_on_to_the_bit(
    folder: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    updates, whole = [0], stage_module.Stage._update

    def update(stage: stage_module.Stage, batch: object) -> tuple[dict[str, float], bool]:
        updates[0] += 1
        losses, stopping = whole(stage, batch)
        return losses, stopping or updates[0] == 5

    monkeypatch.setattr(stage_module.Stage, "_update", update)
    assert train(folder, tmp_path) == 130
    assert not (tmp_path / "model.safetensors").exists()
    assert train(folder, tmp_path) == 0
    ours, theirs = load_file(tmp_path / "model.safetensors"), load_file(trained / "model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_without_pictures_with_boxes_there_is_no_co_training(folder: Path, tmp_path: Path) -> None:
    (folder / "alone.yaml").write_text(TINY.format(backbone=folder / "backbone", grounding=0.0))
    command = ["train", folder / "alone.yaml", "--data", folder / "data" / "action", "--output", tmp_path]
    assert cli.main(list(map(str, command))) == 0
    assert read_small_config(tmp_path).acting.training["frames"]["pictures"] == 0


def test_the_file_says_what_the_defaults_are() -> None:
    assert load_gr3_training("gr3_small") == Gr3Training()
    assert (share_directory() / "config" / "train" / "gr3_small.yaml").is_file()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"validation": 0.6}, "validation must be above 0 and below 0.5"),
        ({"stride": 0}, "stride must be at least 1"),
        ({"scenes": 0}, "set that to 0 as well, for no co-training"),
        ({"contract": "bytemini_table"}, "moves 0 tools"),
        ({"robot": "franka", "contract": "franka_grasp"}, "has 2 cameras"),
        ({"robot": "franka"}, "is for robot 'bytemini'"),
    ],
)
def test_what_cannot_be_trained_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        dataclasses.replace(Gr3Training(), **change)
    with pytest.raises(ConfigError, match="leave no instruction"):
        Mixing(invalid=0.6, done=0.5)


def test_data_that_lacks_something_is_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["train", folder / "tiny.yaml", "--output", tmp_path / "out", "--data"]
    assert cli.main([*map(str, command), str(folder / "data" / "action")]) == 2
    assert "is all there is, and mixing.grounding is 0.5" in capsys.readouterr().err
    (folder / "strange.yaml").write_text(TINY.format(backbone=folder / "frames", grounding=0.5))
    command = ["train", folder / "strange.yaml", "--data", folder / "data", "--output", tmp_path / "out"]
    assert cli.main(list(map(str, command))) == 2
    assert "is no checkpoint" in capsys.readouterr().err
