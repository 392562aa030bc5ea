# SPDX-License-Identifier: Apache-2.0
"""`vla train` of GAM: scenes with labelled candidates to an actor and a critic."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from tiny.gam import SIZES, write_scenes

from controllers.errors import ConfigError
from vla_ros import cli
from vla_ros.policies.gam.checkpoint import load_gam
from vla_ros.training.gam.config import GamTraining, load_gam_training
from vla_ros.training.gam.dataset import read_dataset
from vla_ros.training.gam.train import split, train
from vla_ros.training.stages.stage_config import StageConfig

pytestmark = pytest.mark.usefixtures("threads_as_before")

OWN = """
network: gam
threads: 1
validation: 0.2
judged: 30
top_share: 0.15
sizes:
  width: 48
  heads: 2
  feedforward: 64
  actor_blocks: 2
  critic_blocks: 2
  diffusion_steps: 100
  sampling_steps: 5
  scene: {height: 32, width: 32, image_layers: 1, object_points: 48, surrounding_points: 48, object_groups: 6,
          surrounding_groups: 6, neighbours: 8, point_layers: 1}
variation: {turn: false, dropped_points: 0.1}
gam: {steps: 140, batch: 8, learning_rate: 3.0e-3, average: 0.97, warm_up: 20, bf16: false, validate_every: 70}
"""
SHORT = GamTraining(
    threads=1,
    validation=0.2,
    judged=6,
    actor_candidates=4,
    critic_candidates=6,
    sizes=SIZES,
    gam=StageConfig(6, 3, 1e-3, bf16=False, validate_every=100),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("data") / "set", 10)


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("trained")
    (output / "own.yaml").write_text(OWN)
    words = ["--data", str(data), "--output", str(output), "--json", str(output / "figures.json")]
    assert cli.main(["train", str(output / "own.yaml"), *words]) == 0
    return output


def test_losses_fall(trained: Path) -> None:
    with (trained / "training/log.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["kind"] == "train"]
    for name in ("actor", "critic"):
        values = [float(row["value"]) for row in rows if row["name"] == name]
        assert values[-1] < 0.7 * values[0]


def test_the_actor_goes_where_the_best_are_and_the_critic_ranks(trained: Path) -> None:
    figures = json.loads((trained / "figures.json").read_text())
    assert figures["gam.suction_near"] > 2.0 * figures["gam.suction_near_random"]
    assert figures["gam.suction_near"] > figures["gam.suction_near_random_of_object"]
    assert figures["gam.collision_auc"] > 0.9
    assert figures["gam.centre_distance_spearman"] > 0.6
    assert figures["gam.suction_chosen_success"] > figures["gam.suction_random_success"] + 0.3
    assert figures["gam.place_chosen_success"] > 0.8
    assert "gam.flatness_spearman" not in figures  # nobody said how flat
    assert (trained / "calibration.png").read_bytes().startswith(b"\x89PNG")


def test_the_checkpoint_loads_again(trained: Path) -> None:
    network, config = load_gam(trained)
    assert config.sizes == SIZES
    assert config.tools == ("quad_cup", "single_cup")
    assert set(config.modes) == {"suction", "place"}
    state = torch.load(trained / "training/gam.training.pt", weights_only=True)
    for name, value in network.state_dict().items():
        learned = state["average"][name]
        assert torch.equal(value, learned.half().float() if learned.ndim > 1 else learned)


def test_interrupted_it_comes_to_the_same_weights(data: Path, tmp_path: Path) -> None:
    asked = iter([False, False, True])
    assert train(SHORT, [data], tmp_path / "twice", stop=lambda: next(asked)).interrupted
    assert not (tmp_path / "twice/config.json").exists()
    train(SHORT, [data], tmp_path / "twice")
    train(SHORT, [data], tmp_path / "once")
    one, two = (load_gam(tmp_path / name)[0].state_dict() for name in ("once", "twice"))
    assert all(torch.equal(value, two[name]) for name, value in one.items())


def test_a_training_does_not_go_on_with_other_data(
    trained: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = write_scenes(tmp_path / "set", 12)
    words = ["train", str(trained / "own.yaml"), "--output", str(trained), "--data"]
    before = (trained / "config.json").read_bytes()
    for folders in ([more], [data, more]):
        assert cli.main([*words, *map(str, folders)]) == 2
        assert f"was not begun with {more} as it is now: choose another output folder" in capsys.readouterr().err
    assert (trained / "config.json").read_bytes() == before


def test_scenes_added_to_a_folder_move_none_that_are_held_back(tmp_path: Path) -> None:
    first, second = (write_scenes(tmp_path / name, 10) for name in ("first", "second"))
    config = replace(SHORT, validation=0.25)

    def held() -> list[int]:
        _, seen, _ = split(read_dataset([first, second], config, lambda *_: None), config)
        return [task.seed for task in seen]

    before = held()
    assert set(before) == {0, 4, 8}  # of both folders: none of these scenes is learned from in the other
    (first / "scenes/000010.npz").write_bytes((first / "scenes/000003.npz").read_bytes())
    shutil.copytree(first / "candidates/000003", first / "candidates/000010")
    assert held() == before


def test_tools_that_are_held_back_make_no_difference(data: Path, tmp_path: Path) -> None:
    config = replace(SHORT, held_back_tools=("quad_cup",))
    result = train(config, [data], tmp_path / "with")
    alone = shutil.copytree(data, tmp_path / "alone")
    for path in alone.glob("candidates/*/quad_cup.*"):
        path.unlink()
    train(replace(config, held_back_tools=()), [alone], tmp_path / "without")
    one, two = (load_gam(tmp_path / name)[0].state_dict() for name in ("with", "without"))
    assert all(torch.equal(value, two[name]) for name, value in one.items())
    assert load_gam(tmp_path / "with")[1].tools == ("single_cup",)
    assert "gam.unseen_suction_near" in result.figures


def test_a_training_begins_with_the_weights_of_another(data: Path, trained: Path, tmp_path: Path) -> None:
    own = replace(SHORT, start=str(trained), held_back_tools=("quad_cup",), gam=replace(SHORT.gam, learning_rate=1e-6))
    train(own, [data], tmp_path / "on")
    before, config = load_gam(trained)
    after, told = load_gam(tmp_path / "on")
    off = [float((value - after.state_dict()[name]).abs().max()) for name, value in before.state_dict().items()]
    assert 0.0 < max(off) < 1e-3
    assert told.tools == config.tools  # quad_cup as well, which it has not forgotten wholly
    with pytest.raises(ConfigError, match=r"is of other sizes \(width\)"):
        train(replace(own, sizes=replace(SIZES, width=24)), [data], tmp_path / "other")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:2000])


def _changed(name: str, change: Callable[[np.ndarray], np.ndarray | None]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        arrays = dict(np.load(path))
        made = change(arrays.pop(name))
        np.savez(path, **arrays, **({} if made is None else {name: made}))

    return write


@pytest.mark.parametrize(
    ("file", "damage", "reason"),
    [
        ("scenes/000003.npz", _cut, "damaged"),
        ("scenes/000003.npz", _changed("points", lambda one: None), "lacks 'points'"),
        ("scenes/000003.npz", _changed("points", lambda one: one * np.nan), "finite"),
        ("scenes/000003.npz", _changed("images", lambda one: one[:, :16]), "expected (2, 32, 32, 3)"),
        ("scenes/000003.npz", _changed("instances", lambda one: one + 9), "'instances' must be -1 to 2"),
        ("scenes/000003.npz", _changed("colors", lambda one: one.astype(float)), "must be bytes"),
        ("candidates/000003/quad_cup.suction.npz", _cut, "damaged"),
        ("candidates/000003/quad_cup.suction.npz", _changed("active", lambda one: one[:, :3]), "expected (180, 4)"),
        ("candidates/000003/quad_cup.suction.npz", _changed("rotations", lambda one: 2 * one), "no rotation"),
        ("candidates/000003/quad_cup.suction.npz", _changed("scores", lambda one: one + 2), "'scores' must be 0 to 1"),
        ("candidates/000003/quad_cup.suction.npz",
         _changed("criteria", lambda one: np.char.replace(one, "seal", "sael")), "did you mean 'seal'"),
        ("candidates/000003/single_cup.place.npz", _changed("picked_active", lambda one: None), "lacks 'picked_active"),
    ],
)  # fmt: skip
def test_damaged_data_is_refused_in_one_line(
    data: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    file: str,
    damage: Callable[[Path], None],
    reason: str,
) -> None:
    folder = shutil.copytree(data, tmp_path / "set")
    damage(folder / file)
    (tmp_path / "own.yaml").write_text(OWN)
    words = [str(tmp_path / "own.yaml"), "--data", str(folder), "--output", str(tmp_path / "out")]
    assert cli.main(["train", *words]) == 2
    told = capsys.readouterr().err.strip()
    assert reason in told
    assert file in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("line", "reason"),
    [("top_share: 0", "top_share"), ("validation: 0.9", "validation"), ("held_back_tools: [quad_cub]", "quad_cup"),
     ("variation: {dropped_picture: 1}", "dropped_picture"), ("sizes: {elements: 2}", "raise sizes.elements")],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused_in_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, reason: str
) -> None:
    key = line.split(":")[0]
    own = "\n".join(one for one in OWN.splitlines() if not one.startswith(key) or key in ("sizes", "variation"))
    if key == "sizes":
        own = own.replace("sizes:\n", "sizes:\n  elements: 2\n")
    elif key == "variation":
        own = own.replace("turn: false", "dropped_picture: 1")
    else:
        own += f"\n{line}\n"
    (tmp_path / "own.yaml").write_text(own)
    words = [str(tmp_path / "own.yaml"), "--data", str(data), "--output", str(tmp_path / "out")]
    assert cli.main(["train", *words]) == 2
    told = capsys.readouterr().err.strip()
    assert reason in told
    assert "\n" not in told


def test_a_folder_that_holds_other_data_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in (None, {"format": "gam_candidates", "version": 2}, []):
        if content is not None:
            (tmp_path / "dataset.json").write_text(json.dumps(content))
        assert cli.main(["train", "gam_small", "--data", str(tmp_path), "--output", str(tmp_path / "out")]) == 2
        assert str(tmp_path) in capsys.readouterr().err
    assert cli.main(["train", "gam_small", "--output", str(tmp_path / "out")]) == 2
    assert "--data" in capsys.readouterr().err


def test_the_settings_that_are_shipped_are_the_defaults() -> None:
    assert load_gam_training("gam_small") == GamTraining()
