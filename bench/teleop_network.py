# SPDX-License-Identifier: Apache-2.0
"""What arms make of a headset's 72 packets a second in bunches, with gaps, let go, and taken from a policy.

The bridge's arithmetic and control's follower in lockstep, both hands of every robot at once; no clock of this machine
counts. Exit code 1 where a bar is missed.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable, Mapping

import numpy as np
from rich.console import Console

from bench.figures import add_json_argument, write_json
from bench.hand_packets import cases
from bench.hand_packets.cases import CASES, CORRECTIONS
from controllers.control_config import StitchConfig
from controllers.errors import ConfigError
from vla_ros.progress import WorkProgress
from vla_ros.tables import print_table

ROBOTS = ("franka", "agilex")
FREEZE_MAX_S = 0.05
FRAMES_KEPT_MIN = 0.95
JUMP_MAX_M = 1e-3
# figure → column's name, what it is multiplied by, digits
COLUMNS = {
    "freeze": ("stands [ms]", 1e3, 0),
    "follows": ("until 10 % [ms]", 1e3, 0),
    "speed": ("tool [m/s]", 1.0, 2),
    "joint_speed": ("joint speed [limit]", 1.0, 2),
    "joint_acceleration": ("acceleration [limit]", 1.0, 2),
    "jump": ("jump [mm]", 1e3, 2),
    "kept": ("frames kept [%]", 100.0, 1),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench teleop_network`."""
    parser.add_argument("--robots", default=",".join(ROBOTS), help=f"which robots (default {','.join(ROBOTS)})")
    parser.add_argument("--trials", type=int, default=5, help="of each case and robot (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="of when packets, gaps and pictures come (default 0)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run all cases, print a table for each robot, write the JSON file; 1 when a bar is missed."""
    robots = [name.strip() for name in arguments.robots.split(",") if name.strip()]
    if arguments.trials < 1 or not robots:
        raise ConfigError("bench teleop_network: --trials must be 1 or more, --robots at least one name")
    flat: dict[str, float] = {}
    missed: list[str] = []
    console = Console()
    with WorkProgress(console=console) as progress:
        task = progress.add_task("trials", total=len(robots) * (len(CASES) + len(CORRECTIONS)) * arguments.trials)
        for robot in robots:
            found = measure(robot, arguments.trials, arguments.seed, lambda: progress.advance(task, 1))
            for name, values in found.items():
                flat |= {f"{robot}/{name}/{figure}": value for figure, value in values.items()}
                missed += [f"{robot}: {name}: {reason}" for reason in bars_missed(name, values)]
            title = f"{robot}, the worst of {arguments.trials} trials"
            print_table(console, ["case", *(head for head, _, _ in COLUMNS.values())], rows(found), title)
    for reason in missed:
        print(reason)
    write_json(flat, arguments.json)
    return int(bool(missed))


def measure(
    robot: str, trials: int, seed: int, advance: Callable[[], None] = lambda: None
) -> dict[str, dict[str, float]]:
    """Return the worst figures of each case, by its name."""
    found = {}
    for case in (*CASES, *CORRECTIONS):
        one = cases.figures if case in CASES else cases.correction
        random = np.random.default_rng([seed, zlib.crc32(case.name.encode())])
        results = []
        for _ in range(trials):
            results.append(one(robot, case, random))
            advance()
        found[case.name] = worst(results)
    return found


def worst(results: list[dict[str, float]]) -> dict[str, float]:
    """Return the worst of each figure: the greatest, and of what is kept the mean."""
    return {
        name: float((np.mean if name == "kept" else np.max)([result[name] for result in results]))
        for name in results[0]
    }


def rows(found: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """Return a table's rows; what a case does not measure is empty."""
    return [
        [name, *(f"{scale * v[key]:.{digits}f}" if key in v else "" for key, (_, scale, digits) in COLUMNS.items())]
        for name, v in found.items()
    ]


def bars_missed(name: str, figures: Mapping[str, float]) -> list[str]:
    """Return what a case's figures miss, in words."""
    speed = StitchConfig().speed_max
    bars = {
        "freeze": (FREEZE_MAX_S, "stands for {:.3f} s while the hand is heard to move, allowed are {:g}"),
        "speed": (speed, "the tool is commanded {:.2f} m/s, allowed are {:g}"),
        "joint_speed": (1.0, "a joint is commanded {:.2f} times its speed limit"),
        "joint_acceleration": (1.01, "a joint is commanded {:.2f} times its acceleration limit"),
        "jump": (JUMP_MAX_M, "the commanded pose jumps by {:.4f} m, allowed are {:g}"),
        "refused": (0.0, "control refused {:.0f} chunks"),
    }
    missed = [words.format(figures[key], most) for key, (most, words) in bars.items() if figures[key] > most + 1e-6]
    if figures.get("kept", 1.0) < FRAMES_KEPT_MIN:
        missed.append(f"{100.0 * figures['kept']:.1f} % of the frames are kept, {100.0 * FRAMES_KEPT_MIN:g} are wanted")
    return missed
