# SPDX-License-Identifier: Apache-2.0
"""What the control loop costs, how punctual it is, how well it follows chunks beside other methods, how soon it stops.

Ten methods follow the same late policies down the same paths with the same impedance law (docs/control.md, Compared).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.chunk_control import comparison
from bench.chunk_control.comparison import Task
from bench.chunk_control.figures import all_figures, headline
from bench.chunk_control.judgement import Judgement
from bench.chunk_control.tables import markdown, show
from bench.control_loop.latency import latency_figures
from bench.control_loop.punctuality import punctuality_figures
from bench.control_loop.rig import FrankaRig
from bench.control_loop.soak import soak_figures
from bench.control_loop.stages import stage_figures, wide_stitch_figures
from bench.control_loop.two_arms import two_arm_figures
from bench.figures import add_json_argument, report, write_json
from controllers.errors import ConfigError
from vla_ros.output_file import OutputFile, check_output, write_output
from vla_ros.progress import WorkProgress

REST_SPEED = 0.02  # [rad/s]
COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
           TimeRemainingColumn())  # fmt: skip
EXPOSURES, QUICK_EXPOSURES = 200, 15
QUICK_S = 1.5  # [s] the most that a quick run measures anything


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench control`."""
    parser.add_argument("--rate", type=float, default=1000.0, help="control rate [Hz] (default 1000)")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement [s] (default 8)")
    parser.add_argument("--delay", type=float, default=0.004, help="command delay of the simulated wire [s]")
    parser.add_argument("--jitter", type=float, default=0.0025, help="jitter on top of the delay [s]")
    parser.add_argument("--seeds", type=int, default=2, help="policies drawn for each path and delay (default 2)")
    parser.add_argument("--workers", type=int, default=2, help="processes that roll out (default 2)")
    parser.add_argument("--quick", action="store_true", help="every figure from a few roll-outs: for tests")
    parser.add_argument("--recording", metavar="FILE", help="also compare on a recorded tool path: CSV of time [s], "
                        "x, y, z [m], qx, qy, qz, qw in the base frame, first line headings")  # fmt: skip
    parser.add_argument("--markdown", action=OutputFile, metavar="FILE",
                        help="also write the comparison as it stands in docs/control.md")  # fmt: skip
    parser.add_argument(
        "--pictures", metavar="FOLDER", help="also draw control_jerk.png and control_transition.png there"
    )
    parser.add_argument("--no-latency", action="store_true", help="do not start the nodes that image to command needs")
    parser.add_argument("--soak", type=int, nargs="?", const=1_000_000, metavar="TICKS",
                        help="instead: so many ticks (default a million) under random chunks; exit code 1 when "
                        "something drifts, grows or gathers energy")  # fmt: skip
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Compare, measure, print tables, write the files."""
    _check(arguments)
    rig = FrankaRig(arguments.rate, arguments.delay, arguments.jitter)
    if arguments.soak:
        figures, problems = soak_figures(rig, arguments.soak)
        report(figures, arguments.json)
        for problem in problems:
            print(f"not as it must be: {problem}")
        return 1 if problems else 0
    results = _compare(arguments)
    show(results, Console())
    if arguments.markdown:
        write_output("--markdown", arguments.markdown, markdown(results))
    if arguments.pictures:
        from bench.chunk_control.pictures import write_pictures  # Matplotlib takes a second to load

        write_pictures(arguments.pictures, results)
    seconds = min(QUICK_S, arguments.seconds) if arguments.quick else arguments.seconds
    figures = headline(results)
    if not arguments.no_latency:
        figures |= latency_figures(QUICK_EXPOSURES if arguments.quick else EXPOSURES)
    for measure in (_following, stage_figures, _stopping, punctuality_figures):
        figures.update(measure(rig, seconds))
    figures |= wide_stitch_figures(rig.franka.config.stitch)
    figures |= two_arm_figures(arguments.rate, seconds)
    figures["delay_margin_ms"] = _delay_margin(rig)
    report(figures, None)
    write_json(figures | all_figures(results), arguments.json)
    return 0


def _check(arguments: argparse.Namespace) -> None:
    if not (arguments.seconds > 0.0 and 0.0 <= arguments.delay < 1.0 and 0.0 <= arguments.jitter < 1.0):
        raise ConfigError("bench control: --seconds must be > 0, --delay and --jitter 0 to 1 s")
    if not (1 <= arguments.seeds <= 1000 and 1 <= arguments.workers <= 64):
        raise ConfigError("bench control: --seeds must be 1 to 1000, --workers 1 to 64")
    if arguments.soak is not None and arguments.soak < 50_000:
        raise ConfigError("bench control: --soak must be 50000 ticks or more: each tenth of it comes to rest")
    if arguments.recording:
        comparison.ideal_path(arguments.recording)
    if arguments.pictures:
        check_output("--pictures", Path(arguments.pictures) / "control_jerk.png", make_folder=True)


def _compare(arguments: argparse.Namespace) -> dict[Task, Judgement]:
    few = arguments.quick
    every = comparison.few_tasks() if few else comparison.tasks(arguments.seeds, arguments.recording)
    results = {}
    with WorkProgress(*COLUMNS, console=Console()) as progress:
        bar = progress.add_task("roll-outs", total=len(every))
        for task, judgement in comparison.judged(every, arguments.workers):
            results[task] = judgement
            progress.advance(bar)
    return results


def _following(rig: FrankaRig, seconds: float) -> dict[str, float]:
    rig.restart()
    durations, errors = rig.follow(seconds)
    tick = np.percentile(1e6 * durations, [50, 95, 99, 99.9])
    for _ in range(round(1.5 / rig.dt)):
        rig.tick()
    commanded = rig.driven.progress.T_base_ee_commanded[:3, 3]
    return {
        "tick_us_median": float(tick[0]),
        "tick_us_p95": float(tick[1]),
        "tick_us_p99": float(tick[2]),
        "tick_us_p999": float(tick[3]),
        "stitch_ms_median": float(np.median(rig.stitch_ms)),
        "stitch_ms_p99": float(np.percentile(rig.stitch_ms, 99)),
        "prompt_tracking_rms_mm": float(1e3 * np.sqrt((errors[round(1.0 / rig.dt) :] ** 2).mean())),
        "static_error_mm": float(1e3 * np.linalg.norm(rig.tool - commanded)),
    }


def _stopping(rig: FrankaRig, seconds: float) -> dict[str, float]:
    def rest_time(stop: Callable[[], None], stale: bool = False) -> float:
        rig.restart()
        rig.follow(1.5)
        stop()
        began = last_moving = rig.arm.time
        for k in range(round(1.5 / rig.dt)):
            rig.tick(stale=stale and k * rig.dt < 0.1)
            if np.abs(rig.arm.dq).max() > REST_SPEED:
                last_moving = rig.arm.time
        rig.follower.release_emergency_stop()
        return last_moving - began

    return {
        "estop_rest_s": rest_time(rig.follower.emergency_stop),
        "stale_rest_s": rest_time(lambda: None, stale=True),
        "exhausted_rest_s": rest_time(lambda: None),
    }


def _delay_margin(rig: FrankaRig) -> float:
    """Return the longest command delay [ms] at which a frictionless arm still comes to rest after a push."""
    random = np.random.default_rng(1)
    push = 3.0 * random.normal(size=(round(0.05 / rig.dt), len(rig.home)))
    for delay_ms in range(8, 60, 2):
        rig.restart(command_delay=1e-3 * delay_ms, jitter=0.0, damping=0.0, friction=0.0)
        speeds = []
        for k in range(round(1.2 / rig.dt)):
            rig.arm.disturbance[:] = push[k] if k < len(push) else 0.0
            rig.tick()
            speeds.append(np.abs(rig.arm.dq).max())
        half = len(speeds) // 2
        ringing = max(speeds[-half // 2 :]) > 0.5 * max(speeds[:half])
        if ringing or rig.follower.progress.hold_reason.startswith("fault"):
            return float(delay_ms - 2)
    return 58.0
