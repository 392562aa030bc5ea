# SPDX-License-Identifier: Apache-2.0
"""Every launch preset with a robot and a task of its own, in real time on this machine, several scenes each.

Each run is `./vla launch PRESET seed:=N`, alone, to its end; nothing else should run beside it. Exit code 1 where a
preset's median misses a bar: real-time factor 0.9, that of its worst second 0.75, first motion within 20 s.
"""

from __future__ import annotations

import argparse
import shlex
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from bench.figures import add_json_argument, write_json
from controllers.errors import ConfigError
from vla_ros.commands.evaluation.episode_launch import EpisodeLaunch, stop_all
from vla_ros.evaluation.statistics import wilson_interval
from vla_ros.launching.environment import free_domain
from vla_ros.tables import print_table

PRESETS = (
    "agilex_fold", "agilex_handover", "bytemini_bussing", "bytemini_hang", "franka_drawer", "franka_grasp",
    "franka_grasp robot:=fr3", "ldt01_flip",
)  # fmt: skip
FACTOR, WORST, MOTION_S = "real_time_factor", "real_time_factor_worst_s", "time_to_first_motion_s"
BARS = {FACTOR: 0.9, WORST: 0.75, MOTION_S: 20.0}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench presets`."""
    parser.add_argument("--runs", type=int, default=5, help="scenes of each preset (default 5)")
    parser.add_argument("--first-seed", type=int, default=0, help="seed of the first scene (default 0)")
    parser.add_argument(
        "--preset", action="append", metavar="WORDS",
        help='a preset, with launch arguments if need be ("franka_grasp robot:=fr3"); again for more (default: all)',
    )  # fmt: skip
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Launch, print a table, write the JSON file."""
    if arguments.runs < 1 or arguments.first_seed < 0:
        raise ConfigError("bench presets: --runs must be at least 1 and --first-seed at least 0")
    console = Console()
    presets, figures = arguments.preset or PRESETS, {}
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.runs)
    results: dict[str, list[Mapping[str, Any]]] = {preset: [] for preset in presets}
    for preset, rows in results.items():
        for seed in seeds:
            rows.append(_launched(preset, seed))
            console.print(f"{preset}, seed {seed}: {_line(rows[-1])} ({len(rows)} of {len(seeds)})")
            figures |= _figures(preset, rows)
            write_json(figures, arguments.json)
    _print(console, results)
    missed = [
        f"{preset}: {name} {figures[f'{preset}/{name}_median']:.2f}, wanted {BARS[name]:g}"
        for preset in presets
        for name in BARS
        if not _met(name, figures[f"{preset}/{name}_median"])
    ]
    for line in missed:
        console.print(f"not as it must be: {line}")
    return 1 if missed else 0


def _launched(preset: str, seed: int) -> Mapping[str, Any]:
    """Run a preset to its end and return what its result says. Raises ConfigError for a preset that cannot start."""
    with tempfile.TemporaryDirectory(prefix="vla_presets_") as folder:
        words = ["launch", *shlex.split(preset), f"seed:={seed}"]
        launched = EpisodeLaunch(seed, free_domain(), Path(folder) / "run", words, "vla_ros")
        try:
            while not launched.ended:
                time.sleep(0.2)
            result = launched.report()
        except BaseException:
            stop_all([launched])
            raise
        launched.close()
    if FACTOR not in result and "exit_code" not in result:
        raise ConfigError(f"bench presets: {preset}: {result.get('failure')}")
    return result


def _line(result: Mapping[str, Any]) -> str:
    outcome = "success" if result.get("success") else str(result.get("failure") or result.get("outcome"))
    factor, worst, motion = (_number(result, name) for name in BARS)
    return f"{outcome}, real-time factor {factor:.2f}, worst second {worst:.2f}, first motion {motion:.1f} s"


def _number(result: Mapping[str, Any], name: str) -> float:
    value = result.get(name)
    return float(value) if isinstance(value, int | float) else float("nan")


def _figures(preset: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    figures = {"runs": float(len(rows)), "successes": float(sum(bool(row.get("success")) for row in rows))}
    for name in BARS:
        values = np.array([_number(row, name) for row in rows])
        worst = np.max if name == MOTION_S else np.min
        figures |= {
            f"{name}_median": float(np.median(values)),
            f"{name}_worst": float(worst(values)),
            f"{name}_met": float(sum(_met(name, value) for value in values)),
        }
    cores = [sum(row.get("cores_by_process", {}).values()) for row in rows]
    figures["cores_median"] = float(np.median(cores))
    return {f"{preset}/{name}": value for name, value in figures.items()}


def _met(name: str, value: float) -> bool:
    return bool(value <= BARS[name] if name == MOTION_S else value >= BARS[name])


def _print(console: Console, results: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    table = []
    for preset, rows in results.items():
        figures = {name.rpartition("/")[2]: value for name, value in _figures(preset, rows).items()}
        low, high = wilson_interval(int(figures["successes"]), len(rows))
        cells = [f"{figures['successes']:.0f} of {len(rows)} ({100 * low:.0f} to {100 * high:.0f} %)"]
        for name, digits in ((FACTOR, 2), (WORST, 2), (MOTION_S, 1)):
            median, worst, met = (figures[f"{name}_{what}"] for what in ("median", "worst", "met"))
            cells.append(f"{median:.{digits}f}, {worst:.{digits}f}; {met:.0f} of {len(rows)}")
        table.append([preset, *cells, f"{figures['cores_median']:.2f}"])
    bars = (f">= {BARS[FACTOR]:g}", f">= {BARS[WORST]:g}", f"<= {BARS[MOTION_S]:g} s")
    what = ("real-time factor", "worst second", "first motion [s]")
    headings = [f"{name} (median, worst; {bar})" for name, bar in zip(what, bars, strict=True)]
    print_table(console, ["preset", "success (95 %)", *headings, "cores"], table)
