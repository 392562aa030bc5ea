# SPDX-License-Identifier: Apache-2.0
"""How often `vla compare` errs and how soon it decides, in simulated comparisons, beside tests of a fixed number."""

from __future__ import annotations

import argparse

import numpy as np
from rich.console import Console

from bench.figures import add_json_argument, write_json
from controllers.errors import ConfigError
from vla_ros.progress import shown
from vla_ros.tables import print_table

COMPARISONS, SCENES = (10, 1_000_000), (10, 5000)  # allowed
PAIRS = ((0.5, 0.8), (0.7, 0.85), (0.8, 0.9), (0.9, 0.95), (0.85, 0.95), (0.9, 0.99))  # rates that differ
POWER = 0.8  # of the comparisons decided, to say how many scenes it takes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench compare`."""
    parser.add_argument("--comparisons", type=int, default=1000, metavar="N", help="simulated, a law (default 1000)")
    parser.add_argument("--scenes", type=int, default=500, metavar="N",
                        help="of each comparison, looked at after every one (default 500)")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the random numbers (default 0)")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Simulate, print two tables, write the JSON file."""
    for option, (low, high) in (("comparisons", COMPARISONS), ("scenes", SCENES), ("seed", (0, 2**31))):
        value = getattr(arguments, option)
        if not low <= value <= high:
            raise ConfigError(f"--{option} must be {low} to {high}, got {value}")
    figures: dict[str, float] = {}
    console, total = Console(), 4 + len(PAIRS)
    with shown("comparisons") as progress:
        errors = _errors(arguments, figures, lambda done: progress(done / total))
        power = _power(arguments, figures, lambda done: progress((4 + done) / total))
    title = f"the same rate of both: share of {arguments.comparisons} comparisons in which one was called better, "
    headings = ("rates", "vla compare", "interval misses", "McNemar, each look", "Fisher, each look", "McNemar, once")
    print_table(console, headings, errors, f"{title}{arguments.scenes} looks each")
    headings = ("rates", "decided", "right", "median", "80 % decided", "McNemar, fixed and once")
    print_table(
        console, headings, power, f"rates that differ: scenes until `vla compare` decides, {arguments.scenes} at most"
    )
    write_json(figures, arguments.json)
    return 0


def _errors(arguments: argparse.Namespace, figures: dict[str, float], progress) -> list[tuple[str, ...]]:
    from bench.sequential_comparison.fixed_tests import fisher, mcnemar
    from bench.sequential_comparison.trials import EQUAL, look_after_every_scene

    rows = []
    for number, law in enumerate(EQUAL):
        progress(number)
        first, second = law.draw(arguments.comparisons, arguments.scenes, arguments.seed + number)
        outcome, peeked = look_after_every_scene(law, first, second), mcnemar(first, second)
        shares = {
            "vla_compare": outcome.decided_by(arguments.scenes),
            "interval_misses": outcome.missed / arguments.comparisons,
            "mcnemar_each_look": peeked.any(axis=1).mean(),
            "fisher_each_look": fisher(first, second).any(axis=1).mean(),
            "mcnemar_once": peeked[:, -1].mean(),
        }
        figures |= {f"equal_{number}.{name}": float(share) for name, share in shares.items()}
        rows.append((law.name, *(f"{100 * share:.1f} %" for share in shares.values())))
    return rows


def _power(arguments: argparse.Namespace, figures: dict[str, float], progress) -> list[tuple[str, ...]]:
    from bench.sequential_comparison.fixed_tests import mcnemar
    from bench.sequential_comparison.trials import independent, look_after_every_scene

    rows = []
    for number, (low, high) in enumerate(PAIRS):
        progress(number)
        law = independent(high, low)
        first, second = law.draw(arguments.comparisons, arguments.scenes, arguments.seed + 100 + number)
        outcome = look_after_every_scene(law, first, second)
        decided = outcome.decided_after > 0
        after = np.where(decided, outcome.decided_after, np.inf)
        fixed = np.flatnonzero(mcnemar(first, second).mean(axis=0) >= POWER)
        found = {
            "decided": decided.mean(),
            "right": outcome.right[decided].mean() if decided.any() else np.nan,
            "median_scenes": np.quantile(after, 0.5, method="higher"),
            "scenes_80": np.quantile(after, POWER, method="higher"),
            "mcnemar_fixed_scenes_80": fixed[0] + 1 if len(fixed) else np.inf,
        }
        name = f"power_{100 * high:g}_{100 * low:g}"
        figures |= {f"{name}.{key}": float(value) for key, value in found.items() if np.isfinite(value)}
        shares = [f"{100 * found[key]:.1f} %" for key in ("decided", "right")]
        counts = [found[key] for key in ("median_scenes", "scenes_80", "mcnemar_fixed_scenes_80")]
        rows.append(
            (law.name, *shares, *(f"{n:.0f}" if np.isfinite(n) else f"above {arguments.scenes}" for n in counts))
        )
    progress(len(PAIRS))
    return rows
