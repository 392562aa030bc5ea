# SPDX-License-Identifier: Apache-2.0
"""`vla generate --task bin_pick`: scenes of totes and labelled candidates of tools, which GAM learns from."""

from __future__ import annotations

import argparse
import dataclasses
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.commands.data.dataset import write_json
from vla_ros.robots.names import DEFAULT_GENERATION
from vla_ros.robots.tools.named import load_tool

if TYPE_CHECKING:
    from vla_ros.training.candidates.engine import Made
    from vla_ros.training.candidates.settings import CandidateSettings

DEFAULT = "bin_pick"
_NOT_OF_CANDIDATES = ("contract", "clean", "episodes", "grounding", "objects")


def make_candidates(arguments: argparse.Namespace) -> int:
    """Make what is missing; 0 when all is there, 130 when interrupted."""
    from rich.console import Console

    from vla_ros.commands.learning.generate import workers
    from vla_ros.launching import egl
    from vla_ros.progress import shown_in_files
    from vla_ros.tables import print_table
    from vla_ros.training.candidates.engine import make_all
    from vla_ros.training.candidates.files import CandidateFolder
    from vla_ros.training.candidates.scene_pools import ProcessScenes, RayScenes
    from vla_ros.training.generation.interruption import Interruption

    for option in _NOT_OF_CANDIDATES:
        if getattr(arguments, option) is not None:
            raise ConfigError(
                f"--{option} is for demonstrations, of which --task {arguments.task} has none: leave it out"
            )
    settings = _settings(arguments)
    count = workers(arguments)
    egl.require_egl()
    console = Console()
    folder = CandidateFolder(Path(arguments.output).resolve())  # which other machines see under the same path
    pool = RayScenes(arguments.ray, arguments.workers or 0) if arguments.ray else ProcessScenes(count)
    with closing(pool), Interruption() as interruption, shown_in_files("scenes") as tell:

        def show(made: Made) -> None:
            # Of what is left to do: scenes that are there take no time, and say nothing of how long the others take.
            tell(f"{made.candidates} candidates", made.scenes - made.kept, settings.scenes - made.kept)

        made = make_all(settings, folder, pool, show, lambda: interruption.asked)
    rows = [[mode, f"{total}", f"{100 * good / max(total, 1):.1f} %"] for mode, (total, good) in made.modes.items()]
    if rows:
        print_table(console, ["mode", "new candidates", "of which succeed"], rows)
    for reason, times in made.left_out.most_common():
        console.print(f"{times} scenes left out: {reason}", highlight=False)
    console.print(f"scenes: {folder.root}", highlight=False, soft_wrap=True)
    write_json(arguments.json, _figures(made))
    return 130 if made.interrupted else 0


def _settings(arguments: argparse.Namespace) -> CandidateSettings:
    from vla_ros.training.candidates.settings import load_candidate_settings

    name = DEFAULT if arguments.config == DEFAULT_GENERATION else arguments.config
    settings = load_candidate_settings(name)
    given = {key: getattr(arguments, key) for key in ("scenes", "seed") if getattr(arguments, key) is not None}
    if arguments.tools is not None:
        tools = [word.strip() for word in arguments.tools.split(",")]
        given.update(tools={tool: load_tool(tool).modes for tool in tools}, drawn=0)
    return dataclasses.replace(settings, **given)


def _figures(made: Made) -> dict[str, float]:
    figures = {"scenes": made.scenes, "candidates": made.candidates, "left_out": sum(made.left_out.values())}
    for mode, (total, good) in made.modes.items():
        figures |= {f"{mode}.candidates": total, f"{mode}.successes": good}
    return {name: float(value) for name, value in figures.items()}
