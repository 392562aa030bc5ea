# SPDX-License-Identifier: Apache-2.0
"""Waypoints beside actions: how few demonstrations are enough where most of the way does not matter (HYDRA)."""

from __future__ import annotations

import argparse

import numpy as np

from bench.figures import add_json_argument, write_json
from bench.small_flows.training import begin_training

DEMONSTRATIONS = (3, 10, 30, 100)
EXECUTED = 8  # actions of each chunk before the next look
ROWS = ("actions alone", "actions alone, ways relabelled", "waypoints and actions (hydra)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench hydra`."""
    parser.add_argument("--drives", type=int, default=40, help="for each row and training (default 40)")
    parser.add_argument("--iterations", type=int, default=1500, help="of each training (default 1500)")
    parser.add_argument("--trainings", type=int, default=3, help="of each policy, by seed, of other ways (default 3)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train, drive, print the table of docs/flow.md, write the JSON file."""
    begin_training("hydra", arguments)
    # Imported here: `vla bench` lists this benchmark where PyTorch is not installed.
    from bench.small_flows.slot import Demonstrations, drive, through, train
    from vla_ros.evaluation.statistics import wilson_interval
    from vla_ros.policies.base import Policy
    from vla_ros.policies.chunking.config import wrap_chunking

    figures: dict[str, float] = {}
    print("| demonstrations | " + " | ".join(ROWS) + " |")
    for count in DEMONSTRATIONS:
        good: dict[str, list[bool]] = {row: [] for row in ROWS}
        for seed in range(arguments.trainings):
            ways = Demonstrations.drawn(count, seed)
            straight = ways.relabelled
            plain = train(ways, arguments.iterations, seed, waypoints=False)
            relabelled = train(straight, arguments.iterations, seed, waypoints=True)
            hydra = wrap_chunking(relabelled, {"method": "hydra"}, "bench hydra")
            policies: tuple[Policy, ...] = plain, relabelled, hydra
            for row, policy in zip(ROWS, policies, strict=True):
                for number in range(arguments.drives):
                    (plain if policy is plain else relabelled).seed(number)
                    good[row].append(through(drive(policy, number, EXECUTED)))
        cells = []
        for row, passed in good.items():
            low, high = wilson_interval(sum(passed), len(passed))
            cells.append(f"{100.0 * np.mean(passed):.0f} % ({100.0 * low:.0f} to {100.0 * high:.0f})")
            figures[f"{count}_{row}"] = 100.0 * float(np.mean(passed))
        print(f"| {count} | " + " | ".join(cells) + " |", flush=True)
    print(f"Ways through the slot without touching its sides, of {arguments.trainings * arguments.drives} each.")
    write_json(figures, arguments.json)
    return 0
