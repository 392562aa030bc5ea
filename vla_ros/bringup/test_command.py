# SPDX-License-Identifier: Apache-2.0
"""Run the tests of a clone. Anything else on the line goes to pytest."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.bringup.doctor.ros import refuse_mixture
from vla_ros.bringup.environment import free_domain, module_environment

PASSES_ARGUMENTS_ON = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("words", nargs="*", metavar="pytest argument", help="files, test::ids and options of pytest")


def run(arguments: argparse.Namespace) -> int:
    """Replace this process by pytest, on a ROS domain of its own."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "test").is_dir():
        raise ConfigError("the tests are not installed: run `./vla test` in a clone")
    refuse_mixture()
    environment = test_environment()
    words = [_absolute(word) for word in arguments.words]
    os.chdir(root)
    os.execve(sys.executable, [sys.executable, "-m", "pytest", *words], environment)


def test_environment() -> dict[str, str]:
    """Return the environment of a test run: its own domain, nobody else on the network, one thread a process."""
    environment = module_environment()
    environment.pop("VLA_STARTED_AT", None)  # a launch within the tests counts its own time
    environment["ROS_DOMAIN_ID"] = str(free_domain())
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    environment.setdefault("MUJOCO_GL", "egl")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment.setdefault(name, "1")
    return environment


def _absolute(word: str) -> str:
    path, separator, test = word.partition("::")
    return f"{Path(path).resolve()}{separator}{test}" if path and Path(path).exists() else word
