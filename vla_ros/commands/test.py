# SPDX-License-Identifier: Apache-2.0
"""Run the tests of a clone: most of them side by side, those that need the machine to themselves after that.

What failed runs once more, alone: a machine that was busy may spoil a test, what is wrong spoils it twice.
--slow runs the tests marked slow too, --slow-sample SEED some of them: those that SEED chooses, the same every time.
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
    _, rest = _slow_parser().parse_known_args(words)
    if rest:
        os.execve(sys.executable, [*PYTEST, *words], environment)
    signal.signal(signal.SIGINT, lambda *_: None)  # pytest has it too, and ends in its own time
    side_by_side = _pytest("-m", "not alone", "--cache-clear", *words, *_processes(), environment=environment)
    if side_by_side not in (PASSED, FAILED):
        return side_by_side
    alone = _pytest("-m", "alone", *words, environment=environment)
    if alone not in (PASSED, FAILED) or side_by_side == alone == PASSED:
        return alone
    print("what failed, once more and alone:", flush=True)
    # With --slow: a sample was chosen before, and only of what it took something can have failed.
    return _pytest("--last-failed", "--last-failed-no-failures", "none", "--slow", environment=environment)


def _slow_parser() -> argparse.ArgumentParser:
    """Return what knows the options with which the whole suite still runs in its parts (test/conftest.py has them)."""
    usage = "vla test [--slow | --slow-sample SEED] [arguments of pytest]"
    parser = argparse.ArgumentParser("vla test", usage, add_help=False, allow_abbrev=False)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--slow-sample", metavar="SEED")
    return parser


def _pytest(*words: str, environment: dict[str, str]) -> int:
    ended = lambda: die_with_parent(signal.SIGINT)  # noqa: E731
    return subprocess.run([*PYTEST, *words], env=environment, preexec_fn=ended, check=False).returncode


def _processes() -> list[str]:
    processes = min(len(os.sched_getaffinity(0)), PROCESSES_MAX)
    return ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"] if processes > 1 else []


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
