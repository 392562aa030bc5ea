# SPDX-License-Identifier: Apache-2.0
"""The plug-in by which LeRobot's commands find robot and teleoperator `vla_ros`, in an environment of LeRobot's."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, read_json
from vla_ros.runtime.own_environment import ROOT

PLUGIN = ROOT / "plugins" / "lerobot"
NAME = "lerobot_robot_vla_ros"
_NOTE = "direct_url.json"  # of what pip installed from a folder


def plugin_installed(python: Path) -> bool:
    """Say whether it is there, and of this clone."""
    for note in python.parents[1].glob(f"lib/python3*/site-packages/{NAME}-*.dist-info/{_NOTE}"):
        with contextlib.suppress(DocumentError, OSError, KeyError, TypeError):
            if Path(unquote(urlsplit(str(read_json(note)["url"])).path)) == PLUGIN:
                return True
    return False


def install_plugin(python: Path) -> None:
    """Install it with pip: nothing is downloaded. Raises ConfigError where that fails."""
    if not PLUGIN.is_dir():
        raise ConfigError(f"{PLUGIN} is not there: LeRobot's plug-in is installed from a clone of this project")
    command = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps",
               "--no-build-isolation", "--force-reinstall", str(PLUGIN)]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode:
        lines = [line for line in made.stderr.splitlines() if line.strip()]
        raise ConfigError(f"LeRobot's plug-in could not be installed: {lines[-1] if lines else command[0]}: "
                          f"try {' '.join(command)}")  # fmt: skip
