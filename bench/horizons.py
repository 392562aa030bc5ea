# SPDX-License-Identifier: Apache-2.0
"""Horizons alone, mixed, and mixed with consensus, for a robot that waits for its chunks (docs/flow.md)."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.figures import add_json_argument, write_json
from bench.small_flows.training import begin_training

if TYPE_CHECKING:
    from bench.moving_line.judging import Judged
    from vla_ros.policies.flow.policy import MlpFlowPolicy

MIXTURE = (4, 8, 16)  # actions
COLUMNS = {
    "success_percent": "post not touched, within 1 cm of the line at the end, jumped or not [%]",
    "hits_percent": "ways that touch the post [%]",
    "error_mm": "distance to the line at the end, jumped or not, median [mm]",
    "settled_s": "from the jump until the tool is within 1 cm of the line for good, median [s]",
    "jerk_m_s3": "RMS jerk of the path, every 0.1 s, median [m/s³]",
    "looks": "inferences a way, mean",
}


@dataclass(frozen=True)
class Row:
    """A policy, and how much of each of its chunks is executed."""

    name: str
    horizons: tuple[int, ...]
    executed: int | None = None  # actions; None: all
    consensus: bool = False


ROWS = (
    *(Row(f"{horizon}", (horizon,)) for horizon in MIXTURE),
    *(Row(f"{horizon}, 4 executed", (horizon,), executed=4) for horizon in MIXTURE[1:]),
    Row("mixture", MIXTURE),
    Row("mixture, 4 executed", MIXTURE, executed=4),
    Row("mixture, 8 executed", MIXTURE, executed=8),
    Row("mixture, consensus", MIXTURE, consensus=True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench horizons`."""
    parser.add_argument("--drives", type=int, default=60, help="ways for each row and training (default 60)")
    parser.add_argument("--iterations", type=int, default=1500, help="of each training (default 1500)")
    parser.add_argument("--trainings", type=int, default=3, help="of each policy, by seed (default 3)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the policies, drive each row, print the table of docs/flow.md, write the JSON file."""
    begin_training("horizons", arguments)
    # Imported here: `vla bench` lists this benchmark where PyTorch is not installed.
    from bench.moving_line.task import train_policy

    figures: dict[str, float] = {}
    found: dict[Row, list[tuple[Judged, np.ndarray, np.ndarray]]] = {row: [] for row in ROWS}
    for seed in range(arguments.trainings):
        for horizons in dict.fromkeys(row.horizons for row in ROWS):
            policy = train_policy(iterations=arguments.iterations, horizons=horizons, seed=seed)
            for row in [row for row in ROWS if row.horizons == horizons]:
                found[row].append(_measure(policy, row, arguments.drives))
            print(f"training {seed + 1} of {arguments.trainings}, horizons {horizons}: driven", flush=True)
    print("| horizon | " + " | ".join(COLUMNS) + " |")
    for row, runs in found.items():
        own = _figures(runs)
        low, high = (own.pop(f"success_percent_{end}") for end in ("low", "high"))
        cells = [f"{own['success_percent']:.0f} ({low:.0f} to {high:.0f})"]
        cells += [f"{own[name]:.{2 if name == 'settled_s' else 1}f}" for name in list(COLUMNS)[1:]]
        print(f"| {row.name} | " + " | ".join(cells) + " |")
        figures |= {f"{row.name}_{name}": value for name, value in own.items()}
    for name, meaning in COLUMNS.items():
        print(f"{name}: {meaning}")
    write_json(figures, arguments.json)
    return 0


def _measure(policy: MlpFlowPolicy, row: Row, drives: int) -> tuple[Judged, np.ndarray, np.ndarray]:
    """Return the drives of a row, each way's clearance [m] and distance to the line [m], and its looks."""
    from bench.moving_line.drive import Abrupt, Drive, Jump, drive_waiting
    from bench.moving_line.judging import judged
    from vla_ros.policies.base import Policy
    from vla_ros.policies.chunking.config import wrap_chunking

    wrapped: Policy = policy
    if row.consensus:
        wrapped = wrap_chunking(policy, {"method": "consensus"}, "bench horizons")
    ends: list[tuple[float, float]] = []
    looks: list[int] = []

    def driven(seed: int, jump: Jump | None) -> Drive:
        policy.seed(seed)
        one, looked = drive_waiting(wrapped, Abrupt(), jump, row.executed)
        ends.append((one.clearance, one.error(0.0 if jump is None else jump.by)))
        looks.append(looked)
        return one

    return judged(driven, drives), np.array(ends), np.array(looks)


def _figures(runs: list[tuple[Judged, np.ndarray, np.ndarray]]) -> dict[str, float]:
    """Return the figures of a row over all trainings."""
    from bench.moving_line.judging import Judged

    drives = zip(*(vars(one).values() for one, _, _ in runs), strict=True)
    judged = Judged(*(np.concatenate(parts) for parts in drives)).figures()
    ends, looks = np.concatenate([one for _, one, _ in runs]), np.concatenate([one for _, _, one in runs])
    names = ("success_percent", "success_percent_low", "success_percent_high", "settled_s", "jerk_m_s3")
    return {name: judged[name] for name in names} | {
        "hits_percent": 100.0 * float((ends[:, 0] < 0.0).mean()),
        "error_mm": 1e3 * float(np.median(ends[:, 1])),
        "looks": float(looks.mean()),
    }
