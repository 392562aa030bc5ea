# SPDX-License-Identifier: Apache-2.0
"""One flow for robots that stand elsewhere: with and without a learned prompt of each, and a robot that joins."""

from __future__ import annotations

import argparse
import copy
import functools
from typing import TYPE_CHECKING

import numpy as np

from bench.figures import add_json_argument, write_json
from bench.small_flows.training import begin_training

if TYPE_CHECKING:
    from bench.small_flows.robots import Mounting
    from vla_ros.policies.actions.normalisation import Normaliser
    from vla_ros.policies.flow.network import VelocityNetwork
    from vla_ros.policies.flow.soft_prompts import Demonstrations

TRAINED, JOINING = 6, 4  # robots
MOMENTS = 4000  # of each robot that is trained on
FEW = (5, 15, 50)  # moments of a robot that joins
JOINING_STEPS = 600  # iterations of each
JOINED_SEED = 100  # of the first of these
ON_THE_LINE = 0.01  # [m] at the end


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench soft_prompts`."""
    parser.add_argument("--drives", type=int, default=20, help="ways of each robot (default 20)")
    parser.add_argument("--iterations", type=int, default=3000, help="of the common trainings (default 3000)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, let each robot drive, print the table of docs/flow.md, write the JSON file."""
    begin_training("soft_prompts", arguments)
    table = _Table(arguments.drives)
    _compare(arguments.iterations, table)
    write_json(table.figures, arguments.json)
    return 0


class _Table:
    """Rows, printed as they come."""

    def __init__(self, drives: int) -> None:
        self.figures: dict[str, float] = {}
        self._drives = drives
        print("| robots | network | success [%] | post touched [%] | from the line at the end, median [mm] |")

    def row(self, which: str, network: str, of: list[tuple[VelocityNetwork, Mounting]]) -> None:
        """Drive with the network of each robot."""
        from bench.moving_line.task import CODEC, commanded_position
        from bench.small_flows.robots import drive_robot, features
        from vla_ros.evaluation.statistics import wilson_interval
        from vla_ros.policies.flow.policy import MlpFlowPolicy

        ways = []
        for network_of_it, mounting in of:
            policy = MlpFlowPolicy(network_of_it, _normaliser(), CODEC, lambda seen: features(commanded_position(seen)))
            for seed in range(self._drives):
                policy.seed(seed)
                ways.append(drive_robot(policy, mounting))
        clearances, errors = np.array([way.clearance for way in ways]), np.array([way.error(0.0) for way in ways])
        good = (clearances > 0.0) & (errors < ON_THE_LINE)
        low, high = wilson_interval(int(good.sum()), len(good))
        hits, error = 100.0 * float((clearances < 0.0).mean()), 1e3 * float(np.median(errors))
        share = 100.0 * float(good.mean())
        interval = f"({100.0 * low:.0f} to {100.0 * high:.0f})"
        print(f"| {which} | {network} | {share:.0f} {interval} | {hits:.0f} | {error:.1f} |", flush=True)
        self.figures |= {
            f"{which}_{network}_{name}": value
            for name, value in (("success_percent", share), ("hits_percent", hits), ("error_mm", error))
        }


def _compare(iterations: int, table: _Table) -> None:
    from bench.small_flows.robots import Mounting, demonstrations
    from vla_ros.policies.flow.soft_prompts import Demonstrations, PromptTuning, join, train_prompted
    from vla_ros.policies.flow.training import FlowTraining, train_flow

    def data(mounting: Mounting, count: int, seed: int) -> Demonstrations:
        own = demonstrations(mounting, count, seed)
        return Demonstrations(_normaliser().normalise(own.actions), own.conditions)

    def alone(robots: list[Demonstrations], iterations: int) -> list[VelocityNetwork]:
        return [train_flow(one.actions, one.conditions, FlowTraining(iterations=iterations))[0] for one in robots]

    mountings = [Mounting.drawn(seed) for seed in range(TRAINED)]
    robots = [data(mounting, MOMENTS, seed) for seed, mounting in enumerate(mountings)]
    settings = FlowTraining(iterations=iterations)
    actions, conditions = (np.concatenate([vars(one)[part] for one in robots]) for part in ("actions", "conditions"))
    blind, _ = train_flow(actions, conditions, settings)
    table.row("six", "one, no prompts", [(blind, mounting) for mounting in mountings])
    prompted, _ = train_prompted(robots, settings)
    table.row("six", "one, prompts", [(prompted.of(place), mounting) for place, mounting in enumerate(mountings)])
    for steps, name in ((iterations // TRAINED, "a sixth of the steps"), (iterations, "as many steps")):
        own = alone(robots, max(steps, 1))
        table.row("six", f"one each, {name}", list(zip(own, mountings, strict=True)))
    new = [Mounting.drawn(JOINED_SEED + place) for place in range(JOINING)]
    for count in FEW:
        few = [data(mounting, count, JOINED_SEED + place) for place, mounting in enumerate(new)]
        joining = {
            "from nothing": alone(few, JOINING_STEPS),
            "no prompts, fine-tuned": [_fine_tuned(blind, one) for one in few],
            "its prompt alone": [join(prompted, one, PromptTuning(JOINING_STEPS, 0)).of(-1) for one in few],
            "its prompt, then all": [
                join(prompted, one, PromptTuning(JOINING_STEPS // 2, JOINING_STEPS // 2)).of(-1) for one in few
            ],
        }
        for name, networks in joining.items():
            table.row(f"one that joins, {count} moments", name, list(zip(networks, new, strict=True)))


def _fine_tuned(network: VelocityNetwork, robot: Demonstrations) -> VelocityNetwork:
    """Return a copy of a network that has learned from a robot, for as long and as fast as one that joins."""
    import torch

    from vla_ros.policies.flow.descent import descend
    from vla_ros.policies.flow.soft_prompts import PromptTuning
    from vla_ros.policies.flow.training import flow_matching_loss

    tuning, own, random = PromptTuning(), copy.deepcopy(network).requires_grad_(), torch.Generator().manual_seed(0)
    actions, conditions = (torch.as_tensor(vars(robot)[part]).float() for part in ("actions", "conditions"))

    def loss() -> torch.Tensor:
        some = torch.randint(len(actions), (tuning.batch,), generator=random)
        return flow_matching_loss(own, actions[some], conditions[some], random)

    descend(own.parameters(), loss, JOINING_STEPS, tuning.learning_rate)
    return own.eval()


@functools.cache
def _normaliser() -> Normaliser:
    """Return the one of all robots: what they do is of the same size."""
    from bench.moving_line.task import normaliser_of
    from bench.small_flows.robots import Mounting, demonstrations

    actions = [demonstrations(Mounting.drawn(seed), 1000, seed).actions for seed in range(TRAINED)]
    return normaliser_of(np.concatenate(actions))
