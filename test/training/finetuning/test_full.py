# SPDX-License-Identifier: Apache-2.0
"""A full-size model in two stages, with tiny random weights: what learns when, and what the command leaves."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.graspvla_data import generated
from tiny.graspvla_full import full_config, tiny_network, tiny_words

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.data.datasets.editing.edit import edit
from vla_ros.data.datasets.editing.edits import DatasetEdits
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.graspvla.full.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from vla_ros.policies.graspvla.full.pose_numbers import pose_matrix
from vla_ros.training.finetuning.full_samples import FullSamples
from vla_ros.training.finetuning.two_stage import END_TO_END, PROJECTOR, free
from vla_ros.training.generation import annotations as notes
from vla_ros.training.stages.stage import read_state

pytestmark = pytest.mark.usefixtures("threads_as_before")
TINY = """
threads: 1
projector:  {steps: 2, batch: 2, learning_rate: 1.0e-2, validate_every: 2, bf16: false, warm_up: 1, average: 0.0}
end_to_end: {steps: 2, batch: 2, learning_rate: 1.0e-3, validate_every: 2, bf16: false, warm_up: 1, average: 0.0}
"""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("full") / "tiny"
    save_checkpoint(Checkpoint(tiny_network(), tiny_words()), folder)
    return folder


def modules_that_differ(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> set[str]:
    return {name.split(".")[0] for name, value in first.items() if not torch.equal(value, second[name])}


def test_projectors_alone_then_everything_but_the_vision_towers(
    base: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    config, output = tmp_path / "tiny.yaml", tmp_path / "out"
    config.write_text(TINY)
    words = ["finetune", str(base), str(generated() / "action"), "--output", str(output), "--config", str(config)]
    words += ["--original", str(generated()), "--json", str(tmp_path / "figures.json")]
    assert cli.main(words) == 0
    before = load_checkpoint(base).network.state_dict()
    first = read_state(output / "training" / f"{PROJECTOR}.training.pt")["average"]
    after = load_checkpoint(output / "checkpoint").network.state_dict()
    assert modules_that_differ(first, before) == {"projector", "state"}
    assert modules_that_differ(after, first) >= {"projector", "state", "language", "expert", "boxes", "grasp"}
    assert "vision" not in modules_that_differ(after, before)
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert {"projector.flow", "end_to_end.original_boxes"} <= figures.keys()
    assert cli.main(words) == 0  # nothing is left to do
    capsys.readouterr()
    assert cli.main([*words, "--boxes-only"]) == 2
    assert "was begun with boxes_only False, not True" in capsys.readouterr().err


def test_what_learns_in_which_stage() -> None:
    network = tiny_network()
    for stage, learning in ((PROJECTOR, {"projector", "state"}), (END_TO_END, None)):
        free(network, stage)
        learns = {name.split(".")[0] for name, weight in network.named_parameters() if weight.requires_grad}
        assert "vision" not in learns
        assert learning is None or learns == learning


def test_a_sample_says_what_its_frame_says() -> None:
    config, root = full_config(), generated() / "action"
    samples = FullSamples([root], config, tiny_words())
    with LeRobotReader(root) as reader:
        valid = np.flatnonzero(reader.column(notes.VALID)[:60])[:4]
        made = samples.batch(np.array([*valid]))
        assert made.has_action.all()
        for i, frame in enumerate(valid):
            # Positions alone: the tiny ranges of the angles are narrower than what grasps have.
            grasp = pose_matrix(config.grasp.quantiser().decode(made.grasp[i].numpy()), config.grasp.home)
            bins = (np.array(config.grasp.high) - config.grasp.low)[:3] / config.grasp.bins
            told = np.clip(reader.column(notes.GRASP)[frame, :3], config.grasp.low[:3], config.grasp.high[:3])
            assert (np.abs(grasp[:3, 3] - told) <= bins).all()
            actions = config.action_statistics.normaliser().restore(made.actions[i].double().numpy())
            np.testing.assert_allclose(actions[0], reader.column("action")[frame], atol=1e-5)
        assert not FullSamples([root], config, tiny_words(), boxes_only=True).batch(valid).has_action.any()


def test_a_dataset_without_anchor_and_calibration_is_learned_from(tmp_path: Path) -> None:
    config, whole = full_config(), generated() / "action"
    names = ("observation.anchor", "observation.calibration.front", "observation.calibration.side")
    edit(whole, DatasetEdits(drop=names), tmp_path / "lean")
    rows = np.arange(0, 40, 10)
    made, expected = (FullSamples([r], config, tiny_words()).batch(rows) for r in (tmp_path / "lean", whole))
    for name in ("images", "states", "actions", "grasp", "boxes", "has_action"):
        assert torch.equal(getattr(made, name), getattr(expected, name)), name


def test_steps_behind_the_end_and_behind_what_is_no_example_do_not_count() -> None:
    config, root = full_config(), generated() / "action"
    samples = FullSamples([root], config, tiny_words())
    with LeRobotReader(root) as reader:
        valid, episode = reader.column(notes.VALID).ravel() > 0, reader.metadata.episodes[0]
        end = episode.start + episode.length
        rows = np.arange(episode.start, end)[valid[episode.start : end]]
        counts = samples.batch(rows).counts.numpy()
    for row, counted in zip(rows.tolist(), counts, strict=True):
        after = np.arange(row, row + config.action.horizon)
        sound = np.array([k < end and valid[k] for k in after])
        np.testing.assert_array_equal(counted, np.cumprod(sound))
    assert counts.min() == 0.0  # some of them reach behind


def with_columns(samples: FullSamples, changed: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> FullSamples:
    """Let the one dataset of some samples have other values."""
    (reader,) = samples._readers
    column = reader.column
    monkeypatch.setattr(reader, "column", lambda name: changed[name] if name in changed else column(name))
    return samples


def test_a_target_beside_the_square_of_a_view_has_no_box_there(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = FullSamples([generated() / "grounding"], full_config(), tiny_words())
    row, column = np.array([0]), samples._readers[0].column
    assert samples.batch(row).box_known.all()
    boxes = column(notes.boxes_column("front")).copy()
    boxes[0, int(column(notes.TARGET)[0])] = (590.0, 200.0, 632.0, 240.0, 1.0)  # of 640 px, of which 80 to 560 are seen
    made = with_columns(samples, {notes.boxes_column("front"): boxes}, monkeypatch).batch(row)
    assert made.box_known.tolist() == [[False, True]]


def test_a_sentence_that_means_no_single_thing_teaches_no_box(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = FullSamples([generated() / "grounding"], full_config(), tiny_words())
    column = samples._readers[0].column
    changed = {notes.TARGET: np.full_like(column(notes.TARGET), -1)}
    for camera in samples.config.cameras:  # a table so full that every row of the boxes is a thing's
        boxes = column(notes.boxes_column(camera)).copy()
        boxes[:, -1] = (300.0, 200.0, 340.0, 240.0, 1.0)
        changed[notes.boxes_column(camera)] = boxes
    assert not with_columns(samples, changed, monkeypatch).batch(np.array([0])).box_known.any()


def relabelled(root: Path, folder: Path, change) -> Path:
    """Return a copy of a dataset whose info.json is changed."""
    shutil.copytree(root, folder)
    path = folder / "meta" / "info.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))
    return folder


def test_the_state_is_read_by_the_names_of_its_columns(tmp_path: Path) -> None:
    def six_joints(info: dict) -> None:  # the tool stands where an arm of six joints has it
        names = info["features"]["observation.state"]["names"]
        info["features"]["observation.state"]["names"] = [*names[1:], names[0]]

    config, whole = full_config(), generated() / "action"
    root = relabelled(whole, tmp_path / "six", six_joints)
    row = np.array([20])
    made = FullSamples([root], config, tiny_words()).batch(row)
    with LeRobotReader(whole) as reader:
        now = reader.column("observation.state")[20]
    states = config.state_statistics.normaliser().restore(made.states[0].double().numpy())
    np.testing.assert_allclose(states[1, [0, 1, 2, 6]], now[[6, 7, 8, 13]], atol=1e-5)


def test_actions_of_another_meaning_are_one_line(tmp_path: Path) -> None:
    root, absolute = generated() / "action", full_config()
    faster = dataclasses.replace(absolute, period=0.05)
    with pytest.raises(ConfigError, match=r"is of 10 Hz, the checkpoint acts at 20 Hz"):
        FullSamples([root], faster, tiny_words())
    relative = dataclasses.replace(absolute, action=dataclasses.replace(absolute.action, reference="relative"))
    with pytest.raises(ConfigError, match="says reference: delta, the checkpoint's actions relative"):
        FullSamples([root], relative, tiny_words())

    def nameless(info: dict) -> None:
        names = info["features"]["observation.state"]["names"]
        names[names.index("panda_hand/width")] = "panda_hand/depth"

    still = Statistics(absolute.action_statistics.mean, (*absolute.action_statistics.std[:6], 0.0))
    with pytest.raises(ConfigError, match=r"number 6 of its actions moves, and its std .* is 0: write 1 there"):
        FullSamples([root], dataclasses.replace(absolute, action_statistics=still), tiny_words())

    with pytest.raises(ConfigError, match="one gripper's width"):
        FullSamples([relabelled(root, tmp_path / "nameless", nameless)], absolute, tiny_words())


def test_weights_of_half_the_precision_learn_in_full_and_stay_what_they_were(tmp_path: Path) -> None:
    config, base, output = tmp_path / "tiny.yaml", tmp_path / "half", tmp_path / "out"
    config.write_text(TINY)
    save_checkpoint(Checkpoint(tiny_network(full_config(dtype="bfloat16")), tiny_words()), base)
    words = ["finetune", str(base), str(generated() / "action"), "--output", str(output), "--config", str(config)]
    assert cli.main(words) == 0
    learned = read_state(output / "training" / f"{END_TO_END}.training.pt")["network"]
    assert {value.dtype for value in learned.values()} == {torch.float32}
    after = load_checkpoint(output / "checkpoint").network.state_dict()
    assert {value.dtype for value in after.values()} == {torch.bfloat16}
