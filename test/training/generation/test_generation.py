# SPDX-License-Identifier: Apache-2.0
"""Generation: the same episodes however many workers and whoever dies, nothing lost, nothing twice, bad input."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from assets import ROOT
from demonstrations.fake_episodes import FakeEpisodes
from pool_here import PoolHere

from vla_ros import cli
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.merge import merge
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.training.generation import maker, processes
from vla_ros.training.generation.folder import seed_of

GOOD = [seed for seed in range(1000) if seed % 5 != 3]


@pytest.fixture(autouse=True)
def no_renderer(monkeypatch):
    """A fake draws nothing: nobody need look for a graphics driver."""
    monkeypatch.setenv("MUJOCO_GL", "disabled")


@pytest.fixture
def generate(monkeypatch):
    def call(output: Path, *words: object, **fakes: object) -> int:
        monkeypatch.setattr(maker, "episode_maker", FakeEpisodes(**fakes))
        return cli.main(["generate", str(output), *map(str, words)])

    return call


@pytest.fixture
def generate_here(monkeypatch, generate):
    """Return `generate` with one worker, which is this process."""
    monkeypatch.setattr(processes, "ProcessPool", PoolHere)
    return generate


def start(output: Path, *words: object, **fakes: object) -> subprocess.Popen:
    command = [
        sys.executable,
        str(ROOT / "test" / "support" / "demonstrations" / "fake_episodes.py"),
        json.dumps(fakes),
        str(output),
        *map(str, words),
    ]
    # `vla test` runs in safe-path mode: a script does not find its neighbours by itself.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "test" / "support")])}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True)  # fmt: skip


def wait_for(condition, timeout_s: float = 60.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def seeds(dataset: Path) -> list[int]:
    return [seed_of(record) for record in load_metadata(dataset).episodes]


def ledger(output: Path) -> list[dict]:
    return [json.loads(line) for line in (output / "seeds.jsonl").read_text().splitlines()]


def bytes_of(dataset: Path) -> dict[str, bytes]:
    return {str(path.relative_to(dataset)): path.read_bytes() for path in dataset.rglob("*") if path.is_file()}


def test_episodes_are_those_of_the_first_good_seeds_in_order_and_load(tmp_path, generate, capsys):
    output = tmp_path / "new" / "out"
    words = ("--episodes", 20, "--grounding", 5, "--workers", 2, "--json", tmp_path / "figures.json")
    assert generate(output, *words, raises=6) == 0
    assert seeds(output / "action") == [seed for seed in GOOD if seed != 6][:20]
    assert seeds(output / "grounding") == [0, 1, 2, 3, 4]
    assert check(output / "action", deep=True) == []
    assert check(output / "grounding") == []
    with LeRobotReader(output / "action") as reader:
        assert reader[0]["observation.images.front"].shape == (48, 64, 3)
    assert sorted(path.name for path in output.iterdir()) == [
        ".lock", "action", "generation.json", "grounding", "seeds.jsonl"
    ]  # fmt: skip

    reasons = {line["seed"]: line["reason"] for line in ledger(output) if line["reason"]}
    assert reasons[3] == "no grasp: the best misses by 3 mm"
    assert reasons[6].startswith("ValueError: seed 6 is cursed (fake_episodes.py, line ")
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["action_episodes"] == 20
    assert figures["action_rejected_no grasp"] == 5
    assert figures["action_rejected_ValueError"] == 1
    assert figures["action_success_rate"] == 20 / 26
    assert figures["action_frames"] == load_metadata(output / "action").frames
    assert figures["sim_speed"] > 0
    assert figures["corrupt"] == figures["worker_deaths"] == 0
    said = capsys.readouterr().out
    assert "20 of 20" in said
    assert "no grasp" in said


def test_the_number_of_workers_changes_nothing(tmp_path, generate):
    for workers in (1, 3):
        assert generate(tmp_path / str(workers), "--episodes", 30, "--workers", workers) == 0
    assert bytes_of(tmp_path / "1" / "action") == bytes_of(tmp_path / "3" / "action")


def test_a_killed_worker_is_replaced_and_costs_no_episode(tmp_path, generate):
    words = ("--episodes", 20, "--workers", 2, "--json", tmp_path / "f.json")
    assert generate(tmp_path / "out", *words, dies_once=str(tmp_path / "died")) == 0
    assert (tmp_path / "died").exists()
    assert seeds(tmp_path / "out" / "action") == GOOD[:20]
    assert json.loads((tmp_path / "f.json").read_text())["worker_deaths"] == 1


def test_a_seed_that_kills_every_worker_is_counted_and_replaced(tmp_path, generate):
    assert generate(tmp_path / "out", "--episodes", 20, "--workers", 2, dies=5) == 0
    assert seeds(tmp_path / "out" / "action") == [seed for seed in GOOD if seed != 5][:20]
    reasons = {line["seed"]: line["reason"] for line in ledger(tmp_path / "out")}
    assert reasons[5] == "the worker process died (killed by SIGKILL)"


def test_more_episodes_are_appended_and_fewer_are_no_work(tmp_path, generate_here):
    output, tried = tmp_path / "out", tmp_path / "tried"
    assert generate_here(output, "--episodes", 6, "--workers", 1, writes_seeds=str(tried)) == 0
    assert generate_here(output, "--episodes", 9, "--grounding", 2, "--workers", 1, writes_seeds=str(tried)) == 0
    assert seeds(output / "action") == GOOD[:9]
    assert seeds(output / "grounding") == [0, 1]
    assert sorted(map(int, tried.read_text().split())) == list(range(GOOD[8] + 1))  # no seed twice
    assert generate_here(output, "--episodes", 4, "--workers", 1, writes_seeds=str(tried)) == 0
    assert seeds(output / "action") == GOOD[:9]
    assert json.loads((output / "generation.json").read_text())["episodes"] == 9


def test_datasets_of_the_same_seeds_that_were_generated_otherwise_are_merged_whole(tmp_path, generate_here):
    (config := tmp_path / "calm.yaml").write_text("recovery: 0.0\n")
    for name, *otherwise in (("one",), ("again",), ("other", "--config", config)):
        assert generate_here(tmp_path / name, "--episodes", 3, "--workers", 1, *otherwise) == 0
    datasets = [tmp_path / name / "action" for name in ("one", "again", "other")]
    report = merge(tmp_path / "all", datasets)
    assert (report.episodes, report.known) == (6, 3)
    assert seeds(tmp_path / "all") == GOOD[:3] * 2


def test_demonstrations_in_several_episodes_are_counted_once_and_appended_to(tmp_path, generate_here, capsys):
    """`--clean` ends an episode where frames are left out."""
    for wanted in (3, 4):
        assert generate_here(tmp_path / "out", "--episodes", wanted, "--workers", 1, "--clean", in_two=True) == 0
        records = load_metadata(tmp_path / "out/action").episodes
        assert [(record.source.rpartition("/")[2], record.length) for record in records] == [
            made for seed in GOOD[:wanted] for made in ((f"{seed}:0-2", 2), (f"{seed}:4-7", 3))
        ]
    assert [entry["frames"] for entry in ledger(tmp_path / "out") if entry.get("frames")] == [5] * 4
    assert generate_here(tmp_path / "out", "--episodes", 4, "--workers", 1, in_two=True) == 2
    assert "was generated with clean True, not False" in capsys.readouterr().err


def test_an_episode_that_is_lost_is_made_again_where_another_of_its_seed_is_there(tmp_path, generate_here):
    words = [tmp_path / "out", "--episodes", 3, "--workers", 1, "--clean"]
    assert generate_here(*words, in_two=True) == 0
    sources = {record.source for record in load_metadata(tmp_path / "out/action").episodes}
    assert cli.main(["dataset", "edit", str(tmp_path / "out/action"), "--delete", "1"]) == 0  # as a merge leaves it out
    assert generate_here(*words, in_two=True) == 0
    records = load_metadata(tmp_path / "out/action").episodes
    assert sorted(record.source for record in records) == sorted(sources)


def test_killed_as_a_whole_it_goes_on_where_it_was(tmp_path, generate):
    """What was committed when everything died is not made again; whatever was half written is."""
    output, tried = tmp_path / "out", tmp_path / "tried"
    process = start(output, "--episodes", 60, "--workers", 2, delay_s=0.03, writes_seeds=str(tried))
    wait_for(lambda: (output / "seeds.jsonl").exists() and len(ledger(output)) >= 16)
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: not living(output))
    committed = {line["seed"] for line in ledger(output)}
    before = tried.read_text().split()
    assert generate(output, "--episodes", 60, "--workers", 2, writes_seeds=str(tried)) == 0
    again = {int(seed) for seed in tried.read_text().split()[len(before) :]}
    assert committed
    assert not committed & again
    assert seeds(output / "action") == GOOD[:60]
    assert generate(tmp_path / "other", "--episodes", 60, "--workers", 2) == 0
    assert bytes_of(output / "action") == bytes_of(tmp_path / "other" / "action")


def living(output: Path) -> list[str]:
    """Return the processes that a generation into this folder still has."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            opened = [os.readlink(link) for link in (folder / "fd").iterdir()]
        except OSError:
            continue
        if any(str(output) in path for path in opened):
            found.append(folder.name)
    return found


