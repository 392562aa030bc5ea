# SPDX-License-Identifier: Apache-2.0
"""What `view:=foxglove` costs: the view node's processor time without a client and with one that watches everything."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

from bench.figures import add_json_argument, report
from bench.foxglove_client import FoxgloveClient
from controllers.errors import ConfigError, VlaError
from vla_ros.launching.environment import free_domain, module_environment

SETTLE_S = 3.0  # discovery, first images
READY_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench view`."""
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement [s] (default 20)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print a table, write the JSON file."""
    if not arguments.seconds > 0.0:
        raise ConfigError("bench view: --seconds must be > 0")
    figures = measure(arguments.seconds)
    report(figures, arguments.json)
    return 0


def measure(seconds: float) -> dict[str, float]:
    """Return cores, megabytes and messages a second, over `seconds` each without and with a client."""
    with watched_view() as (process, url):
        time.sleep(SETTLE_S)
        idle = _cores(process, seconds, time.sleep)
        client = FoxgloveClient(url)
        client.keep = False
        client.subscribe()
        client.listen(SETTLE_S)
        client.messages.clear()
        client.bytes = 0
        cores = _cores(process, seconds, client.listen)
        figures = {"cores_idle": idle, "cores_watched": cores, "mb_per_s": client.bytes / seconds / 1e6}
        figures |= {f"hz{topic}": len(client.messages[topic]) / seconds for topic in sorted(client.channels)}
        figures["pss_mib"] = process.memory_full_info().pss / 2**20
        client.close()
    return figures


@contextlib.contextmanager
def watched_view() -> Iterator[tuple[psutil.Process, str]]:
    """Run a view node and a graph to watch on a domain of their own; yield the node's process and its address."""
    environment = module_environment() | {
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "ROS_DOMAIN_ID": str(free_domain()),
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        "RCUTILS_CONSOLE_OUTPUT_FORMAT": "{message}",
    }
    words = [sys.executable, "-m", "vla_ros.nodes.view_node", "--ros-args", "-p", "port:=0"]
    view = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    graph = subprocess.Popen([sys.executable, "-m", "bench.watched_graph"], env=environment, cwd=_clone())
    try:
        yield psutil.Process(view.pid), _address(view)
    finally:
        for process in (view, graph):
            process.terminate()
        for process in (view, graph):
            process.wait(10.0)


def _address(view: subprocess.Popen) -> str:
    assert view.stdout is not None
    for line in view.stdout:
        if "ws://" in line:
            return next(word.rstrip(",") for word in line.split() if word.startswith("ws://"))
    raise VlaError(f"the view node ended with exit code {view.wait()}")


def _clone() -> str:
    return os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _cores(process: psutil.Process, seconds: float, wait) -> float:
    def spent() -> float:
        times = process.cpu_times()
        return times.user + times.system

    before, began = spent(), time.monotonic()
    wait(seconds)
    return (spent() - before) / (time.monotonic() - began)
