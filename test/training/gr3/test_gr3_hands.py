# SPDX-License-Identifier: Apache-2.0
"""Hand demonstrations as the third source of the small GR-3: what they teach, what not, what a GR-3 goes on from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from safetensors.torch import load_file
from tiny.gr3 import CONTRACT, ROBOT, network, save_tiny, save_tiny_backbone, seen, write_demonstrations, write_hands

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.gr3.small.checkpoint import load_small_gr3
from vla_ros.policies.gr3.small.config import read_small_config
from vla_ros.policies.gr3.small.thing_numbers import THING_NUMBERS, TOOLS, VIEWS
from vla_ros.training.gr3.action_frames import UNKNOWN
from vla_ros.training.gr3.beginning import begin_gr3
from vla_ros.training.gr3.config import Gr3Training, Mixing, needed_columns
from vla_ros.training.gr3.loss import Gr3Batches, gr3_loss
from vla_ros.training.gr3.samples import Gr3Samples, read_samples
from vla_ros.training.gr3.train import _action_rows
from vla_ros.training.stages.mixture import draw

pytestmark = pytest.mark.usefixtures("threads_as_before")

ROBOTS = 36  # frames of the robot's demonstrations
TINY = """
policy: gr3
begin: {begin}
threads: 1
stride: 2
horizon: 4
later: {later}
validation: 0.1
transformer: {{width: 16, heads: 4, feedforward: 32}}
mixing: {{grounding: 0.0}}
gr3: {{steps: 3, batch: 8, learning_rate: 1.0e-3, bf16: false, validate_every: 3}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a backbone, a GR-3, a robot's demonstrations and those of a left and a right hand."""
    folder = tmp_path_factory.mktemp("gr3_hands")
    save_tiny_backbone(folder / "backbone")
    save_tiny(folder / "gr3")
    write_demonstrations(folder / "robot", [[("put the red mug onto the tray", 0, 20)], [("clear the table", -1, 16)]])
    write_hands(folder / "hands", "left", "right")
    return folder


def read(folder: Path, *names: str, hands: float = 0.25) -> Gr3Samples:
    config = Gr3Training(stride=1, horizon=4, threads=1, mixing=Mixing(hands=hands))
    roots = [folder / name for name in names]
    return read_samples(roots, [], CONTRACT, config, folder / "backbone", folder / "frames")


@pytest.fixture(scope="module")
def samples(folder: Path) -> Gr3Samples:
    return read(folder, "hands", "robot")  # robots come first, whatever was said first


def batches(samples: Gr3Samples, status: bool = True) -> Gr3Batches:
    return Gr3Batches(samples, *map(Normaliser.of, samples.action.of_robots()), status=status)


def train(folder: Path, output: Path, begin: str, data: list[str], later: int = 2) -> int:
    (folder / "tiny.yaml").write_text(TINY.format(begin=folder / begin, later=later))
    roots = [folder / name for name in data]
    command = ["train", folder / "tiny.yaml", "--output", output, "--json", output / "figures.json", "--data", *roots]
    return cli.main(list(map(str, command)))


def test_a_masked_dataset_needs_no_labels() -> None:
    needed = needed_columns(CONTRACT, acts=True, masked=True)
    assert {"mask.action", "mask.observation.images.left_wrist", "observation.calibration.head"} <= needed.keys()
    assert not [name for name in needed if name.startswith("annotation.")]


def test_what_a_hand_did_counts_and_nothing_else(samples: Gr3Samples) -> None:
    frames = samples.action
    assert not frames.hands[:ROBOTS].any()
    assert frames.hands[ROBOTS:].all()
    left, right = ROBOTS, len(frames) - 10
    batch = batches(samples).plain(np.array([0, left, right]))
    counts = batch["counts"][:, 0].tolist()
    assert counts == [[1] * 18, [1] * 6 + [0] * 12, [0] * 6 + [1] * 6 + [0] * 6]  # widths, base, status: no
    assert batch["counts"][:, 0, -1].tolist() == [1, 0, 0]
    np.testing.assert_allclose(frames.actions[left, 1, :3], (0, 0, -0.01), atol=1e-5)
    # A chunk counts up to the end of its demonstration.
    np.testing.assert_array_equal(frames.counts[-2], [1, 1, 0, 0])
    assert batches(samples, status=False).plain(np.array([left]))["counts"].shape[2] == 17


def test_the_state_of_hands_is_blank(samples: Gr3Samples) -> None:
    rows = np.arange(len(samples.action))
    state = batches(samples).plain(rows)["state"].numpy()
    assert not state[ROBOTS:].any()
    assert (np.abs(state[:ROBOTS]).sum(axis=1) > 0).all()


def test_things_are_seen_in_the_pictures_that_were_taken(samples: Gr3Samples) -> None:
    seen = samples.seen
    there = np.arange(seen.numbers.shape[1]) < seen.count[:, None]
    views = [seen.numbers[:, :, view] * there for view in range(VIEWS)]
    assert all(view[:ROBOTS].any() for view in views)
    assert (views[0][ROBOTS:].sum(axis=1) == seen.count[ROBOTS:]).all()
    assert (seen.count[ROBOTS:] > 0).all()
    assert not views[1][ROBOTS:].any()
    assert not views[2][ROBOTS:].any()
    assert (seen.objects[ROBOTS:] == -1).all()
    # Where a person's hands are is told by no joint: what is seen from the tools is zero.
    from_tools = slice(VIEWS + 3 + 3 + 2, VIEWS + 3 + 3 + 2 + 6 * TOOLS)
    assert seen.numbers.shape[2] == THING_NUMBERS
    assert not seen.numbers[ROBOTS:, :, from_tools].any()
    assert seen.numbers[:ROBOTS, :, from_tools].any()


def test_the_instruction_of_hands_stays_and_what_it_means_is_not_known(samples: Gr3Samples) -> None:
    asked = dataclasses.replace(samples, asked=(("put the yellow ball into the bin", "yellow ball"),))
    rows = np.arange(len(samples.action))
    mixing = Mixing(grounding=0.0, invalid=0.9, done=0.0, blank=0.0)
    batch = batches(asked).robots(rows, mixing, np.random.default_rng(0))
    np.testing.assert_array_equal(batch["counts"][ROBOTS:], batches(asked).plain(rows)["counts"][ROBOTS:])
    assert (batch["actions"][:ROBOTS, 0, -1] == -1).any()
    assert (samples.action.target[ROBOTS:] == UNKNOWN).all()
    assert not batch["known"][ROBOTS:].any()
    losses = gr3_loss(network(), {"robots": batches(asked).plain(rows[ROBOTS:]), "pictures": {}}, 2, torch.Generator())
    assert losses["robot_binary"] == losses["robot_choice"] == 0
    assert losses["flow"] > 0


def test_statistics_are_the_robots(folder: Path, samples: Gr3Samples) -> None:
    alone = read(folder, "robot").action
    assert len(alone) == ROBOTS
    for with_hands, without in zip(samples.action.of_robots(), alone.of_robots(), strict=True):
        np.testing.assert_array_equal(with_hands, without)


def test_hands_have_their_share_of_the_robots_half(folder: Path, samples: Gr3Samples) -> None:
    config = Gr3Training(validation=0.1)
    rows = draw(_action_rows(samples.action.hands, config, samples.episodes), 16, np.random.default_rng(0))
    assert (rows >= ROBOTS).sum() == 4
    without = draw(
        _action_rows(np.zeros(ROBOTS, dtype=bool), config, samples.episodes[:ROBOTS]), 16, np.random.default_rng(0)
    )
    assert (without < ROBOTS).all()
    assert not read(folder, "robot", "hands", hands=0.0).action.hands.any()
    with pytest.raises(ConfigError, match=r"mixing.hands must be at least 0 and below 1, got 1"):
        Mixing(hands=1.0)


def test_a_gr3_goes_on_as_a_whole_with_its_statistics(folder: Path, tmp_path: Path) -> None:
    config = Gr3Training(horizon=4, later=2, transformer=read_small_config(folder / "gr3").acting.transformer)
    beginning = begin_gr3(folder / "gr3", config, CONTRACT)
    begun = beginning.network(read_small_config(folder / "gr3"))
    saved = load_file(folder / "gr3" / "model.safetensors")
    assert all(torch.equal(value, saved[name].to(value.dtype)) for name, value in begun.state_dict().items())

    assert train(folder, tmp_path, "gr3", ["robot", "hands"]) == 0
    before, after = read_small_config(folder / "gr3").acting, read_small_config(tmp_path).acting
    assert after.state_statistics == before.state_statistics
    assert after.action_statistics == before.action_statistics
    assert after.training["frames"]["robots"] == ROBOTS / 2
    assert after.training["frames"]["hands"] == 16
    assert "gr3.hands_action_mm" in json.loads((tmp_path / "figures.json").read_text())
    made = load_file(tmp_path / "model.safetensors")
    # Three steps from what it was, unlike weights that are new.
    moved = max(float((made[name].float() - saved[name].float()).abs().max()) for name in saved)
    assert 0 < moved < 0.02
    assert np.isfinite(load_small_gr3(tmp_path, ROBOT).infer(seen()).values).all()


def test_a_gr3_that_the_settings_do_not_fit_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(folder, tmp_path, "gr3", ["robot"], later=4) == 2
    error = capsys.readouterr().err.strip()
    assert "later is 2, these settings say 4: give those that it was trained with, or begin with a backbone" in error
    assert "\n" not in error


def test_hands_alone_are_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(folder, tmp_path, "backbone", ["hands"]) == 2
    error = capsys.readouterr().err.strip()
    assert (
        "is of human hands, which say nothing of grippers, base and task status: give robots' demonstrations" in error
    )
    assert "\n" not in error