def test_ctrl_c_keeps_what_is_made_and_the_same_command_goes_on(tmp_path, generate):
    output, tried = tmp_path / "out", tmp_path / "tried"
    process = start(output, "--episodes", 40, "--workers", 2, delay_s=0.2, writes_seeds=str(tried))
    wait_for(lambda: tried.exists() and len(tried.read_text().split()) >= 3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers as well
    said, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "finishing the episodes under way" in said
    assert "the same command goes on" in said
    assert {line["seed"] for line in ledger(output)} == set(map(int, tried.read_text().split()))  # nothing is lost
    assert not (output / ".parts" / "stop").exists()
    assert generate(output, "--episodes", 40, "--workers", 2, writes_seeds=str(tried)) == 0
    assert seeds(output / "action") == GOOD[:40]
    assert sorted(map(int, tried.read_text().split())) == list(range(GOOD[39] + 1))


def test_a_second_ctrl_c_does_not_wait(tmp_path):
    tried = tmp_path / "tried"
    process = start(tmp_path / "out", "--episodes", 9, "--workers", 1, delay_s=60.0)
    wait_for(lambda: (tmp_path / "out" / ".parts").exists())
    process.send_signal(signal.SIGINT)
    wait_for((tmp_path / "out" / ".parts" / "stop").exists)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert not tried.exists()


def interrupted(output: Path, episodes: int) -> None:
    """Leave a generation whose parts are not merged."""
    process = start(output, "--episodes", episodes, "--workers", 1, delay_s=0.05)
    wait_for(lambda: (output / "seeds.jsonl").exists() and len(ledger(output)) >= 8)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130


def test_corrupt_parts_are_counted_left_out_and_made_again(tmp_path, generate_here, capsys):
    output = tmp_path / "out"
    interrupted(output, 30)
    parts = sorted((output / ".parts" / "action").iterdir())
    shutil.copytree(parts[0], parts[0].with_name("second"))  # known by its sources: nothing is there twice
    (parts[0] / "meta" / "info.json").write_text("{")
    shutil.rmtree(parts[0].with_name("second") / "videos")
    assert generate_here(output, "--episodes", 30, "--workers", 1, "--json", tmp_path / "f.json") == 0
    assert sorted(seeds(output / "action")) == GOOD[:30]
    assert check(output / "action", deep=True) == []
    figures = json.loads((tmp_path / "f.json").read_text())
    assert figures["unreadable_parts"] == 1
    assert figures["corrupt"] > 0
    assert 0 < figures["corrupt_rate"] < 1
    assert "their seeds were made again" in capsys.readouterr().out
    assert not (output / ".parts").exists()


def test_a_merge_that_was_killed_is_finished(tmp_path, generate_here):
    output = tmp_path / "out"
    assert generate_here(output, "--episodes", 8, "--workers", 1) == 0
    shutil.copytree(output / "action", output / ".parts" / "action" / ("0" * 32))  # killed before it was taken away
    (output / ".parts" / "action" / ".half.writing").mkdir()
    assert generate_here(output, "--episodes", 8, "--workers", 1) == 0
    assert seeds(output / "action") == GOOD[:8]
    assert not (output / ".parts").exists()


def test_half_a_line_in_the_record_of_seeds_is_no_obstacle(tmp_path, generate_here):
    output = tmp_path / "out"
    assert generate_here(output, "--episodes", 4, "--workers", 1) == 0
    with (output / "seeds.jsonl").open("a") as file:
        file.write('{"kind": "action", "se')
    assert generate_here(output, "--episodes", 6, "--workers", 1) == 0
    assert sorted(line["seed"] for line in ledger(output)) == list(range(GOOD[5] + 1))


@pytest.fixture
def held(tmp_path, generate_here, capsys):
    assert generate_here(tmp_path / "held", "--episodes", 2, "--workers", 1) == 0
    capsys.readouterr()
    return tmp_path / "held"


def refused(capsys) -> str:
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1, error
    return error


def test_other_settings_are_refused_with_the_first_difference(held, generate_here, capsys, tmp_path):
    assert generate_here(held, "--episodes", 3, "--seed", 7) == 2
    assert "was generated with seed 0, not 7" in refused(capsys)
    (tmp_path / "other.yaml").write_text("sets: {basic: 0.5, light: 0.5}\n")
    assert generate_here(held, "--config", tmp_path / "other.yaml") == 2
    assert "was generated with sets." in refused(capsys)
    assert generate_here(held, "--episodes", 9, "--workers", 1, another_column=True) == 2
    assert "more is missing" in refused(capsys)
    assert seeds(held / "action") == GOOD[:2]


def test_two_at_once_are_refused(held, generate, capsys):
    process = start(held, "--episodes", 99, "--workers", 1, delay_s=0.2)
    wait_for(lambda: (held / ".parts").exists())
    assert generate(held, "--episodes", 99) == 2
    assert "another `vla generate` is writing there" in refused(capsys)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)


