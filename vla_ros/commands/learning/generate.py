# SPDX-License-Identifier: Apache-2.0
"""Generate demonstrations in the simulator: LeRobotDatasets in OUTPUT/action and, on request, OUTPUT/grounding.

Started again, or after Ctrl-C or a kill, the same command goes on where it was; with more --episodes it appends.
docs/generation.md says what is in the folder. With --task bin_pick it is scenes of totes and labelled candidates of
tools, for GAM: docs/gam_data.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.commands.data.dataset import print_lines, write_json
from vla_ros.output_file import OutputFile
from vla_ros.robots.names import DEFAULT_GENERATION

if TYPE_CHECKING:
    from vla_ros.training.generation.maker import MakeMaker
    from vla_ros.training.generation.settings import GenerationSettings
    from vla_ros.training.generation.worker import Job
    from vla_ros.training.generation.worker_pool import WorkerPool

WORKERS_MAX = 1024
BIN_TASK = "bin_pick"  # whose data are labelled candidates


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("output", metavar="OUTPUT", help="folder, new or one of an earlier generation")
    parser.add_argument("--config", default=DEFAULT_GENERATION, metavar="NAME",
                        help="what is made: a name from config/generate, with --task bin_pick from config/candidates, "
                        f"or a .yaml file ({DEFAULT_GENERATION}, bin_pick)")  # fmt: skip
    parser.add_argument("--task", metavar="NAME", help="what is demonstrated: vla tasks list (default: the file's)")
    parser.add_argument("--contract", metavar="NAME", help="whose cameras and columns (default: the file's)")
    parser.add_argument("--clean", action="store_true", default=None,
                        help="leave out frames whose action is no example: episodes are cut there")  # fmt: skip
    parser.add_argument("--episodes", type=int, metavar="N", help="how many there are to be (default: the file's)")
    parser.add_argument("--scenes", type=int, metavar="N", help="of bin_pick (default: the file's)")
    parser.add_argument("--tools", metavar="NAMES",
                        help="of bin_pick: label for these, joined by commas, in all of their modes")  # fmt: skip
    parser.add_argument("--grounding", type=int, metavar="N", help="scenes with boxes alone (default: the file's)")
    parser.add_argument("--objects", metavar="DIR", help="scenes of your own objects; docs/objects.md")
    parser.add_argument("--seed", type=int, metavar="S", help="the first seed (default: the file's)")
    parser.add_argument("--workers", type=int, metavar="W", help="processes, or Ray tasks at once (default all cores)")
    parser.add_argument("--ray", metavar="ADDRESS",
                        help="of a Ray cluster whose machines share OUTPUT: auto, host:port, or local")  # fmt: skip
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Generate what is missing; 0 when all is there, 130 when interrupted."""
    if arguments.task == BIN_TASK:
        from vla_ros.commands.learning.candidates import make_candidates

        return make_candidates(arguments)
    for option in ("scenes", "tools"):
        if getattr(arguments, option) is not None:
            raise ConfigError(f"--{option} is for --task {BIN_TASK}: leave it out")
    from vla_ros.training.generation.maker import episode_maker

    return generate(arguments, episode_maker)


def generate(arguments: argparse.Namespace, make_maker: MakeMaker) -> int:
    """Generate with this maker of episodes."""
    # These imports take a second; --help must not.
    from rich.console import Console

    from vla_ros.training.generation.folder import GenerationFolder
    from vla_ros.training.generation.generation import Generator
    from vla_ros.training.generation.interruption import Interruption
    from vla_ros.training.generation.report import GenerationProgress, print_report, summary
    from vla_ros.training.generation.worker import Job

    settings = _settings(arguments)
    workers(arguments)
    console = Console()
    folder = GenerationFolder(Path(arguments.output), settings)
    pool = None
    try:
        pool = _pool(arguments, Job(settings, folder.place, make_maker))
        with Interruption() as interruption, GenerationProgress(console) as progress:
            generation = Generator(settings, folder, pool, interruption, progress.show).run()
    finally:
        if pool is not None:
            pool.close()
        folder.close()
    print_lines(generation.unreadable + generation.corrupt)
    print_report(generation, folder.place, console)
    write_json(arguments.json, summary(generation, folder.place))
    return 130 if generation.interrupted else 0


def _settings(arguments: argparse.Namespace) -> GenerationSettings:
    from vla_ros.training.generation.settings import load_settings

    given = {
        name: getattr(arguments, name)
        for name in ("task", "contract", "clean", "episodes", "grounding", "seed", "objects")
    }
    return dataclasses.replace(
        load_settings(arguments.config), **{name: value for name, value in given.items() if value is not None}
    )


def _pool(arguments: argparse.Namespace, job: Job) -> WorkerPool:
    from vla_ros.training.generation.processes import ProcessPool
    from vla_ros.training.generation.ray_pool import RayPool

    if arguments.ray:
        return RayPool(job, arguments.ray, arguments.workers or 0)
    return ProcessPool(job, workers(arguments))


def workers(arguments: argparse.Namespace) -> int:
    """Return how many processes there are to be. Raises ConfigError for a number that is none."""
    if arguments.workers is not None and not 1 <= arguments.workers <= WORKERS_MAX:
        raise ConfigError(f"--workers must be 1 to {WORKERS_MAX}, got {arguments.workers}")
    return arguments.workers or len(os.sched_getaffinity(0))
