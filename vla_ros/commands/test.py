# SPDX-License-Identifier: Apache-2.0
"""Run the tests of a clone: side by side what may, then one by one what needs real time.

Anything else on the line goes to pytest, once.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.commands.doctor.ros import refuse_mixture
from vla_ros.launching.environment import free_domain, module_environment
from vla_ros.launching.processes.launcher_watch import die_with_parent

PASSES_ARGUMENTS_ON = True
PYTEST = (sys.executable, "-m", "pytest")
PASSED, FAILED = 0, 1  # pytest.ExitCode; others say that it was interrupted or could not begin
PROCESSES_MAX = 4  # each loads PyTorch, MuJoCo and ROS: some 2 GB


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("words", nargs="*", metavar="pytest argument", help="files, test::ids and options of pytest")


def run(arguments: argparse.Namespace) -> int:
    """Run pytest on a ROS domain of its own; return its exit code."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "test").is_dir():
        raise ConfigError("the tests are not installed: run `./vla test` in a clone")
    refuse_mixture()
    environment = test_environment()
    words = [_absolute(word) for word in arguments.words]
    os.chdir(root)
    if words:
        os.execve(sys.executable, [*PYTEST, *words], environment)
    signal.signal(signal.SIGINT, lambda *_: None)  # pytest has it too, and ends in its own time
    side_by_side = _pytest("-m", "not real_time", *_processes(), environment=environment)
    if side_by_side not in (PASSED, FAILED):
        return side_by_side
    return _pytest("-m", "real_time", environment=environment) or side_by_side


def _pytest(*words: str, environment: dict[str, str]) -> int:
    ended = lambda: die_with_parent(signal.SIGINT)  # noqa: E731
    return subprocess.run([*PYTEST, *words], env=environment, preexec_fn=ended, check=False).returncode


def _processes() -> list[str]:
    processes = min(len(os.sched_getaffinity(0)), PROCESSES_MAX)
    return ["-n", str(processes), "--dist", "loadfile"] if processes > 1 else []


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
