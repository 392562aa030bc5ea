# SPDX-License-Identifier: Apache-2.0
"""Whole-body control: time of a tick, every limit under random targets, figures of eight, a bar carried by two hands.

Targets are poses of the hands that can be reached and such that cannot, swivels of elbows, places of lift, head and
grippers, motions of the base, pushes on the hands, a table in the way; each stands for 2 to 300 ms (--hold-ms), and
every 200 targets the robot begins anew in another posture. Range, speed and acceleration of joints and base, distances
of all links and of the table, and the zero moment point are looked at from outside. Where mink or pink can be imported,
they follow the same eights and go to the same random targets (--compare).
"""

from __future__ import annotations

import argparse
import contextlib

import numpy as np
from rich.console import Console

from bench.figures import add_json_argument, report
from controllers.errors import ConfigError
from vla_ros.progress import WorkProgress
from vla_ros.robots.embodiment import robot_names

BARS = {
    "limit_violations": 0.0,
    "infeasible": 0.0,
    "eight_rms_mm": 3.0,
    "bar_error_mm": 3.0,
    "follower_bar_commanded_mm": 3.0,
    "follower_bar_measured_mm": 3.0,
}
AIMS = {"tick_us_median": 500.0, "tick_us_p999": 1000.0}  # of ByteMini, on an idle core: said, not failed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench whole_body`."""
    parser.add_argument("--robot", default="bytemini", help=f"{', '.join(robot_names())} or a file (default bytemini)")
    parser.add_argument("--targets", type=int, default=2000, help="how many random targets (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the random targets (default 0)")
    parser.add_argument("--hold-ms", type=float, default=300.0, help="how long a target stands at most (default 300)")
    parser.add_argument("--compare", action="store_true", help="also run mink and pink, if installed")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure and print the figures; exit code 1 when a limit was left or a path missed. Ctrl-C ends the targets."""
    if arguments.targets < 1:
        raise ConfigError("bench whole_body: --targets must be 1 or more")
    if not 2.0 <= arguments.hold_ms <= 10_000.0:
        raise ConfigError(f"bench whole_body: --hold-ms must be 2 to 10000, got {arguments.hold_ms:g}")
    from bench.whole_body_checks.bar_by_follower import bar_by_follower
    from bench.whole_body_checks.fuzz import BodyFuzz
    from bench.whole_body_checks.paths import carried_bar, eights

    fuzz = BodyFuzz(arguments.robot, arguments.seed, hold_ms=arguments.hold_ms)
    with WorkProgress(console=Console()) as progress:
        task = progress.add_task("random targets", total=arguments.targets)
        with contextlib.suppress(KeyboardInterrupt):  # what has been run by then counts
            fuzz.run(arguments.targets, lambda: progress.advance(task))
        paths = progress.add_task("paths", total=3)
        figures = fuzz.figures()
        errors = eights(arguments.robot)
        figures["eight_rms_mm"] = max(errors.values())
        progress.advance(paths)
        if len(errors) > 1:
            figures["bar_error_mm"], figures["bar_progress_min"] = carried_bar(arguments.robot)
            progress.advance(paths)
            figures |= bar_by_follower(arguments.robot)
        progress.advance(paths)
    if arguments.compare:
        from bench.whole_body_checks.comparison import compare

        figures |= compare(arguments.robot)
    report(figures, arguments.json)
    for name, count in fuzz.what.items():
        print(f"{count:5d} ticks × {name}")
    for name, bar in AIMS.items():
        if figures[name] > bar:
            print(f"slower than aimed at: {name} is {figures[name]:.0f}, aim {bar:g}")
    wrong = [f"{name} is {figures[name]:.3g}, allowed {bar:g}" for name, bar in BARS.items() if not kept(figures, name)]
    for problem in wrong:
        print(f"not as it must be: {problem}")
    return 1 if wrong else 0


def kept(figures: dict[str, float], name: str) -> bool:
    """Say whether a figure is within its bar; one that this robot does not have is."""
    value = figures.get(name, 0.0)
    return bool(np.isfinite(value)) and value <= BARS[name]
