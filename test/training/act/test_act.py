# SPDX-License-Identifier: Apache-2.0
"""`vla train` of ACT: what it learns from, that it learns, what it leaves, and that it goes on to the bit."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from demonstrations.sample_dataset import write_sample
from safetensors.torch import load_file
from tiny.act import CONFIG, SIZES, STATE, seen
from tiny.graspvla_data import generated

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.configuration import share_directory
from vla_ros.data.datasets.features import ACTION
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.act.checkpoint import new_network
from vla_ros.policies.act.config import read_act_config
from vla_ros.policies.act.policy import ActPolicy
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.backbone.proposals import small_pictures
from vla_ros.policies.contract import load_contract
from vla_ros.policies.families.loading import check_policy
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.act.config import ActTraining, load_act_training, read_channels
from vla_ros.training.act.loss import ActBatches, act_loss, divergence, judge_act, reconstruction
from vla_ros.training.act.samples import ActSamples, read_samples
from vla_ros.training.generation import annotations as notes
from vla_ros.training.graspvla.rollouts import RollOuts
from vla_ros.training.stages import stage as stage_module

pytestmark = pytest.mark.usefixtures("threads_as_before")

TINY = """
policy: act
threads: 1
frames_an_episode: 12
horizon: 5
rollouts: {episodes: 0}
network:
  {size: 24, heads: 2, feedforward: 32, encoder_layers: 1, decoder_layers: 1, style_layers: 1, latent: 4, width: 4}
