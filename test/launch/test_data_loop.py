# SPDX-License-Identifier: Apache-2.0
"""The data loop without a person: operator → websocket → simulator → bags → dataset → fine-tuning → evaluation."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from rig.teleop_job import TeleopJob
from vla_command import vla

from vla_ros.configuration import share_directory
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.launching.environment import module_environment
from vla_ros.policies.graspvla.small.checkpoint_config import read_config

CHECKPOINT = share_directory() / "checkpoints" / "graspvla_small"
TASK = """
name: loop
simulated: true
each: 1
actions:
  pick up: {instruction: "pick up the {object}"}
objects:
  orange mug: {}
  yellow banana: {}
"""
A_FEW_STEPS = """
threads: 1
frames_an_episode: 8
proposals: {steps: 2, batch: 2, learning_rate: 1.0e-5, validate_every: 2}
matching:  {steps: 2, batch: 2, learning_rate: 1.0e-5, validate_every: 2}
"""
COLLECT_WITHIN_S = 240.0
SCENES = 4  # an object that slips in one of them is no policy that has forgotten how to grasp


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "loop.yaml").write_text(TASK)
    (tmp_path / "few.yaml").write_text(A_FEW_STEPS)
    return tmp_path


@pytest.fixture
def teleop(folder: Path) -> Iterator[TeleopJob]:
    job = TeleopJob(folder, f"collection:={folder / 'loop'}", "schedule:=loop.yaml", "record_images:=jpeg")
    yield job
    job.close()


def collect(job: TeleopJob, folder: Path, episodes: int) -> str:
    """Have the scripted operator collect, and end the job; return what it said."""
    said = folder / "operator.txt"
    page, token = job.wait_for_link().partition("?")[0], str(job.pairing / "token")
    command = [sys.executable, "-m", "vla_ros.cli", "demonstrate", page, "--token-file", token]
    command += ["--episodes", str(episodes)]
    with said.open("w") as output:
        operator = subprocess.Popen(command, env=module_environment(), stdout=output, stderr=subprocess.STDOUT)
    try:
        assert job.arm.spin_until(lambda: operator.poll() is not None, COLLECT_WITHIN_S), job.output + said.read_text()
    finally:
        operator.kill()
    assert operator.returncode == 0, said.read_text() + job.output
    job.interrupt()
    assert job.finish() == 130, job.output
    return said.read_text()


@pytest.mark.slow  # minutes, all of it tested in parts as well
@pytest.mark.timeout(900)
def test_what_a_hand_did_changes_a_policy_that_still_grasps(teleop: TeleopJob, folder: Path) -> None:
    said = collect(teleop, folder, episodes=2)
    assert "pick up the orange mug: done" in said
    assert "pick up the yellow banana: done" in said

    checked = vla(folder, "bag", "check", "loop")
    assert checked.count(", success, ") == 2, checked
    # A machine that others use pauses now and then: what is refused for that is tested in test/data.
    vla(folder, "convert", "loop", "dataset", "--contract", "franka_grasp", "--skew-max", "1.0")
    dataset = load_metadata(folder / "dataset")
    assert {task for episode in dataset.episodes for task in episode.tasks} == {
        "pick up the orange mug",
        "pick up the yellow banana",
    }

    trained = vla(folder, "finetune", CHECKPOINT, "dataset", "--output", "tuned", "--config", "few.yaml",
                  "--generate", "0:0", "--evaluate", SCENES, "--workers", 1, "--json", "figures.json")  # fmt: skip
    assert read_config(folder / "tuned").training["finetuned_from"] == str(CHECKPOINT)
    figures = json.loads((folder / "figures.json").read_text())
    assert figures["basic.before.episodes"] == figures["basic.after.episodes"] == SCENES
    assert figures["basic.after.success_rate"] >= 0.5, trained
    assert {"proposals.recall", "matching.right_object", "task.after.spl"} <= figures.keys()
