# SPDX-License-Identifier: Apache-2.0
"""LIBERO's own environment, `.venv.libero` beside `.venv`: its MuJoCo is older than ours, so the two never mix."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from pathlib import Path

from controllers.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "requirements" / "libero.lock.txt"
INSTALL = "./vla eval --benchmark libero --install"
SOURCES = ("bddl",)  # has no wheel


def folder() -> Path:
    """Return where it is; `VLA_LIBERO_VENV` names another place."""
    return Path(os.environ.get("VLA_LIBERO_VENV") or ROOT / ".venv.libero")


def installed() -> bool:
    """Say whether it is there, whole and of this lock file."""
    stamp = folder() / "installed.txt"
    there = (folder() / "bin" / "python").exists() and stamp.is_file() and LOCK.is_file()
    return there and filecmp.cmp(stamp, LOCK, shallow=False)


def interpreter() -> Path:
    """Return its Python. Raises ConfigError with the command that makes it where it is not there."""
    if not installed():
        raise ConfigError(
            f"LIBERO is not installed in {folder()}: {INSTALL} (about 400 MB to download, 2.2 GB on disk)"
        )
    return folder() / "bin" / "python"


def install() -> None:
    """Make it from the lock file, each package by its hash. Raises ConfigError when that fails."""
    where = folder()
    if not LOCK.is_file():
        raise ConfigError(f"{LOCK} is not there: LIBERO is installed from a clone of this project")
    (where / "installed.txt").unlink(missing_ok=True)
    uv = Path(sys.prefix) / "bin" / "uv"
    python = where / "bin" / "python"
    wheels = ["--only-binary", ":all:", *(word for name in SOURCES for word in ("--no-binary", name))]
    hashed = ["--no-deps", "--require-hashes", "-r", str(LOCK)]
    if uv.exists() and not os.environ.get("VLA_NO_UV"):
        steps = [[str(uv), "pip", "install", "--python", str(python), "--compile-bytecode", *wheels, *hashed]]
    else:
        steps = [[str(python), "-m", "pip", "install", "--disable-pip-version-check", *wheels, *hashed]]
    if not python.exists():
        steps.insert(0, [sys.executable, "-m", "venv", "--clear", str(where)])
    for step in steps:
        if subprocess.run(step).returncode:
            raise ConfigError(f"LIBERO could not be installed: '{' '.join(step[:4])} …' failed; run {INSTALL} again")
    shutil.copy(LOCK, where / "installed.txt")
