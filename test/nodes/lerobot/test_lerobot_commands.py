# SPDX-License-Identifier: Apache-2.0
"""LeRobot's own commands before a simulated arm, where lerobot is installed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lerobot_parts.devices import arm_with_camera, write_contract
from rig.running_graph import RunningGraph

from controllers.errors import ConfigError
from vla_ros.cli import main
from vla_ros.policies.lerobot.environment import LEROBOT, interpreter
from vla_ros.policies.lerobot.plugin import NAME, PLUGIN, install_plugin, plugin_installed

READING = """
import sys
from lerobot.datasets import LeRobotDataset
dataset = LeRobotDataset("local/held", root=sys.argv[1], video_backend="pyav")
frame = dataset[dataset.num_frames - 1]
print(dataset.num_episodes, dataset.meta.robot_type, tuple(frame["observation.images.front"].shape), frame["task"])
print(",".join(dataset.features["action"]["names"]))
print(float(abs(frame["action"] - frame["observation.state"]).max()))
"""


def _python() -> Path | None:
    try:
        return interpreter()
    except ConfigError:
        return None


pytestmark = [
    pytest.mark.skipif(_python() is None, reason=f"LeRobot is not installed in {LEROBOT.folder}: {LEROBOT.command}"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    with arm_with_camera() as graph:
        yield graph


def lerobot(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run LeRobot's Python with the plug-in as pip would have installed it, and nothing of the hub."""
    note = tmp_path / "installed" / f"{NAME}-0.1.0.dist-info"
    note.mkdir(parents=True, exist_ok=True)
    (note / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 0.1.0\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment = kept | {
        "PYTHONPATH": os.pathsep.join([str(note.parent), str(PLUGIN)]), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)
    }  # fmt: skip
    return subprocess.run(
        [str(_python()), "-P", *words], env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_an_episode_is_recorded_and_read(graph, tmp_path):
    contract, root = write_contract(tmp_path), tmp_path / "held"
    devices = (f"--robot.contract={contract}", f"--teleop.contract={contract}")
    made = lerobot(
        tmp_path, "-m", "lerobot.scripts.lerobot_record", "--robot.type=vla_ros", "--teleop.type=vla_ros", *devices,
        "--dataset.repo_id=local/held", f"--dataset.root={root}", "--dataset.push_to_hub=false", "--dataset.fps=10",
        "--dataset.num_episodes=1", "--dataset.episode_time_s=3", "--dataset.single_task=hold still",
        "--play_sounds=false",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-3000:]
    read = lerobot(tmp_path, "-c", READING, str(root))
    assert read.returncode == 0, read.stderr[-3000:]
    first, names, moved = read.stdout.splitlines()[-3:]
    assert first == "1 vla_ros (3, 48, 64) hold still"
    assert names.split(",")[-2:] == ["panda_joint7.pos", "panda_hand.width.pos"]
    assert float(moved) < 0.05  # nobody asked for anything: it stays where it is
    assert main(["dataset", "check", str(root)]) == 0
    assert graph.operator.spin_until(lambda: not graph.operator.progress.enabled)


def test_an_unknown_contract_is_one_line_with_the_nearest(tmp_path):
    made = lerobot(
        tmp_path, "-m", "lerobot.scripts.lerobot_teleoperate", "--robot.type=vla_ros", "--robot.contract=franka_grap",
        "--teleop.type=vla_ros", "--teleop.contract=franka_grasp", "--teleop_time_s=1",
    )  # fmt: skip
    assert made.returncode != 0
    assert "unknown contract 'franka_grap': did you mean 'franka_grasp'" in made.stderr.splitlines()[-1]


def test_the_plugin_is_installed_by_pip_without_a_download(tmp_path):
    """In an environment of the test's own, with what LeRobot's has."""
    here = subprocess.run([str(_python()), "-c", "import setuptools; print(setuptools.__path__[0])"],
                          capture_output=True, text=True, check=True)  # fmt: skip
    packages = Path(here.stdout.strip()).parent
    subprocess.run([str(_python()), "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    site = next((tmp_path / "venv").glob("lib/python3*/site-packages"))
    (site / "lerobots.pth").write_text(f"{packages}\n")
    assert not plugin_installed(python)
    install_plugin(python)
    assert plugin_installed(python)
    found = subprocess.run([str(python), "-P", "-c", f"import {NAME}; print({NAME}.VlaRosRobotConfig.__module__)"],
                           capture_output=True, text=True, check=False)  # fmt: skip
    assert found.stdout.strip() == "vla_ros.lerobot.config_robot", found.stderr