act: {steps: 12, batch: 4, learning_rate: 1.0e-3, bf16: false, validate_every: 6}
"""


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


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> ActSamples:
    config = ActTraining(frames_an_episode=12, horizon=5)
    contract = load_contract("franka_grasp")
    return read_samples([generated() / "action"], contract, config, tmp_path_factory.mktemp("frames"))


def test_frames_worth_imitating_with_what_followed_in_their_own_episode(samples: ActSamples) -> None:
    with LeRobotReader(generated() / "action") as reader:
        states, actions = reader.column("observation.state"), reader.column(ACTION)
        valid = reader.column(notes.VALID).astype(bool)
        names = reader.metadata.features["observation.state"].names
        columns = [names.index(channel) for channel in read_channels(load_contract("franka_grasp"))]
        assert "panda/orientation.x" not in [names[column] for column in columns]
        found = [int(np.flatnonzero((states[:, columns] == state).all(axis=1))[0]) for state in samples.states]
        assert len(samples) == sum(min(12, valid[e.start : e.start + e.length].sum()) for e in reader.metadata.episodes)
        assert valid[found].all()
        for place, row in enumerate(found):
            episode = reader.metadata.episodes[reader.episode_of(row)]
            counted = int(samples.counts[place].sum())
            np.testing.assert_array_equal(samples.actions[place, :counted], actions[row : row + counted])
            assert row + counted <= episode.start + episode.length
            ends = row + counted == episode.start + episode.length
            assert counted == 5 or ends or not valid[row + counted]
            assert samples.words[place] == reader.task(row)
        last = len(found) - 1
        shown = small_pictures([reader.image(f"observation.images.{name}", found[last]) for name in ("front", "side")])
        np.testing.assert_array_equal(samples.pictures[np.array([last])][0], shown)


def test_pictures_are_cut_once_and_pieces_that_are_there_are_kept(tmp_path: Path, samples: ActSamples) -> None:
    config, contract = ActTraining(frames_an_episode=12, horizon=5), load_contract("franka_grasp")
    told: list[tuple[int, int]] = []
    read_samples([generated() / "action"], contract, config, tmp_path, lambda *far: told.append(far))
    assert told == [(0, len(samples)), (len(samples), len(samples))]
    (file,) = tmp_path.iterdir()
    made = file.stat().st_mtime_ns
    longer = read_samples([generated() / "action"], contract, dataclasses.replace(config, horizon=7), tmp_path)
    assert longer.actions.shape == (len(samples), 7, 7)
    assert [path.stat().st_mtime_ns for path in tmp_path.iterdir()] == [made]


def test_of_an_edited_dataset_they_are_cut_again(tmp_path: Path, samples: ActSamples) -> None:
    """Its rows may have the same numbers, and be of other episodes."""
    config, contract = ActTraining(frames_an_episode=12, horizon=5), load_contract("franka_grasp")
    root = shutil.copytree(generated() / "action", tmp_path / "data")
    read_samples([root], contract, config, tmp_path / "cut")
    before = set((tmp_path / "cut").iterdir())
    assert cli.main(["dataset", "edit", str(root), "--rename", load_metadata(root).tasks[0], "do it"]) == 0
    again = read_samples([root], contract, config, tmp_path / "cut")
    assert "do it" in again.words
    assert before < set((tmp_path / "cut").iterdir())


def test_the_loss_falls_on_frames_that_it_knows_by_heart_and_it_acts_without_a_style(samples: ActSamples) -> None:
    states, actions = Normaliser.of(samples.states), Normaliser.of(samples.actions[samples.counts > 0])
    batches, rows = ActBatches(samples, states, actions), np.arange(0, len(samples), 4)
    torch.manual_seed(0)
    sizes = dataclasses.replace(SIZES, size=48, heads=4, feedforward=96, width=8, dropout=0.0)
    made = dataclasses.replace(CONFIG, network=sizes, state=read_channels(load_contract("franka_grasp")),
                               state_statistics=statistics(states), action_statistics=statistics(actions))  # fmt: skip
    network = new_network(made)
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-3)
    before = judge_act(network.eval(), batches, rows, actions, True)
    for step in range(120):
        network.train()
        losses = act_loss(network, batches.of(rows), 10.0, torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        sum(losses.values()).backward()
        optimiser.step()
    after = judge_act(network.eval(), batches, rows, actions, True)
    assert after["l1"] < 0.4 * before["l1"], (before, after)
    assert after["action_mm"] < 0.6 * before["action_mm"], (before, after)
    assert float(losses["kl"].detach()) < 1.0
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.style.parameters() if p.ndim > 1)


def statistics(normaliser: Normaliser):
    from vla_ros.policies.actions.normalisation import Statistics

    return Statistics(tuple(normaliser.mean.tolist()), tuple(normaliser.std.tolist()))


def test_divergence_and_reconstruction_are_the_paper_s() -> None:
    assert float(divergence(torch.zeros(2, 4), torch.zeros(2, 4))) == 0.0
    mean, log_variance = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, math.log(4.0)]])
    normal = torch.distributions.Normal
    known = torch.distributions.kl_divergence(normal(mean, (0.5 * log_variance).exp()), normal(0.0, 1.0)).sum()
    torch.testing.assert_close(divergence(mean, log_variance), known)
    made, actions = torch.zeros(1, 3, 2), torch.tensor([[[1.0, 3.0], [5.0, 5.0], [99.0, 99.0]]])
    assert float(reconstruction(made, actions, torch.tensor([[1.0, 1.0, 0.0]]))) == pytest.approx(3.5)


def test_a_step_is_a_function_of_its_number_alone(samples: ActSamples) -> None:
    normalisers = Normaliser.of(samples.states), Normaliser.of(samples.actions)
    batch = ActBatches(samples, *normalisers).of(np.arange(4))
    torch.manual_seed(0)
    sizes = dataclasses.replace(SIZES, dropout=0.3)
    columns = read_channels(load_contract("franka_grasp"))
    made = dataclasses.replace(CONFIG, network=sizes, state=columns, state_statistics=statistics(normalisers[0]))
    network = new_network(made).train()

    def loss(seed: int) -> float:
        torch.rand(7)  # whatever else draws meanwhile
        return float(act_loss(network, batch, 10.0, torch.Generator().manual_seed(seed))["l1"].detach())

    assert loss(3) == loss(3)
    assert loss(3) != loss(4)


def test_a_checkpoint_that_its_family_serves_a_log_and_figures(trained: Path) -> None:
    config = read_act_config(trained)
    assert config.training["config"]["act"]["steps"] == 12
    assert config.training["frames"] == 24
    assert config.action == dataclasses.replace(load_contract("franka_grasp").action, horizon=5)
    assert set(STATE) < set(config.state)
    assert [need.name for need in check_policy(str(trained), load_embodiment("franka")).cameras] == ["front", "side"]
    figures = json.loads((trained / "figures.json").read_text())
    assert set(figures) == {"act.l1", "act.action_mm", "act.action_mm_p90"}
    assert 0.0 < figures["act.action_mm"] < figures["act.action_mm_p90"]
    assert (trained / "training" / "log.csv").is_file()


def test_interrupted_it_ends_with_the_same_checkpoint_to_the_bit(
    trained: Path, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    output = tmp_path / "again"
    shutil.copytree(trained / "training" / "frames", output / "training" / "frames")
    update = stage_module.Stage._update

    def pressed(self: stage_module.Stage, batch: object) -> tuple[dict[str, float], bool]:
        if self.step == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return update(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(stage_module.Stage, "_update", pressed)
        assert train(config, output) == 130
    assert "interrupted: what was learned is kept" in capsys.readouterr().out
    assert not (output / "config.json").exists()
    assert train(config, output) == 0
    assert (output / "model.safetensors").read_bytes() == (trained / "model.safetensors").read_bytes()


def test_other_data_are_not_gone_on_with(
    trained: Path, config: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    output, data = tmp_path / "out", tmp_path / "data"
    shutil.copytree(trained, output)
    shutil.copytree(generated(), data)
    words = ["train", str(config), "--data", str(data), "--output", str(output)]
    assert cli.main(words) == 0  # the same elsewhere: nothing is left to do
    for kind in ("action", "grounding"):  # as if an episode had been added
        (data / kind / "meta" / "added.json").write_text("{}")
    before = (output / "config.json").read_bytes()
    capsys.readouterr()
    assert cli.main(words) == 2
    assert f"was not begun with {data / 'action'} as it is now" in capsys.readouterr().err.replace("\n", " ")
    assert (output / "config.json").read_bytes() == before
    shutil.rmtree(output / "training")
    assert cli.main(words) == 0


def test_the_weights_that_did_best_in_roll_outs_are_kept(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    met, rates = [], iter((0.5, 0.75, 0.25))

    def judged(self: RollOuts, policy: ActPolicy) -> dict[str, float]:
        met.append({name: value.clone() for name, value in policy._network.state_dict().items()})
        assert np.isfinite(policy.infer(seen()).values).all()
        return {"success": next(rates)}

    monkeypatch.setattr(RollOuts, "judge_policy", judged)
    changed = tmp_path / "rollouts.yaml"
    changed.write_text(config.read_text().replace("{episodes: 0}", "{episodes: 2, every: 4}"))
    assert train(changed, tmp_path / "out") == 0
    assert len(met) == 3
    kept = load_file(tmp_path / "out" / "model.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in met[1].items())
    assert not all(torch.equal(kept[name], value) for name, value in met[2].items())


def test_without_data_demonstrations_are_made_first(config: Path, tmp_path: Path, monkeypatch) -> None:
    from vla_ros.commands.learning.generated_data import GeneratedData

    asked = []

    def make(self: GeneratedData, settings: str, episodes: int, grounding: int, folder: Path, contract: str) -> bool:
        asked.append((settings, episodes, grounding, contract))
        shutil.copytree(generated(), folder)
        return True

    monkeypatch.setattr(GeneratedData, "make", make)
    assert cli.main(["train", str(config), "--generate", "2:0", "--output", str(tmp_path / "out")]) == 0
    assert asked == [("franka_grasp", 2, 0, "franka_grasp")]
    assert (tmp_path / "out" / "model.safetensors").is_file()


def test_the_settings_that_are_shipped_are_read(root: Path) -> None:
    assert load_act_training("act_small") == ActTraining()
    assert (share_directory() / "config" / "train" / "act_small.yaml").is_file()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"horizon": 0}, "horizon must be at least 1, got 0"),
        ({"validation": 0.6}, "validation must be above 0 and below 0.5, got 0.6"),
        ({"kl_weight": -1.0}, "seed and kl_weight must be at least 0"),
        ({"contract": "franka_gras"}, "did you mean 'franka_grasp'"),
        ({"robot": "agilex"}, "is for robot 'franka', not 'agilex'"),
        ({"contract": "relative.yaml"}, "has relative actions, whose rows belong to many chunks"),
        ({"contract": "blind.yaml"}, "has no camera: ACT acts on what it sees"),
    ],
)
def test_settings_that_cannot_be_are_named(
    changes: dict, text: str, tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = (root / "config" / "contracts" / "franka_grasp.yaml").read_text()
    (tmp_path / "relative.yaml").write_text(said.replace("reference: delta", "reference: relative"))
    of_cameras = ("reference_camera", "  front:", "  side:", "features", "  observation.")
    kept = [line for line in said.splitlines() if not line.startswith(of_cameras)]
    (tmp_path / "blind.yaml").write_text("\n".join(kept).replace("cameras:", "cameras: {}"))
    with pytest.raises(ConfigError) as error:
        ActTraining(**changes)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--generate", "2:3"), "ACT learns from demonstrations alone: give …:0"),
        (("--stages", "act"), "--stages is not for policy 'act', which takes --generate"),
        (("--data", "sample"), "contract 'franka_grasp' of 'franka' at 10 Hz|lacks|has shape"),
        (("--data", "nowhere"), "nowhere: no such folder"),
    ],
)
def test_words_that_mean_nothing_are_one_line(
    words: tuple[str, ...], text: str, config: Path, tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    write_sample(tmp_path / "sample", [4])
    assert cli.main(["train", str(config), *words, "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert any(part in said for part in text.split("|")), said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out" / "training").exists()
