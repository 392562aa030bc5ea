# SPDX-License-Identifier: Apache-2.0
"""An environment of Python beside ours, for packages that do not go with ours: made from a lock file, by hash."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
VERSIONS_MAX = 3  # minor versions of Python that are looked for above the least


@dataclass(frozen=True)
class OwnEnvironment:
    """One such environment, `.venv.NAME` beside `.venv` unless a variable names another folder."""

    title: str  # of what is installed: LIBERO
    name: str
    variable: str  # of the folder
    command: str  # that makes it
    size: str  # what that costs, in words
    sources: tuple[str, ...] = ()  # packages that have no wheel
    python: tuple[int, int] | None = None  # the least version that its packages need; None: ours

    @property
    def lock(self) -> Path:
        """Return the lock file."""
        return ROOT / "requirements" / f"{self.name}.lock.txt"

    @property
    def folder(self) -> Path:
        """Return where it is."""
        return Path(os.environ.get(self.variable) or ROOT / f".venv.{self.name}").expanduser()

    @property
    def installed(self) -> bool:
        """Say whether it is there, whole and of this lock file."""
        stamp = self.folder / "installed.txt"
        there = (self.folder / "bin" / "python").exists() and stamp.is_file() and self.lock.is_file()
        return there and filecmp.cmp(stamp, self.lock, shallow=False)

    def interpreter(self) -> Path:
        """Return its Python. Raises ConfigError with the command that makes it where it is not there."""
        if not self.installed:
            raise ConfigError(f"{self.title} is not installed in {self.folder}: {self.command} ({self.size})")
        return self.folder / "bin" / "python"

    def install(self) -> None:
        """Make it from the lock file, each package by its hash. Raises ConfigError when that fails."""
        where = self.folder
        if not self.lock.is_file():
            raise ConfigError(f"{self.lock} is not there: {self.title} is installed from a clone of this project")
        (where / "installed.txt").unlink(missing_ok=True)
        python = where / "bin" / "python"
        wheels = ["--only-binary", ":all:", *(word for name in self.sources for word in ("--no-binary", name))]
        hashed = ["--no-deps", "--require-hashes", "-r", str(self.lock)]
        uv = _uv()
        if uv is not None:
            steps = [[str(uv), "pip", "install", "--python", str(python), "--compile-bytecode", *wheels, *hashed]]
        else:
            steps = [[str(python), "-m", "pip", "install", "--disable-pip-version-check", *wheels, *hashed]]
        if not python.exists():
            steps.insert(0, self._make(where))
        for step in steps:
            if subprocess.run(step).returncode:
                raise ConfigError(f"{self.title} could not be installed: '{' '.join(step[:4])} …' failed; "
                                  f"run {self.command} again")  # fmt: skip
        shutil.copy(self.lock, where / "installed.txt")

    def _make(self, where: Path) -> list[str]:
        """Return the command that makes the empty environment. Raises ConfigError without a Python for it."""
        if self.python is None or sys.version_info[:2] >= self.python:
            return [sys.executable, "-m", "venv", "--clear", str(where)]
        python = _python(self.python)
        if python is not None:
            return [str(python), "-m", "venv", "--clear", str(where)]
        wanted = ".".join(map(str, self.python))
        if (uv := _uv()) is not None:
            return [str(uv), "venv", "--seed", "--python", wanted, str(where)]  # uv fetches one where there is none
        raise ConfigError(f"{self.title} needs Python {wanted} or newer, and no python{wanted} is on the PATH: install "
                          f"one, then {self.command}")  # fmt: skip


def _uv() -> Path | None:
    uv = Path(sys.prefix) / "bin" / "uv"
    return uv if uv.exists() and not os.environ.get("VLA_NO_UV") else None


def _python(least: tuple[int, int]) -> Path | None:
    """Return a Python of at least this version: on the PATH, or one of pyenv's. None where there is none."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in range(least[1], least[1] + VERSIONS_MAX):
        version = f"{least[0]}.{minor}"
        for found in (shutil.which(f"python{version}"), *sorted(pyenv.glob(f"{version}.*/bin/python"))):
            if found is not None and _is(Path(found), version):
                return Path(found)
    return None


def _is(python: Path, version: str) -> bool:
    """Say whether it starts, with venv, and is of this version: pyenv's shims are there for versions that are not."""
    text = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(python), "-c", text], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version
