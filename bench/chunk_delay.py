# SPDX-License-Identifier: Apache-2.0
"""Chunk methods under delays that vary: transitions, jerk, reaction to what moves, success (docs/chunking.md)."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial

from bench.figures import add_json_argument, write_json
from bench.small_flows.training import begin_training
from controllers.errors import ConfigError
from vla_ros.policies.chunking.config import CONSENSUS, HYDRA, METHODS

DELAYS = {"fixed": (0.3, 0.0), "varying": (0.3, 0.15)}  # mean, standard deviation [s] of an inference
ALONE = "a2c2_alone"  # a2c2 whose chunks are each drawn for themselves
# Consensus and waypoints have tasks of their own: bench/horizons.py, bench/hydra.py.
MEASURED = ("none", *(method for method in METHODS if method not in (CONSENSUS, HYDRA)), ALONE)
CLOCK, CONTROL = "clock", "control"  # what executes chunks: they are swapped by the clock, or go through control
# Through control too, under the delay that varies.
SPLICED, SPLICED_DELAY = ("none", "act", "rtc_identity", "rtc_trained", "future_state", "a2c2"), "varying"
COLUMNS = {
    "transition_mm": "position step where a chunk takes over, RMS of a drive [mm]",
    "transition_mm_s": "velocity step there [mm/s]",
    "bend_mm_s": "largest change of velocity within 0.1 s [mm/s]",
    "jerk_m_s3": "RMS jerk of the path, every 0.1 s [m/s³]",
    "reaction_s": "from the jump of the line until the motion has turned by 2 mm [s]",
    "settled_s": "from there until it is within 1 cm of the line for good [s]",
    "success_percent": "post not touched, within 1 cm of the line at the end [%]",
}

DIGITS = {"transition_mm_s": 0, "bend_mm_s": 0, "reaction_s": 2, "settled_s": 2, "success_percent": 0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench chunk_delay`."""
    parser.add_argument("--drives", type=int, default=60, help="ways for each method and delay (default 60)")
    parser.add_argument("--iterations", type=int, default=1500, help="of each training (default 1500)")
    parser.add_argument("--methods", nargs="+", metavar="METHOD", help="only these, of " + ", ".join(MEASURED))
    parser.add_argument("--execution", choices=(CLOCK, CONTROL), help="only this one; default: both")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train the policies, measure every method under every delay, print tables, write the JSON file."""
    methods = tuple(arguments.methods or MEASURED)
    for method in methods:
        if method not in MEASURED:
            raise ConfigError(f"bench chunk_delay: unknown method '{method}': {', '.join(MEASURED)}")
    begin_training("chunk_delay", arguments)
    # Imported here: `vla bench` lists this benchmark where PyTorch is not installed.
    from bench.franka import Franka
    from bench.moving_line.delays import Delay
    from bench.moving_line.drive import Abrupt, Follower
    from bench.moving_line.judging import judge
    from bench.moving_line.spliced import Splicing, beginning
    from bench.moving_line.task import PREFIX_MAX, train_policy

    plain = train_policy(correction=True, iterations=arguments.iterations)
    prefixed = train_policy(prefix_max=PREFIX_MAX, iterations=arguments.iterations)
    executions: dict[str, Callable[[], Follower]] = {}
    if arguments.execution != CONTROL:
        executions[CLOCK] = Abrupt
    if arguments.execution != CLOCK:
        franka = Franka()
        executions[CONTROL] = partial(Splicing, franka, beginning(franka))
    figures: dict[str, float] = {}
    for name, (mean, spread) in DELAYS.items():
        for execution, follower in executions.items():
            if execution == CONTROL and name != SPLICED_DELAY:
                continue
            print(f"{name} delay, {mean:g} s ± {spread:g} s, by {execution}, {arguments.drives} ways")
            for method in methods if execution == CLOCK else [one for one in methods if one in SPLICED]:
                policy = prefixed if method == "rtc_trained" else plain
                found = judge(policy, method, Delay(mean, spread), arguments.drives, follower).figures()
                print(_row(method, found, execution), flush=True)
                kind = name if execution == CLOCK else f"{name}_spliced"
                figures |= {f"{kind}_{method}_{column}": value for column, value in found.items()}
            print()
    print("Medians, and success, with their 95 % intervals.")
    for name, meaning in COLUMNS.items():
        print(f"{name}: {meaning}")
    write_json(figures, arguments.json)
    return 0


def _row(method: str, figures: dict[str, float], execution: str) -> str:
    """Return a row of the Markdown table of docs/chunking.md; through control no transition has a step."""
    cells = []
    for name in COLUMNS:
        if execution == CONTROL and name.startswith("transition"):
            cells.append("–")
            continue
        digits = DIGITS.get(name, 1)
        low, high = (figures[f"{name}_{end}"] for end in ("low", "high"))
        cells.append(f"{figures[name]:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})")
    return f"| `{method}` | " + " | ".join(cells) + " |"
