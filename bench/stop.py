# SPDX-License-Identifier: Apache-2.0
"""How soon `vla stop` reaches a guard, whatever lies in the folder through which it finds one.

Ten folders full of rubbish, the command as a process of its own in each; at most half a second from its start until
the guard has the word. Exit code 1 when one takes longer.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time

from rig.hostile_folders import HOSTILE

from bench.figures import add_json_argument, report
from controllers.errors import ConfigError
from vla_ros.launching.environment import module_environment
from vla_ros.runtime.estop_socket import EstopSocket, stop_every_guard
from vla_ros.runtime.folder import OVERRIDE, runtime_folders

WITHIN_S = 0.5
GIVE_UP_S = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench stop`."""
    parser.add_argument("--rounds", type=int, default=3, help="stops in each folder; the slowest counts (default 3)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the times, write the JSON file."""
    if arguments.rounds < 1:
        raise ConfigError(f"bench stop: --rounds must be at least 1, got {arguments.rounds}")
    figures: dict[str, float] = {}
    for what in ("nothing else", *HOSTILE):
        times = [_seconds(what) for _ in range(arguments.rounds)]
        figures[what] = max(command for command, _ in times)
        figures[f"{what}; search alone"] = max(search for _, search in times)
    report({f"{what} [s]": seconds for what, seconds in figures.items()}, arguments.json)
    slow = {what: seconds for what, seconds in figures.items() if not seconds <= WITHIN_S}
    for what, seconds in slow.items():
        print(f"not as it must be: {what}: {seconds:.2f} s, allowed {WITHIN_S:g}")
    return 1 if slow else 0


def _seconds(what: str) -> tuple[float, float]:
    """Return how long the command takes to reach a guard beside such files, and how long of it the search takes [s]."""
    before = os.environ.get(OVERRIDE)
    with tempfile.TemporaryDirectory(prefix="vla_stop_") as folder:
        os.environ[OVERRIDE] = folder
        guard = EstopSocket()
        try:
            (found,) = runtime_folders()
            HOSTILE.get(what, lambda path: None)(found.path)
            command = _stop(guard)
            began = time.monotonic()
            stop_every_guard()
            return command, time.monotonic() - began if guard.requested() else float("inf")
        finally:
            guard.close()
            os.environ.pop(OVERRIDE)
            if before is not None:
                os.environ[OVERRIDE] = before


def _stop(guard: EstopSocket) -> float:
    began = time.monotonic()
    command = [sys.executable, "-m", "vla_ros.cli", "stop"]
    quiet = subprocess.DEVNULL
    environment = module_environment() | {OVERRIDE: os.environ[OVERRIDE]}
    with subprocess.Popen(command, env=environment, stdin=quiet, stdout=quiet, stderr=quiet) as process:
        while not (asked := guard.requested()) and time.monotonic() - began < GIVE_UP_S:
            time.sleep(0.002)
        seconds = time.monotonic() - began
        process.kill()  # what is left is the way over the topic, to nobody
    return seconds if asked else float("inf")
