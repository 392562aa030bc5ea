# SPDX-License-Identifier: Apache-2.0
"""Generation over Ray, with a stand-in for it that runs its tasks here: the same episodes, deaths, no cluster."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from types import ModuleType

import pytest
from demonstrations.fake_episodes import FakeEpisodes
from ray_stand_in import standing_in

from vla_ros import cli
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.training.generation import maker
from vla_ros.training.generation.folder import WorkPlace, seed_of
from vla_ros.training.generation.ray_pool import run_group
from vla_ros.training.generation.seed_queue import Group
from vla_ros.training.generation.settings import GenerationSettings
from vla_ros.training.generation.worker import Job


@pytest.fixture
def ray(monkeypatch):
    monkeypatch.setattr(maker, "episode_maker", FakeEpisodes())
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    return standing_in(monkeypatch)


def seeds(dataset: Path) -> list[int]:
    return [seed_of(record) for record in load_metadata(dataset).episodes]


def test_tasks_make_what_processes_make(tmp_path, ray):
    assert cli.main(["generate", str(tmp_path / "ray"), "--episodes", "30", "--grounding", "3", "--ray", "local"]) == 0
    assert ray.addresses == ["local"]
    assert ray.in_flight_most == 3
    assert ray.closed
    assert ray.options_given["num_cpus"] == 1
    assert ray.options_given["max_retries"] == 0
    assert ray.options_given["runtime_env"]["env_vars"]["OMP_NUM_THREADS"] == "1"
    assert seeds(tmp_path / "ray" / "grounding") == [0, 1, 2]
    assert cli.main(["generate", str(tmp_path / "here"), "--episodes", "30", "--workers", "1"]) == 0
    names = sorted(p.relative_to(tmp_path / "here") for p in (tmp_path / "here" / "action").rglob("*") if p.is_file())
    assert names
    for name in names:
        assert (tmp_path / "ray" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_a_task_that_dies_costs_no_episode(tmp_path, ray):
    ray.dies_at = 4
    words = ["--episodes", "12", "--ray", "local", "--workers", "2"]
    assert cli.main(["generate", str(tmp_path / "out"), *words]) == 0
    assert seeds(tmp_path / "out" / "action") == [seed for seed in range(15) if seed % 5 != 3]


def test_no_cluster_is_one_line_at_once(tmp_path, ray, capsys):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        for address in ("auto", f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
            assert cli.main(["generate", str(tmp_path / "out"), "--ray", address]) == 2
            error = capsys.readouterr().err
            assert f"--ray {address}: no Ray cluster there" in error
            assert "ray start --head" in error
            assert len(error.splitlines()) == 1
    assert ray.addresses == []


def test_an_empty_package_is_not_ray(tmp_path, monkeypatch, capsys):
    """Ray's own /tmp/ray makes `import ray` succeed in /tmp."""
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    assert cli.main(["generate", str(tmp_path / "out"), "--ray", "auto"]) == 2
    assert "pip install ray" in capsys.readouterr().err


def test_a_machine_that_does_not_share_the_folder_says_so(tmp_path):
    job = Job(GenerationSettings(), WorkPlace(tmp_path / "elsewhere"), FakeEpisodes())
    records, unable, trace = run_group(job, Group("action", (0, 1)))
    assert (records, trace) == ((), "")
    assert "must be a folder all machines share" in unable
    assert not (tmp_path / "elsewhere").exists()
