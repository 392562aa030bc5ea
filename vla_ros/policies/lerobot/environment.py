# SPDX-License-Identifier: Apache-2.0
"""LeRobot's environment: `.venv.lerobot`, made from a lock file, or one of the user's own with lerobot in it."""

from __future__ import annotations

import os
from pathlib import Path

from vla_ros.runtime.own_environment import OwnEnvironment

LEROBOT = OwnEnvironment(
    title="LeRobot",
    name="lerobot",
    variable="VLA_LEROBOT_VENV",
    command="./vla serve --lerobot CHECKPOINT, which makes it,",
    size="about 3 GB to download, 6 GB on disk",
    sources=("docopt",),
    python=(3, 12),
)


def own_python() -> Path | None:
    """Return the Python of an environment with lerobot that the user named and made; it is used as it is."""
    folder = LEROBOT.folder
    python = folder / "bin" / "python"
    if not os.environ.get(LEROBOT.variable) or (folder / "installed.txt").exists() or not python.exists():
        return None
    return python if any(folder.glob("lib/python3*/site-packages/lerobot/__init__.py")) else None


def interpreter() -> Path:
    """Return the Python that has lerobot. Raises ConfigError with the command that makes it where there is none."""
    return own_python() or LEROBOT.interpreter()
