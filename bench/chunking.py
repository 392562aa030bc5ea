# SPDX-License-Identifier: Apache-2.0
"""What chunk methods do to transitions, to the choice between two ways and to inference time (docs/chunking.md)."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.figures import add_json_argument, write_json
from bench.small_flows.training import begin_training
from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.config import GUIDANCE, WEIGHTINGS, wrap_chunking
from vla_ros.policies.observation import Observation

if TYPE_CHECKING:
    from vla_ros.policies.flow.policy import MlpFlowPolicy

METHODS = (*WEIGHTINGS, "rtc", "rtc_identity")  # what needs no training of its own: bench/chunk_delay.py has the rest
# A policy slower than its steps, asked when its chunk is half over, and one that keeps up and is asked every step.
SETTINGS = {"slow": (0.25, 0.4), "fast": (0.1, 0.1)}  # delay, time between looks [s]
COLUMNS = {
    "transition_mm": "position step at a transition while both ways are open, RMS [mm]",
    "transition_max_mm": "… largest [mm]",
    "transition_mm_s": "velocity step at such a transition, RMS [mm/s]",
    "bend_mm_s": "largest change of velocity within 0.1 s on a way, median [mm/s]",
    "clearance_mm": "least distance to the post, median [mm]",
    "hits_percent": "ways that touch the post [%]",
    "chunk_ms": "CPU time of an inference with its chunk method, median [ms]",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench chunking`."""
    parser.add_argument("--drives", type=int, default=30, help="ways past the post for each method (default 30)")
    parser.add_argument("--iterations", type=int, default=1000, help="of the policy's training (default 1000)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the policy, measure every method, print a table, write the JSON file."""
    begin_training("chunking", arguments)
    # Imported here: `vla bench` lists this benchmark where PyTorch is not installed.
    from bench.detour import train_policy
    from vla_ros.policies.flow.training import FlowTraining

    policy = train_policy(FlowTraining(iterations=arguments.iterations))
    figures: dict[str, float] = {}
    for setting, (delay, replan) in SETTINGS.items():
        print(f"{setting}: delay {delay:g} s, a look every {replan:g} s, {arguments.drives} ways")
        print(f"{'':<14}" + "".join(f"{name:>14}" for name in COLUMNS))
        for method in ("none", *METHODS):
            row = _measure(policy, method, delay, replan, arguments.drives)
            print(f"{method:<14}" + "".join(f"{row[name]:>14.2f}" for name in COLUMNS), flush=True)
            figures |= {f"{setting}_{method}_{name}": value for name, value in row.items()}
        print()
    for name, meaning in COLUMNS.items():
        print(f"{name}: {meaning}")
    write_json(figures, arguments.json)
    return 0


class Timed:
    """A policy whose inferences are timed."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.seconds: list[float] = []

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the policy's chunk."""
        began = time.process_time()  # of this process: others may keep the machine busy
        chunk = self.policy.infer(observation)
        self.seconds.append(time.process_time() - began)
        return chunk

    def reset(self) -> None:
        """Begin an episode."""
        self.policy.reset()


def _measure(policy: MlpFlowPolicy, method: str, delay: float, replan: float, drives: int) -> dict[str, float]:
    """Return the figures of one method."""
    from bench.detour import UNDECIDED, drive

    timed = [Timed(_wrapped(policy, method, delay, seed)) for seed in range(drives)]
    ways = []
    for seed, one in enumerate(timed):
        policy.seed(seed)
        ways.append(drive(one, delay, replan))
    positions = np.concatenate([way.transition_position[way.transition_time < UNDECIDED] for way in ways])
    velocities = np.concatenate([way.transition_velocity[way.transition_time < UNDECIDED] for way in ways])
    clearances = np.array([way.clearance for way in ways])
    return {
        "transition_mm": 1e3 * float(np.sqrt((positions**2).mean())),
        "transition_max_mm": 1e3 * float(positions.max()),
        "transition_mm_s": 1e3 * float(np.sqrt((velocities**2).mean())),
        "bend_mm_s": 1e3 * float(np.median([way.bend for way in ways])),
        "clearance_mm": 1e3 * float(np.median(clearances)),
        "hits_percent": 100.0 * float((clearances < 0.0).mean()),
        "chunk_ms": 1e3 * float(np.median(np.concatenate([one.seconds for one in timed]))),
    }


def _wrapped(policy: Policy, method: str, delay: float, seed: int) -> Policy:
    if method == "none":
        return policy
    settings: dict[str, Any] = {"method": method}
    if method in GUIDANCE:
        settings |= {"delay_s": delay, "seed": seed}
    return wrap_chunking(policy, settings, "bench chunking")
