# SPDX-License-Identifier: Apache-2.0
"""Run a command of LeRobot's (record, teleoperate, rollout, train, …) with the robot and teleoperator `vla_ros`.

Makes LeRobot's environment where it is missing and puts the plug-in into it; without COMMAND it does no more. What
follows COMMAND is LeRobot's to read. docs/lerobot.md.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Collection, Sequence
from pathlib import Path

from controllers.errors import ConfigError, unknown_name

PASSES_ARGUMENTS_ON = True
PREFIX = "lerobot_"  # of its scripts
# Those of scripts in lerobot 0.6.1: known before the locked version is downloaded.
SCRIPTS = {
    "annotate", "calibrate", "dataset_viz", "edit_dataset", "eval", "find_cameras", "find_joint_limits", "find_port",
    "imgtransform_viz", "info", "record", "replay", "rollout", "setup_can", "setup_motors", "teleoperate", "train",
    "train_tokenizer",
}  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="of LeRobot's, without lerobot-: record")
    parser.add_argument("words", nargs="*", metavar="argument", help="of that command: --robot.type=vla_ros …")


def run(arguments: argparse.Namespace) -> int:
    """Become LeRobot's command; return 0 where none was given. Raises ConfigError for one that LeRobot has not."""
    from vla_ros.policies.lerobot.environment import LEROBOT, interpreter, own_python
    from vla_ros.policies.lerobot.plugin import install_plugin, plugin_installed

    words = list(arguments.words)
    if words:
        own = own_python()
        _check_command(words[0], SCRIPTS if own is None else _scripts(own))
    if own_python() is None and not LEROBOT.installed:
        print(f"LeRobot's environment is made in {LEROBOT.folder} ({LEROBOT.size})", flush=True)
        LEROBOT.install()
    python = interpreter()
    if not plugin_installed(python):
        install_plugin(python)
        print(f"robot and teleoperator vla_ros are installed for {python.parent / 'lerobot-record'} and the others",
              flush=True)  # fmt: skip
    if words:
        _become([str(python), "-P", "-m", f"lerobot.scripts.{PREFIX}{_script(words[0])}", *words[1:]])
    return 0


def _script(command: str) -> str:
    return command.removeprefix("lerobot-").replace("-", "_")


def _check_command(command: str, scripts: Collection[str]) -> None:
    if _script(command) not in scripts:
        known = sorted(one.replace("_", "-") for one in scripts)
        raise ConfigError(unknown_name("command of LeRobot's", command.removeprefix("lerobot-"), known))


def _scripts(python: Path) -> set[str]:
    """Return the names of LeRobot's scripts."""
    scripts = python.parents[1].glob(f"lib/python3*/site-packages/lerobot/scripts/{PREFIX}*.py")
    return {path.stem.removeprefix(PREFIX) for path in scripts}


def _become(command: Sequence[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    os.execve(command[0], list(command), environment)
