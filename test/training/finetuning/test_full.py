# SPDX-License-Identifier: Apache-2.0
"""A full-size model in two stages, with tiny random weights: what learns when, and what the command leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
pytest.importorskip("transformers", reason="transformers is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.graspvla_data import generated
from tiny.graspvla_full import full_config, tiny_network, tiny_words

from vla_ros import cli
from vla_ros.data.datasets.editing.edit import edit
from vla_ros.data.datasets.editing.edits import DatasetEdits
from vla_ros.data.datasets.reader import LeRobotReader
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


def test_projectors_alone_then_everything_but_the_vision_towers(base: Path, tmp_path: Path) -> None:
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
