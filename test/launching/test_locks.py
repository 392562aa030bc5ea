# SPDX-License-Identifier: Apache-2.0
"""The lock files: exact, with hashes, all that is required, and what is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from vla_ros.commands.doctor.jazzy import installed_ros_wheels, strangers

# Answers what ./vla asks of a Python: makes a "venv" that holds itself, and a "pip" that takes $STRAW_S seconds.
STRAW = r"""#!/bin/bash
case "$*" in
    -V) echo "Python 3.12.0" ;;
    "-m venv "*)
        mkdir -p "$3/bin" "$3/lib/python3.12/site-packages/pip.dist-info" && cp "$0" "$3/bin/python"
        echo made >> "$STRAW_LOG" ;;
    "-m pip install"*)
        echo pip >> "$STRAW_LOG"
        echo "Collecting numpy"; echo "WARNING: running pip as root may break things" >&2
        for ((i = 0; i < ${STRAW_PACKAGES:-0}; i++)); do
            mkdir -p "${0%/bin/*}/lib/python3.12/site-packages/package$i.dist-info"; sleep 0.7
        done
        sleep "${STRAW_S:-0}"
        [[ ${STRAW_PIP:-0} == 0 ]] || { echo "ERROR: no version of numpy is 2.4.6"; echo "[notice] pip is old"; } >&2
        exit "${STRAW_PIP:-0}" ;;
    *vla_ros.launching.egl*) exit "${STRAW_EGL:-0}" ;;
    "-P -m vla_ros "*) shift 3; echo "cli $* $VLA_STARTED_AT" ;;
    *ensurepip*) [[ -z ${STRAW_DEBIAN:-} || -e $STRAW_LOG.apt ]] ;;
    *version_info\[*) echo 3.12 ;;
    *) exit "${STRAW_C:-0}" ;;
esac
"""


class Clone:
    """A clone with nothing in it but the script and lock files; learned policies are left out."""

    def __init__(self, folder: Path, root: Path) -> None:
        self.folder = folder
        (folder / "requirements").mkdir()
        shutil.copy(root / "vla", folder / "vla")
        (folder / "requirements" / "lock.txt").write_text("numpy==2.4.6\n")
        (folder / "requirements" / "learning.lock.txt").write_text("filelock==4.2.11\n")
        (folder / "requirements" / "torch.lock.txt").write_text("torch==2.13.0\n")
        self.log = folder / "straw.log"
        python = folder / "straw"
        python.write_text(STRAW)
        python.chmod(0o755)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("VLA_")}
        self.environment = inherited | {
            "VLA_PYTHON": str(python),
            "VLA_NO_UV": "1",
            "VLA_EXTRAS": "none",
            "STRAW_LOG": str(self.log),
        }

    def start(self, *words: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [str(self.folder / "vla"), *words],
            cwd="/",
            env=self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *words: str, **environment: str) -> tuple[int, str, str]:
        process = self.start(*words, **environment)
        output, errors = process.communicate(timeout=60)
        return process.returncode, output, errors

    def done(self) -> list[str]:
        return self.log.read_text().split() if self.log.exists() else []


@pytest.fixture
def clone(tmp_path, root):
    return Clone(tmp_path, root)


LOCKS = ("lock.txt", "learning.lock.txt", "torch.lock.txt", "training.lock.txt", "uv.lock.txt", "ros.lock.txt")


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


@pytest.mark.parametrize("name", sorted({*LOCKS, "colcon.lock.txt"} - {"torch.lock.txt"}))
def test_every_package_of_a_lock_has_its_hashes(root, name):
    blocks = re.split(r"^(?=[\w.-]+==)", (root / "requirements" / name).read_text(), flags=re.MULTILINE)[1:]
    assert blocks
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block


def test_what_has_another_hash_than_the_locks_is_not_installed(root, tmp_path):
    """Real pip, of a lock whose hash is of another file: a wheel made here stands in for one that was swapped."""
    wheel = tmp_path / "swapped-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("swapped-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: swapped\nVersion: 1.0\n")
        archive.writestr("swapped-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        archive.writestr("swapped-1.0.dist-info/RECORD", "")
    made = Clone(tmp_path, root)
    (tmp_path / "requirements" / "lock.txt").write_text(f"swapped==1.0 --hash=sha256:{'0' * 64}\n")
    here = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(tmp_path),
        "PIP_EXTRA_INDEX_URL": "",
        "PIP_CONFIG_FILE": "/dev/null",
    }
    code, _, errors = made.run("doctor", VLA_PYTHON=sys.executable, **here)
    assert code == 2
    assert "could not be installed" in errors.splitlines()[-1]
    assert "DO NOT MATCH THE HASHES" in (tmp_path / ".venv.log").read_text()


def test_setup_py_finds_every_file_that_it_reads(root):
    """Packaging reads requirements of its own: a file that was renamed is found missing by colcon alone."""
    command = [sys.executable, "setup.py", "--quiet", "--version"]
    made = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)
    assert made.returncode == 0, made.stderr
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", made.stdout.strip())


def test_what_only_some_need_is_not_everybodys(root):
    everybody, learning, torch, training = (set(_lock(root, name)) for name in LOCKS[:4])
    assert torch == {"torch"}
    assert {"transformers", "tensorboard"} < training
    assert not {"torch", "pyrealsense2", "requests", "pydantic"} & everybody
    assert not everybody & (learning | torch)
    assert not training & (everybody | learning | torch)


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
