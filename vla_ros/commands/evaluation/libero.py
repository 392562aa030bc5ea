# SPDX-License-Identifier: Apache-2.0
"""`vla eval --benchmark libero`: a policy in LIBERO's scenes, asked to pick."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.output_file import check_output, write_output

DEFAULT_SUITE = "libero_object"
# Options of `vla eval` that mean something here; all others must be left as they are.
_OURS = {"benchmark", "install", "policy", "checkpoint", "setting", "objects", "set_name", "episodes", "seed",
         "workers", "video", "json", "resume"}  # fmt: skip


def run_libero(arguments: argparse.Namespace, add_arguments: Callable[[argparse.ArgumentParser], None]) -> int:
    """Evaluate; `add_arguments` describes all options of `vla eval`.

    0 when every episode ran to its end, 1 when one broke, 130 when interrupted.
    """
    from rich.console import Console

    from vla_ros.benchmarks.libero.environment import LIBERO
    from vla_ros.benchmarks.libero.evaluation import evaluate
    from vla_ros.benchmarks.libero.report import figures, print_report
    from vla_ros.benchmarks.libero.settings import LiberoSettings
    from vla_ros.evaluation.episode_log import log_path

    if arguments.install:
        LIBERO.install()
        return 0
    _check_combination(arguments, add_arguments)
    suite = DEFAULT_SUITE if arguments.set_name == "basic" else arguments.set_name
    settings = LiberoSettings(
        suite=suite,
        policy=arguments.policy,
        checkpoint=arguments.checkpoint,
        objects=arguments.objects,
        setting=arguments.setting,
        seed=arguments.seed,
        episodes=arguments.episodes,
        workers=arguments.workers,
        video=arguments.video,
    )
    LIBERO.interpreter()
    check_output("--json", arguments.json, make_folder=True)
    if arguments.video:
        check_output("--video", Path(arguments.video) / "film.mp4", make_folder=True)
    settings.check()
    output = Path(arguments.json) if arguments.json else None
    console = Console()
    log = log_path(output) if output else None
    episodes, broken, interrupted = evaluate(settings, log, arguments.resume, console)
    print_report(settings, episodes, console)
    if output:
        write_output("--json", output, json.dumps(figures(settings, episodes), indent=2) + "\n")
    for one in broken:
        print(f"episode {one.seed} broke and counts nowhere: {one.reason}\n{one.trace}", file=sys.stderr)
    if interrupted:
        console.print(f"interrupted after {len(episodes)} episodes; --resume with the same --json continues")
        return 130
    return 1 if broken else 0


def _check_combination(arguments: argparse.Namespace, add_arguments: Callable[[argparse.ArgumentParser], None]) -> None:
    if arguments.resume and not arguments.json:
        raise ConfigError("--resume needs --json FILE: the episodes are kept beside it")
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for action in parser._actions:
        if action.dest in _OURS or action.dest == "help":
            continue
        if getattr(arguments, action.dest) != action.default:
            raise ConfigError(f"{action.option_strings[0]} means nothing with --benchmark libero: leave it out")
