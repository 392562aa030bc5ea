# SPDX-License-Identifier: Apache-2.0
"""Compare two policies blind: a person places, watches and judges, and does not know which of them is driving.

Both run every scene, in an order that is drawn and kept in FOLDER/key.json, each episode as a `vla launch` of the job;
--a and --b are the launch arguments that each has alone, the words at the end those of both. After each episode you say
success, failure, or void with a reason. Every trial is written at once: leave, and the same folder goes on. It ends
when it is decided, or after all scenes; then it says which was which, and FOLDER/A.json and B.json are evaluations
that `vla compare` reads.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError

if TYPE_CHECKING:
    from vla_ros.commands.evaluation.trial.conducting import Conductor
    from vla_ros.evaluation.blind.design import TrialDesign

HOST, PORT = "localhost", 8445  # of the page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("folder", metavar="FOLDER", help="of the trial, new or to go on with")
    parser.add_argument("shared", nargs="*", default=[], metavar="name:=value", help="launch arguments of both")
    parser.add_argument("--a", metavar="ARGS", help="launch arguments of A alone, such as 'policy:=graspvla'")
    parser.add_argument("--b", metavar="ARGS", help="of B alone, such as 'checkpoint:=checkpoints/mine'")
    parser.add_argument("--job", metavar="JOB", help="that moves the robot (default franka_grasp)")
    parser.add_argument("--episodes", type=int, metavar="N", help="scenes at most, each run by both (default 40)")
    parser.add_argument("--seed", type=int, metavar="S", help="of the first scene (default 4000)")
    parser.add_argument("--page", action="store_true", help="ask on a page, with the cameras' pictures and outlines of "
                        "where things are to stand, instead of in the terminal")  # fmt: skip
    parser.add_argument("--host", metavar="WHO",
                        help=f"who may open it: localhost, all, or an address to listen on ({HOST})")  # fmt: skip
    parser.add_argument("--port", type=int, metavar="N", help=f"of the page; 0: any that is free ({PORT})")
    parser.add_argument("--reveal", action="store_true", help="end the trial now and say which was which")


def run(arguments: argparse.Namespace) -> int:
    """Run the trial; 0 at its end, 130 when the person left before."""
    from rich.console import Console

    from vla_ros.commands.doctor.ros import refuse_mixture
    from vla_ros.commands.evaluation.trial.arguments import episodes_of
    from vla_ros.commands.evaluation.trial.conducting import Conductor
    from vla_ros.commands.evaluation.trial.ending import reveal
    from vla_ros.evaluation.blind.design import DESIGN_FILE
    from vla_ros.evaluation.blind.key import KEY_FILE, draw_key, read_key
    from vla_ros.evaluation.blind.trials import read_trials
    from vla_ros.launching.environment import choose_domain
    from vla_ros.output_file import check_output_folder

    _check_page(arguments)
    refuse_mixture()
    folder = Path(arguments.folder)
    check_output_folder("", folder)
    design = _design(arguments, folder)
    episodes = episodes_of(design)
    record = read_trials(folder)
    if not (folder / DESIGN_FILE).exists():
        folder.mkdir(parents=True, exist_ok=True)
        design.save(folder)
        draw_key(design.scenes).save(folder)
    elif not (folder / KEY_FILE).exists() and not record.trials:
        draw_key(design.scenes).save(folder)
    key = read_key(folder, design.scenes)
    domain = choose_domain(-1, str(episodes.values["A"]["discovery"]))
    conductor = Conductor(folder, episodes, key, list(record.trials), domain)
    console = Console()
    if not record.revealed and not arguments.reveal and not _conduct(arguments, conductor, domain):
        ended, left = len(conductor.course.pairs), design.scenes
        console.print(f"\nleft after {ended} of {left} scenes; `vla trial {arguments.folder}` goes on", markup=False)
        return 130
    reveal(folder, conductor.course, episodes, console)
    return 0


def _check_page(arguments: argparse.Namespace) -> None:
    """Raise ConfigError for what says where a page is and means none."""
    for option, value in (("--host", arguments.host), ("--port", arguments.port)):
        if value is not None and not arguments.page:
            raise ConfigError(f"{option} {value}: says where the page is: give --page, or leave it out")
    if arguments.port is not None and not 0 <= arguments.port <= 65535:
        raise ConfigError(f"--port {arguments.port}: give 0 to 65535")


def _conduct(arguments: argparse.Namespace, conductor: Conductor, domain: int) -> bool:
    """Run what is left, asking on the page or in the terminal; False when the person left."""
    if not arguments.page:
        from vla_ros.commands.evaluation.trial.asking import Terminal

        return conductor.run(Terminal())
    from vla_ros.commands.evaluation.trial.page import served

    host = HOST if arguments.host is None else arguments.host
    port = PORT if arguments.port is None else arguments.port
    with served(conductor.episodes, domain, host, port) as page:
        ended = conductor.run(page)
        page.board.show({"state": "over"})
        return ended


def _design(arguments: argparse.Namespace, folder: Path) -> TrialDesign:
    """Return what is to be run: what the folder says, which what is given must not contradict."""
    from vla_ros.commands.evaluation.trial.arguments import check_words, split_words
    from vla_ros.evaluation.blind.design import DESIGN_FILE, TrialDesign, read_design

    given = {
        "job": arguments.job,
        "shared": check_words(arguments.shared) or None,
        "first": None if arguments.a is None else split_words("--a", arguments.a),
        "second": None if arguments.b is None else split_words("--b", arguments.b),
        "seed": arguments.seed,
        "scenes": arguments.episodes,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if not (folder / DESIGN_FILE).exists():
        if arguments.a is None or arguments.b is None:
            raise ConfigError(f"{arguments.folder}: holds no trial: begin one with --a ARGS and --b ARGS")
        return TrialDesign(**{"job": "franka_grasp", "shared": ()} | given)
    design = read_design(folder)
    for name, value in given.items():
        if getattr(design, name) != value:
            there = getattr(design, name)
            shown = " ".join(there) if isinstance(there, tuple) else there
            raise ConfigError(
                f"{arguments.folder}: is a trial whose {name} is '{shown}': go on with FOLDER alone, or name another"
            )
    return design
