# SPDX-License-Identifier: Apache-2.0
"""Run the tests of a clone: those that need real time one by one, and all others behind them, side by side.

What failed runs once more, alone: a machine that is busy may spoil a test, what is wrong spoils it twice.
--slow runs the tests marked slow too, --slow-sample SEED some of them: those that SEED chooses, the same every time.
Anything else on the line goes to pytest, once.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from controllers.errors import ConfigError
from vla_ros.commands.doctor.ros import refuse_mixture
from vla_ros.launching.environment import free_domain, module_environment
from vla_ros.launching.processes.launcher_watch import die_with_parent

PASSES_ARGUMENTS_ON = True
PYTEST = (sys.executable, "-m", "pytest")
PASSED, FAILED = 0, 1  # pytest.ExitCode; others say that it was interrupted or could not begin
PROCESSES_MAX = 4  # each loads PyTorch, MuJoCo and ROS: some 2 GB
REAL_TIME, OTHERS = "real_time", "not real_time"  # test/conftest.py marks them
NICENESS = 12  # of the others: a graph beside them gets the time that it asks for
PATIENCE = ("-o", "timeout=600")  # [s] a test of theirs, which gets what is left
# With --slow: a sample was chosen before, and only of what it took something can have failed.
ONCE_MORE = ("--last-failed", "--last-failed-no-failures", "none", "--slow")


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
    return _whole_suite(words, environment)


def _whole_suite(words: Sequence[str], environment: dict[str, str]) -> int:
    """Run both parts at once, then what failed in them once more; return pytest's exit code."""
    words = [*words, "--cache-clear"]
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "others.txt").open("w") as said:
        others = _begin(OTHERS, [*words, *PATIENCE, *_processes()], environment, said)
        codes = {REAL_TIME: _begin(REAL_TIME, words, environment).wait(), OTHERS: _follow(others, Path(said.name))}
    failed = [part for part, code in codes.items() if code == FAILED]
    cut_off = {part: code for part, code in codes.items() if code not in (PASSED, FAILED)}
    for part, code in cut_off.items():
        print(f"the tests that are {part} did not come to their end: pytest's exit code {code}", flush=True)
    if cut_off or not failed:
        return max(map(abs, codes.values()))  # what a signal ended has a negative one
    print("what failed, once more and alone:", flush=True)
    return max(abs(_begin(part, ONCE_MORE, environment).wait()) for part in failed)


def _begin(
    part: str, words: Sequence[str], environment: dict[str, str], output: TextIO | None = None
) -> subprocess.Popen[bytes]:
    """Start pytest on a part of the tests; where it says so to a file, it gives way to who says so to the terminal."""

    def prepare() -> None:
        die_with_parent(signal.SIGINT)
        if output is not None:
            os.nice(NICENESS)

    # A record each of what failed: two runs at once would write over each other's.
    cache = f"cache_dir=.pytest_cache/{part.replace(' ', '_')}"
    command = [*PYTEST, "-m", part, "-o", cache, *words]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output, preexec_fn=prepare)


def _follow(process: subprocess.Popen[bytes], output: Path) -> int:
    """Show what a process has said and goes on saying until it ends; return its exit code."""
    with output.open() as said:  # with a position of its own
        while True:
            ended = process.poll() is not None
            print(end=said.read(), flush=True)
            if ended:
                return process.returncode
            time.sleep(0.5)


def _slow_parser() -> argparse.ArgumentParser:
    """Return what knows the options with which the whole suite still runs in its parts (test/conftest.py has them)."""
    usage = "vla test [--slow | --slow-sample SEED] [arguments of pytest]"
    parser = argparse.ArgumentParser("vla test", usage, add_help=False, allow_abbrev=False)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--slow-sample", metavar="SEED")
    return parser


def _processes() -> list[str]:
    cores = len(os.sched_getaffinity(0))
    processes = min(cores + 1, PROCESSES_MAX)  # tests wait, too
    return ["-n", str(processes), "--dist", "loadfile", "--no-loadscope-reorder"] if cores > 1 else []


def test_environment() -> dict[str, str]:
    """Return the environment of a test run: its own domain, nobody else on the network, one thread a process."""
    environment = module_environment()
    environment.pop("VLA_STARTED_AT", None)  # a launch within the tests counts its own time
    # Images of containers set it, and then each of some hundred processes compiles this package anew: 0.1 s and more.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["ROS_DOMAIN_ID"] = str(free_domain())
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    environment.setdefault("MUJOCO_GL", "egl")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        environment.setdefault(name, "1")
    return environment


def _absolute(word: str) -> str:
    path, separator, test = word.partition("::")
    # Not Path.exists: a long expression of -k is no name of a file, and that one raises.
    return f"{Path(path).resolve()}{separator}{test}" if os.path.exists(path) else word
