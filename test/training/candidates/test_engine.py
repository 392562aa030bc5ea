# SPDX-License-Identifier: Apache-2.0
"""`vla generate --task bin_pick`: scenes and labelled candidates, which training reads."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil

import numpy as np
import pytest
from ray_stand_in import standing_in

from controllers.errors import ConfigError, VlaError
from vla_ros import cli
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.robots.tools.generator import PREFIX, held_back
from vla_ros.robots.tools.named import load_tool
from vla_ros.training.candidates.files import CandidateFolder, write_arrays
from vla_ros.training.candidates.labelled_scene import make_scene
from vla_ros.training.candidates.settings import CandidateSettings, Placing, load_candidate_settings

OWN = """
sets: {basic: 1.0}
tools: {single_cup: [suction]}
drawn: 0
candidates: 60
places: {single_cup: 2}
placements: 20
scenes: 1
seed: 5
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "own.yaml"
    path.write_text(OWN)
    return path


def generate(output, own, *words):
    return cli.main(["generate", str(output), "--task", "bin_pick", "--config", str(own), "--workers", "1", *words])


@pytest.fixture(scope="module")
def made(own, tmp_path_factory):
    output = tmp_path_factory.mktemp("made") / "out"
    assert generate(output, own, "--json", str(output.parent / "figures.json")) == 0
    return output


def test_files_hold_what_training_reads(made):
    pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
    from vla_ros.policies.gam.config import GamSizes
    from vla_ros.training.gam.candidate_file import read_candidates
    from vla_ros.training.gam.scene_file import read_scene

    scene = read_scene(made / "scenes/000005.npz", GamSizes().scene)
    labelled = read_candidates(made / "candidates/000005/single_cup.suction.npz")
    assert labelled.scores.shape == (60, len(criteria_of("suction")))
    shown = scene.instance_objects[scene.instance_objects >= 0]
    assert set(labelled.objects) & set(shown)  # something that candidates mean is seen as an instance
    figures = json.loads((made.parent / "figures.json").read_text())
    assert (figures["scenes"], figures["candidates"], figures["left_out"]) == (1, 100, 0)  # 40 are placements


def test_candidates_stand_on_what_is_seen(made):
    scene = np.load(made / "scenes/000005.npz")
    labelled = np.load(made / "candidates/000005/single_cup.suction.npz")
    seals = labelled["scores"][:, list(labelled["criteria"]).index("seal")] > 0.3
    assert seals.any()
    lips = labelled["positions"][seals]
    gaps = np.linalg.norm(lips[:, None] - scene["points"][None], axis=2).min(axis=1)
    assert np.median(gaps) < 0.03  # a lip is on a surface, but for its piston and depth noise


def test_placements_are_of_good_picks_and_training_makes_batches_of_them(made):
    pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
    from vla_ros.training.gam.batches import BatchMaker
    from vla_ros.training.gam.config import GamTraining
    from vla_ros.training.gam.dataset import read_dataset

    config = GamTraining()
    tasks = [task for task in read_dataset([made], config, lambda *_: None) if task.labelled.mode == PLACE]
    assert [len(task.rows) for task in tasks] == [20, 20]
    batch = BatchMaker(tasks, config).make(4, np.random.default_rng(0))
    assert batch["picked"].shape[0] == 4
    assert batch["labels"].shape == (4, config.critic_candidates, len(criteria_of(PLACE)))
    assert batch["images"].shape[1] == 2  # both totes
    picks = np.load(made / "candidates/000005/single_cup.suction.npz")
    T_base_source = np.load(made / "scenes/000005.npz")["T_base_source"]
    for task in tasks:
        place = T_base_source[:3, :3] @ task.labelled.picked.positions[task.rows[0]] + T_base_source[:3, 3]
        row = np.linalg.norm(picks["positions"] - place, axis=1).argmin()
        assert np.linalg.norm(picks["positions"][row] - place) < 1e-5
        assert picks["success"][row] == 1.0
        assert picks["objects"][row] == task.labelled.objects[task.rows[0]]
        seen = task.scene.observed.points[task.scene.observed.instances == task.instances[0]]
        assert np.linalg.norm(seen - place, axis=1).min() < 0.03  # what is carried hangs at the cup