def test_when_no_seed_gives_an_episode_it_gives_up(tmp_path, generate_here, capsys):
    assert generate_here(tmp_path / "out", "--episodes", 5, "--workers", 1, rejects_all=True) == 2
    assert "500 seeds in a row gave no action episode" in refused(capsys)


def test_a_full_disk_is_one_line_and_the_work_goes_on_afterwards(tmp_path, generate_here, capsys):
    disk = tmp_path / "disk"
    disk.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip("no file system can be mounted here")
    try:
        assert generate_here(disk / "out", "--episodes", 60, "--workers", 1) == 2
        assert "No space left on device" in refused(capsys)
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        assert generate_here(disk / "out", "--episodes", 60, "--workers", 1) == 0
        assert seeds(disk / "out" / "action") == GOOD[:60]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--episodes", "0"], "episodes and grounding are both 0: ask for one of them"),
        (["--episodes", "-1"], "episodes must be 0 to"),
        (["--grounding", "-1"], "grounding must be 0 to"),
        (["--seed", "-1"], "seed must be 0 to"),
        (["--workers", "0"], "--workers must be 1 to"),
        (["--config", "franka_gras"], "did you mean 'franka_grasp'"),
        (["--task", "placng"], "did you mean 'placing'"),
        (["--config", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["--json", "/proc/nothing/here.json"], "cannot be written"),
        (["--ray", "auto"], "pip install ray"),
    ],
)
def test_bad_arguments_are_one_line_and_code_2(tmp_path, words, message, generate, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    assert generate(tmp_path / "out", *words) == 2
    assert message in refused(capsys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recovry: 0.1", "did you mean 'recovery'"),
        ("recovery: 0.6", "recovery must be 0 to 0.5"),
        ("recovery: .nan", "must be finite"),
        ("robot: frank", "did you mean 'franka'"),
        ("task: placng", "did you mean 'placing'"),
        ("{task: placing, by_part: true}", "placing asks for whole objects"),
        ("contract: franka_gras", "did you mean 'franka_grasp'"),
        ("categories: grounding", "'grounding' is in no such data"),
        ("grounding_categories: novel", "'novel' is in no such data"),
        ("grounding_categories: action+novel", "'novel' is in no such data"),
        ("categories: all", "is in no such data"),
        ("grounding_categories: action+rokcet", "unknown categories 'rokcet'"),
        ("grounding_categories: action+rocket\ntarget: purple submarine\ngrounding: 3", "target 'purple submarine'"),
        ("categories: actoin", "did you mean 'action'"),
        ("sets: {basik: 1.0}", "did you mean 'basic'"),
        ("sets: {basic: 0.5, background: 0.5}", "its textures are for evaluation alone"),
        ("sets: {basic: 0.5, light: 0.4}", "must add up to 1, got 0.9"),
        ("sets: {basic: 1.5, light: -0.5}", "sets.basic must be 0 to 1"),
        ("sets: {}", "must add up to 1, got 0"),
        ("episodes: many", "expected int"),
        ("- 1", "expected a mapping"),
    ],
)
def test_bad_settings_are_one_line_and_leave_nothing(tmp_path, text, message, generate, capsys):
    (tmp_path / "bad.yaml").write_text(text)
    assert generate(tmp_path / "out", "--config", tmp_path / "bad.yaml") == 2
    assert message in refused(capsys)
    assert not (tmp_path / "out").exists()


def test_bad_outputs_are_one_line_and_are_left_alone(tmp_path, generate, capsys):
    (tmp_path / "file").write_text("mine")
    assert generate(tmp_path / "file") == 2
    assert "is a file" in refused(capsys)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    assert generate(tmp_path / "mine") == 2
    assert "holds something else ('thesis.tex')" in refused(capsys)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.tex"]
    assert generate(Path("/proc/nothing/here")) == 2
    assert "cannot be written" in refused(capsys)


def test_the_shipped_settings_are_the_defaults():
    from vla_ros.training.generation.settings import GenerationSettings, load_settings

    assert load_settings("franka_grasp") == GenerationSettings()
