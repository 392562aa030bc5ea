# SPDX-License-Identifier: Apache-2.0
"""A shift of real work with nodes killed at random: does memory grow, is the arm held, is anything recorded lost?

A job runs episode after episode on one graph with on_failure:=restart. Every so often a node is killed (SIGKILL). The
arm must be held, the node must come back and the work go on; nothing enables control but the next episode, and after
control's or the guard's death nothing at all before a person's release, whom this command stands in for. Exit code 1
when something was not so, or grows.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from rich.console import Console

from bench.figures import add_json_argument, write_json
from bench.shift.jobs import JOBS
from bench.shift.report import figures, kills_table, problems, slopes_table
from bench.shift.shift import Shift
from controllers.errors import ConfigError
from vla_ros.output_file import check_output
from vla_ros.tables import print_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench soak`."""
    parser.add_argument("--job", choices=tuple(JOBS), default="bin_picking", help="what is done all the time")
    parser.add_argument("--minutes", type=float, default=60.0, metavar="N", help="how long")
    parser.add_argument(
        "--kill-every", type=float, default=120.0, metavar="S", help="kill a node so often [s]; 0: never"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the scenes, and of who is killed when")
    parser.add_argument("--folder", metavar="DIR", help="keep the run folder, the bags and the log here")
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the shift, show what came of it; Ctrl-C ends it early, and what there is is shown."""
    if not 0.5 <= arguments.minutes <= 24 * 60:
        raise ConfigError(f"bench soak: --minutes must be 0.5 to 1440, got {arguments.minutes:g}")
    if arguments.kill_every and arguments.kill_every < 10.0:
        raise ConfigError(f"bench soak: --kill-every must be 0 or at least 10, got {arguments.kill_every:g}")
    check_output("--json", arguments.json or "")
    console = Console()
    with tempfile.TemporaryDirectory(prefix="vla_soak_") as temporary:
        folder = Path(arguments.folder or temporary).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConfigError(f"bench soak: --folder {arguments.folder}: is not empty; name a new folder")
        shift = Shift(JOBS[arguments.job], folder, arguments.seed)
        try:
            shift.run(60.0 * arguments.minutes, arguments.kill_every, console)
        except KeyboardInterrupt:
            console.print("interrupted: what there is follows")
        finally:
            shift.close()
        shift.judge_bags()
    print_table(console, *kills_table(shift))
    print_table(console, *slopes_table(shift))
    write_json(figures(shift), arguments.json)
    wrong = problems(shift)
    for problem in wrong:
        print(problem)
    print(f"{shift.worked_s / 60.0:.1f} minutes, {shift.episodes} episodes, {len(shift.kills)} kills: "
          f"{'as it must be' if not wrong else f'{len(wrong)} problems'}")  # fmt: skip
    return 1 if wrong else 0