def test_without_a_good_pick_of_what_is_seen_a_file_of_placements_is_empty(made, tmp_path):
    pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
    from vla_ros.objects.totes import DESTINATION, SOURCE
    from vla_ros.sim.candidates.still_scene import StillScene
    from vla_ros.tasks.bins.scenes import in_tote, sample_bin
    from vla_ros.training.candidates.placed import placed
    from vla_ros.training.gam.candidate_file import read_candidates
    from vla_ros.training.gam.config import GamTraining
    from vla_ros.training.gam.dataset import read_dataset

    scene = sample_bin(CandidateSettings(sets={"basic": 1.0}).request(5))
    source, picks = StillScene.of(in_tote(scene, SOURCE)), made / "candidates/000005/single_cup.suction.npz"
    arrays = placed(
        source, in_tote(scene, DESTINATION), np.eye(4), read_candidates(picks), np.zeros(0, int),
        Placing("suction", 2, 20), np.random.default_rng(0),
    )  # fmt: skip
    folder = CandidateFolder(tmp_path)
    folder.begin(CandidateSettings())
    shutil.copytree(made / "scenes", tmp_path / "scenes")
    write_arrays(folder.candidates(5, "single_cup", PLACE), arrays)
    assert read_dataset([tmp_path], GamTraining(), lambda *_: None) == []


def test_the_same_command_keeps_what_is_there_and_another_tool_is_labelled_in_the_same_scenes(made, own):
    kept = [made / f"candidates/000005/single_cup.{mode}.npz" for mode in ("suction", PLACE)]
    before = [one.stat().st_mtime_ns for one in kept]
    drawn = dict(np.load(kept[1]))
    assert generate(made, own) == 0
    assert [one.stat().st_mtime_ns for one in kept] == before
    kept[1].unlink()
    assert generate(made, own, "--tools", "single_cup,quad_cup") == 0
    assert kept[0].stat().st_mtime_ns == before[0]
    for name, values in np.load(kept[1]).items():
        np.testing.assert_array_equal(values, drawn[name])
    assert (made / "candidates/000005/quad_cup.suction.npz").is_file()


def test_scenes_that_are_there_say_nothing_of_the_time_left(made, own, tmp_path, monkeypatch):
    told = []
    shutil.copytree(made, tmp_path / "out")

    @contextlib.contextmanager
    def noting(what):
        yield lambda name, done, total: told.append((done, total))

    monkeypatch.setattr("vla_ros.progress.shown_in_files", noting)
    assert generate(tmp_path / "out", own, "--scenes", "2") == 0
    assert (1, 2) not in told
    assert told[-1] == (1, 1)


def test_tasks_of_a_cluster_make_what_processes_make(made, own, tmp_path, monkeypatch, capsys):
    ray = standing_in(monkeypatch)
    assert generate(tmp_path / "out", own, "--ray", "local") == 0
    assert (ray.addresses, ray.closed, ray.options_given["num_cpus"]) == (["local"], True, 1)
    for file in ("scenes/000005.npz", "candidates/000005/single_cup.suction.npz"):
        there, here = (dict(np.load(folder / file)) for folder in (tmp_path / "out", made))
        assert set(there) == set(here)
        for name, values in here.items():
            np.testing.assert_array_equal(there[name], values, err_msg=name)
    ray.dies_at = 5
    assert generate(tmp_path / "again", own, "--ray", "local") != 0
    assert "a Ray task died (The worker died unexpectedly): start again" in capsys.readouterr().err
    assert ray.closed


def test_tools_of_the_generator_are_none_that_are_held_back():
    settings = CandidateSettings(drawn=3)
    for seed in range(30):
        names = [name for name in settings.tools_of(seed) if name.startswith(PREFIX)]
        assert not any(held_back(int(name.removeprefix(PREFIX))) for name in names)
    assert settings.tools_of(4) == settings.tools_of(4)
    assert load_candidate_settings("bin_pick") == CandidateSettings()


def test_only_tools_of_a_scene_put_down_what_they_pick():
    settings = CandidateSettings(tools={"hybrid": ("pinch", "suction")}, places={"seven_piston": 3, "hybrid": 2})
    assert settings.places_of(4) == {"hybrid": Placing("pinch", 2, settings.placements)}
    with pytest.raises(ConfigError, match="places of tool 'hybrid' must be 1 to 1000"):
        CandidateSettings(places={"hybrid": 0})


