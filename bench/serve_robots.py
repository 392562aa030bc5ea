# SPDX-License-Identifier: Apache-2.0
"""What several robots at one server get: chunks a second of 1, 2 and 4 side by side, and what a batch would gain.

The server is a `vla serve` in a process of its own, every request begins an episode, so that nothing is remembered.
The batch is of the small GraspVLA's networks alone: the same work for 1, 2 and 4 robots in one call, processor time a
robot on one core.
"""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import torch

from bench.fault_matrix.network_faults import Server
from bench.figures import add_json_argument, report
from controllers.errors import ConfigError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.policies.actions.single_arm import ACTION_SIZE
from vla_ros.policies.backbone.proposals import HEIGHT, WIDTH
from vla_ros.policies.base import Policy, capability
from vla_ros.policies.capabilities.closing import Closing
from vla_ros.policies.families.changed_settings import with_server
from vla_ros.policies.families.loading import load_policy, loaded, specified
from vla_ros.policies.graspvla.small.acting import ActingPolicy
from vla_ros.policies.graspvla.small.chain import TOKEN_SIZE, TOKENS
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import load_embodiment

ROBOTS = (1, 2, 4)
SEED = 9000
VIEWS, CROPS = 2, 24  # pictures of a robot, and things in them that are looked at


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench serve_robots`."""
    parser.add_argument("--policy", default="graspvla", help="that is served (default graspvla)")
    parser.add_argument("--requests", type=int, default=20, help="of each robot (default 20)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write the JSON file."""
    if arguments.requests < 2:
        raise ConfigError(f"bench serve_robots: --requests must be at least 2, got {arguments.requests}")
    figures = _batches(arguments.requests)
    server = Server(arguments.policy)
    try:
        server.wait()
        seen = _seen(arguments.policy)
        url = f"ws://localhost:{server.port}"
        for robots in ROBOTS:
            named, spent = f"{robots} robots side by side", server.processor_s
            figures[f"{named} [chunks/s]"] = _side_by_side(url, seen, robots, arguments.requests)
            chunks = robots * (arguments.requests + 1)
            figures[f"{named}, the server's processor [ms a chunk]"] = 1e3 * (server.processor_s - spent) / chunks
    finally:
        server.kill()
    report(figures, arguments.json)
    return 0


class _First:
    """Takes the first observation of an episode."""

    def reset(self) -> None:
        """Do nothing."""

    def infer(self, observation: Observation) -> None:
        """Keep it, with its pictures, and end the episode."""
        self.seen = observation
        for camera in observation.cameras:
            observation.cameras[camera]
        raise InterruptedError


def _seen(policy: str) -> Observation:
    runner, first = EpisodeRunner(EpisodeSettings(policy, spl=False)), _First()
    with contextlib.suppress(InterruptedError):
        runner.run_scene(runner.scene(SEED), first, compare=False)  # type: ignore[arg-type]
    return first.seen


def _side_by_side(url: str, seen: Observation, robots: int, requests: int) -> float:
    """Return how many chunks a second all robots get together, each asking as soon as it is answered."""
    where, robot = with_server("remote", url, changes="timeout_s=120"), load_embodiment("franka")
    remotes = [load_policy("remote", robot, changes=where) for _ in range(robots)]
    for remote in remotes:
        remote.infer(seen)  # its instance is loaded

    def ask(remote: Policy) -> None:
        for _ in range(requests):
            remote.reset()
            remote.infer(seen)

    began = time.perf_counter()
    with ThreadPoolExecutor(robots) as threads:
        list(threads.map(ask, remotes))
    spent = time.perf_counter() - began
    for remote in remotes:
        closing = capability(remote, Closing)
        if closing is not None:
            closing.close()
    return robots * requests / spent


@torch.inference_mode()
def _batches(rounds: int) -> dict[str, float]:
    """Return the time a robot [ms] of the networks that take most, for several robots in one call."""
    policy = loaded(specified("graspvla", load_embodiment("franka")))
    assert isinstance(policy, ActingPolicy)
    networks = policy.networks
    proposals, matching, expert = networks.backbone.proposals, networks.backbone.matching, networks.expert
    rng = np.random.default_rng(SEED)

    def pictures(robots: int, many: int, height: int, width: int) -> torch.Tensor:
        return torch.from_numpy(rng.integers(0, 256, (robots * many, height, width, 3), dtype=np.uint8))

    figures: dict[str, float] = {}
    torch.set_num_threads(1)
    for robots in ROBOTS:
        small = pictures(robots, VIEWS, HEIGHT, WIDTH)
        crops = pictures(robots, CROPS, matching.crop, matching.crop)
        tokens = expert.encode(torch.zeros(robots, TOKENS, TOKEN_SIZE))
        noise, tau = torch.zeros(robots, expert.horizon, ACTION_SIZE), torch.zeros(robots)
        work: dict[str, Callable[[], object]] = {
            "boxes": partial(proposals, small),
            "looks": partial(matching.encode, crops),
            "flow, 5 steps": lambda tokens=tokens, noise=noise, tau=tau: [expert(noise, tau, tokens) for _ in range(5)],
        }
        for name, call in work.items():
            call()
            figures[f"{name}, {robots} in one call [ms a robot]"] = _milliseconds(call, rounds) / robots
    return figures


def _milliseconds(call: Callable[[], object], rounds: int) -> float:
    """Return the least of several processor times [ms]: what the machine does beside it only adds."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        call()
        times.append(1e3 * (time.process_time() - began))
    return min(times)
