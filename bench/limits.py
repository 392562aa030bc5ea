# SPDX-License-Identifier: Apache-2.0
"""Random chunks all over the workspace: joint range, speed and effort, tool box, self-distance, what held the arm.

Chunks are valid: poses of the tool inside its box that the joints can reach, joint positions and joint velocities
within their limits. The arm is exact dynamics with actuation latency, without end stops: nothing but control keeps it
in its range; driven by positions or poses it has the simulated driver's servo. It is a robot's first arm, the rest of
which stands still.

A long run goes in parts: each with its own --seed and --json, put together by --merge.
"""

from __future__ import annotations

import argparse
import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.figures import add_json_argument, report
from bench.limit_fuzzing.fuzz import FIGURES, KINDS, MODES, LimitFuzz
from controllers.errors import ConfigError
from vla_ros.progress import WorkProgress
from vla_ros.robots.control import load_control_config
from vla_ros.robots.embodiment import load_embodiment, robot_names

BARS = {"speed_share_max": 1.0, "range_exceeded_rad": 0.0, "effort_share_max": 1.0, "holds": 0.0}
SUMMED = ("chunks", "refused", "travels", "holds")
LEAST = ("self_distance_min_mm",)  # the worst of these is the least, of the others the most


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench limits`."""
    parser.add_argument("--chunks", type=int, default=2000, help="how many chunks (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the random chunks (default 0)")
    parser.add_argument("--robot", default="franka", help=f"{', '.join(robot_names())} or a file (default franka)")
    parser.add_argument("--mode", default="", choices=["", *MODES], metavar="{" + ",".join(MODES) + "}",
                        help="what drives the arm (default: what usually does)")  # fmt: skip
    parser.add_argument("--kinds", default="", metavar="KINDS",
                        help=f"which chunks: some of {','.join(KINDS)} (default: all it can follow)")  # fmt: skip
    parser.add_argument("--brief", action="store_true", help="cut every chunk short by the next after 0.02 to 0.25 s")
    parser.add_argument("--rate", type=float, help="control rate [Hz] (default: the robot's update rate)")
    parser.add_argument("--delay", type=float, default=0.004, help="command delay of the simulated wire [s]")
    parser.add_argument("--jitter", type=float, default=0.0025, help="jitter on top of the delay [s]")
    parser.add_argument("--merge", nargs="+", metavar="FILE", help="instead: put the figures of earlier runs together")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Fuzz, print the figures and what held the arm; exit code 1 when a limit was left. Ctrl-C ends it early."""
    if arguments.merge:
        return _conclude(merged(arguments.merge), arguments.robot, arguments.json)
    robot = load_embodiment(arguments.robot)
    rate = 1.0 / robot.control_period if arguments.rate is None else arguments.rate
    mode = robot.arms[0].command_mode(arguments.mode)
    possible = MODES[mode]
    kinds = tuple(kind.strip() for kind in arguments.kinds.split(",")) if arguments.kinds else possible
    unknown = [kind for kind in kinds if kind not in possible]
    if unknown:
        raise ConfigError(f"bench limits: --kinds must be some of {','.join(possible)}, got '{unknown[0]}'")
    if arguments.chunks < 1 or not 100.0 <= rate <= 4000.0:
        raise ConfigError("bench limits: --chunks must be 1 or more, --rate 100 to 4000 Hz")
    if not (0.0 <= arguments.delay <= 0.1 and 0.0 <= arguments.jitter <= 0.1):
        raise ConfigError("bench limits: --delay and --jitter 0 to 0.1 s")
    wire = (rate, arguments.delay, arguments.jitter)
    fuzz = LimitFuzz(kinds, arguments.seed, *wire, mode, arguments.brief, arguments.robot)
    with WorkProgress(console=Console()) as progress:
        task = progress.add_task("chunks", total=arguments.chunks)
        with contextlib.suppress(KeyboardInterrupt):  # what has been run by then counts
            while fuzz.chunks < arguments.chunks:
                before = fuzz.chunks
                fuzz.travel()
                progress.advance(task, fuzz.chunks - before)
    result = _conclude(fuzz.figures(), arguments.robot, arguments.json)
    for (kind, reason), count in Counter(fuzz.holds).most_common():
        print(f"{count:5d} × {kind}: {reason}")
    for reason, count in fuzz.refused.most_common():
        print(f"{count:5d} × refused: {reason}")
    return result


def merged(files: Sequence[str]) -> dict[str, float]:
    """Return the figures of several runs as those of one. Raises ConfigError for a file that holds none."""
    parts: list[dict[str, float]] = []
    for name in files:
        try:
            part = json.loads(Path(name).read_text())
            numbers = {key: float(part[key]) for key in FIGURES}
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise ConfigError(
                f"bench limits: --merge {name}: not the --json of a run of this bench: {error}"
            ) from error
        parts.append(numbers)
    worst = {key: min if key in LEAST else sum if key in SUMMED else max for key in FIGURES}
    return {key: worse(part[key] for part in parts) for key, worse in worst.items()}


def _conclude(figures: dict[str, float], robot: str, json_file: str | None) -> int:
    """Print and write the figures; exit code 1 when a promise was not kept."""
    report(figures, json_file)
    wrong = problems(figures, robot)
    for problem in wrong:
        print(f"not as it must be: {problem}")
    return 1 if wrong else 0


def problems(figures: dict[str, float], robot: str = "franka") -> list[str]:
    """Say which promise was not kept; a tool may be as far outside of its box as a chunk may ask for."""
    bars = BARS | {"outside_box_mm": 1e3 * load_control_config(robot).safety.workspace_margin}
    return [f"{name} is {figures[name]:.3g}, allowed {bar:g}" for name, bar in bars.items() if figures[name] > bar]