def test_settings_that_make_no_folder_are_refused():
    for path in ("tools/own", "own.yaml", "/own"):
        with pytest.raises(ConfigError, match="is a path, and files are named after tools"):
            CandidateSettings(tools={path: ("suction",)})
    for shares, reason in (
        ({"measured": 1.0}, "measured must be 0 or more and below 1"),
        ({"proposed": float("nan"), "checkpoint": "own"}, "proposed must be 0 or more and below 1"),
        ({"measured": 0.6, "proposed": 0.5, "checkpoint": "own"}, "below 1 together"),
        ({"proposed": 0.5}, "give both or neither"),
        ({"checkpoint": "own"}, "give both or neither"),
        ({"frames": 0}, "frames must be 1 to 100"),
        ({"sets": {"basci": 1.0}}, "did you mean 'basic'"),
        ({"sets": {"novel": 1.0}}, "set 'novel': its objects are for evaluation alone"),
    ):
        with pytest.raises(ConfigError, match=reason):
            CandidateSettings(**shares)
    for share in (float("nan"), float("inf"), -1.0):
        with pytest.raises(ConfigError, match="shares must be 0 or more"):
            CandidateSettings(sets={"basic": 0.5, "light": share})


def test_an_actor_proposes_what_is_labelled_in_the_modes_that_it_has_learned(tmp_path, own, capsys):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")
    from vla_ros.policies.gam.checkpoint import save_gam
    from vla_ros.policies.gam.checkpoint_config import GamConfig
    from vla_ros.policies.gam.config import GamSizes
    from vla_ros.policies.gam.networks.network import GamNetwork
    from vla_ros.training.candidates.measured import MeasuredScene
    from vla_ros.training.candidates.observed import observe

    torch.manual_seed(0)
    sizes = GamSizes(width=24, heads=2, feedforward=32, actor_blocks=2, critic_blocks=2, sampling_steps=2)
    save_gam(tmp_path / "weights", GamNetwork(sizes), GamConfig(sizes, ("quad_cup",), ("suction",)))
    _, seen, shown = observe(CandidateSettings(sets={"basic": 1.0}).request(5), frames=1)
    scene, rng = MeasuredScene(seen, shown), np.random.default_rng(0)
    asked = [str(tmp_path / "weights"), load_tool("hybrid")]
    candidates, objects = scene.acted(*asked, "suction", 20, rng)
    assert len(candidates.positions) == len(objects) >= 10
    assert set(objects) <= set(shown[shown >= 0])
    assert np.isfinite(candidates.positions).all()
    assert scene.acted(*asked, "pinch", 20, rng) is None
    for mode in ("suction", "pinch", "cage"):
        analysed, meant = scene.analysed(asked[1], mode, 30, rng)
        assert len(analysed.positions) == len(meant) >= 15
    assert scene.analysed(load_tool("drawn_0"), "pinch", 30, rng) is None  # none of two fingers

    odd = own.with_name("odd.yaml")
    odd.write_text(OWN + f"proposed: 0.5\ncheckpoint: {tmp_path / 'nowhere'}\n")
    assert generate(tmp_path / "out", odd) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--tools", "octo_cup"], "octo_cup"),
        (["--scenes", "0"], "scenes must be 1 to"),
        (["--episodes", "3"], "--episodes is for demonstrations"),
        (["--workers", "0"], "--workers must be 1 to"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(own, tmp_path, capsys, words, reason):
    assert generate(tmp_path / "out", own, *words) == 2
    told = capsys.readouterr().err.strip()
    assert reason in told
    assert "\n" not in told


def test_what_cannot_be_written_ends_the_work_in_one_line(own, tmp_path, capsys, monkeypatch):
    (tmp_path / "file").touch()
    for path, reason in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "file/out", "cannot be written (Not a directory"),
    ):
        assert generate(path, own) == 2
        told = capsys.readouterr().err.strip()
        assert reason in told
        assert "\n" not in told

    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("vla_ros.training.candidates.files.replace_file", full)
    with pytest.raises(VlaError, match=r"single_cup.suction.npz: cannot be written \(No space left on device\)"):
        make_scene(load_candidate_settings(str(own)), CandidateFolder(tmp_path / "out"), 5)


def test_a_folder_of_something_else_is_refused(own, tmp_path, capsys, made):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/notes.txt").write_text("mine")
    assert generate(tmp_path / "out", own) == 2
    assert "holds no candidates" in capsys.readouterr().err
    assert generate(made, own, "--seed", "9") == 2
    assert "holds candidates of another 'seed'" in capsys.readouterr().err
    assert cli.main(["generate", str(tmp_path / "new"), "--scenes", "3"]) == 2
    assert "--scenes is for --task bin_pick" in capsys.readouterr().err
