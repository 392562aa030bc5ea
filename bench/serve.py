# SPDX-License-Identifier: Apache-2.0
"""What it costs to have a policy in another process: a request over loopback beside a call, for 0, 1 and 2 cameras.

The policy answers at once, so that what is left is packing, sending, reading and the reply. Pictures are 640×480,
colour (uint8) and depth (float32).
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np
from policy_making.served_policy import NEEDS, ROBOT, Scripted, seen_at, served

from bench.figures import add_json_argument, report
from controllers.errors import ConfigError
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import load_policy
from vla_ros.policies.needs import CameraNeed, Needs
from vla_ros.policies.observation import CameraView, Observation
from vla_ros.policies.remote.message_pack import pack
from vla_ros.policies.remote.observation_message import observation_message
from vla_ros.policies.remote.server_description import ServerDescription

CAMERAS = ("front", "side")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench serve`."""
    parser.add_argument("--requests", type=int, default=200, help="of each kind (default 200)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print the times, write the JSON file."""
    if arguments.requests < 1:
        raise ConfigError(f"bench serve: --requests must be at least 1, got {arguments.requests}")
    figures: dict[str, float] = {}
    for count in range(len(CAMERAS) + 1):
        figures |= {f"{count} cameras, {name}": value for name, value in _measure(count, arguments.requests).items()}
    report(figures, arguments.json)
    return 0


def _measure(cameras: int, requests: int) -> dict[str, float]:
    rng = np.random.default_rng(1)
    seen = dataclasses.replace(seen_at(1.0), cameras={name: _view(name, rng) for name in CAMERAS[:cameras]})
    needs = dataclasses.replace(NEEDS, cameras=tuple(CameraNeed(name, depth=True) for name in CAMERAS[:cameras]))
    process = multiprocessing.get_context("spawn")  # as a server is: one process for both would share its interpreter
    ours, its = process.Pipe()
    child = process.Process(target=_serve, args=(needs, its), daemon=True)
    child.start()
    remote, here = load_policy("remote", ROBOT, changes=with_server("remote", ours.recv())), Scripted()
    remote.infer(seen)
    asked = [_milliseconds(remote.infer, seen) for _ in range(requests)]
    called = [_milliseconds(here.infer, seen) for _ in range(requests)]
    ours.send("end")
    child.join()
    return {
        "message [MB]": len(pack(observation_message(seen))) / 1e6,
        "request, median [ms]": float(np.median(asked)),
        "request, p95 [ms]": float(np.percentile(asked, 95)),
        "call, median [ms]": float(np.median(called)),
    }


def _serve(needs: Needs, pipe: Connection) -> None:
    """Serve in this process until told to end."""
    with served(description=ServerDescription("scripted", ROBOT.name, needs=needs)) as there:
        pipe.send(there.url)
        pipe.recv()


def _view(name: str, rng: np.random.Generator) -> CameraView:
    color, depth = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8), rng.random((480, 640), np.float32)
    return CameraView(name, 1.0, color, depth, np.eye(3), np.eye(4))


def _milliseconds(infer: Callable[[Observation], object], seen: Observation) -> float:
    began = time.perf_counter()
    infer(seen)
    return 1e3 * (time.perf_counter() - began)
