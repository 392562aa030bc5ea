# SPDX-License-Identifier: Apache-2.0
"""Run a policy over many scenes in lockstep with the simulator, without ROS, and print statistics.

Scenes are those of seeds S to S + N - 1. Blocking by default: execute a chunk, settle, look, infer.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError

if TYPE_CHECKING:
    from vla_ros.sim.evaluation.evaluation import EvaluationSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("--policy", default="geometric", help="geometric, or expert: the script that knows the truth")
    parser.add_argument("--set", dest="set_name", default="basic", help="set of scenes; config/tasks/grasp_sets.yaml")
    parser.add_argument("--categories", default="seen", help="seen, heldout or all")
    parser.add_argument("--objects", metavar="DIR", help="folder of your own objects; docs/objects.md")
    parser.add_argument("--robot", default="franka", help="robot; config/robots")
    parser.add_argument("--episodes", type=int, default=20, metavar="N", help="how many scenes (default 20)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="first scene (default 0)")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="processes, one a core (default 1)")
    parser.add_argument("--non-blocking", type=float, metavar="SECONDS", dest="latency_s",
                        help="let the world go on while the policy thinks for that long")  # fmt: skip
    parser.add_argument("--rate-hz", type=float, default=500.0, metavar="HZ",
                        help="rate of physics and control (default 500)")  # fmt: skip
    parser.add_argument("--video", metavar="DIR", help="film every episode into this folder")
    parser.add_argument("--json", metavar="FILE", help="write the figures; details go to FILE's .episodes.jsonl")
    parser.add_argument("--resume", action="store_true", help="keep the episodes that --json's details already hold")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate; 0 when every episode ran to its end, 1 when one broke, 130 when interrupted."""
    # These imports take a second; --help must not.
    from rich.console import Console

    from vla_ros.sim.evaluation.evaluation import EpisodeLog, evaluate
    from vla_ros.sim.evaluation.report import EvaluationProgress, print_report
    from vla_ros.sim.evaluation.statistics import summary

    settings = _settings(arguments)
    settings.check()
    if arguments.resume and not arguments.json:
        raise ConfigError("--resume needs --json FILE: the episodes are kept beside it")
    output = _writable(arguments.json, "--json") if arguments.json else None
    if arguments.video:
        _writable(str(Path(arguments.video) / "film.mp4"), "--video")
    log = EpisodeLog(output.with_suffix(".episodes.jsonl"), settings, arguments.resume) if output else None
    console = Console()
    with EvaluationProgress(settings, console) as progress:
        evaluation = evaluate(settings, log, progress.show)
    print_report(settings, evaluation, console)
    if output:
        output.write_text(json.dumps(summary(evaluation.episodes), indent=2) + "\n")
    for broken in evaluation.broken:
        print(broken.trace, file=sys.stderr)
    if evaluation.interrupted:
        return 130
    return 1 if evaluation.broken else 0


def _settings(arguments: argparse.Namespace) -> EvaluationSettings:
    from vla_ros.sim.evaluation.evaluation import EvaluationSettings
    from vla_ros.sim.evaluation.settings import EpisodeSettings

    episode = EpisodeSettings(
        policy=arguments.policy,
        set_name=arguments.set_name,
        categories=arguments.categories,
        objects=arguments.objects,
        robot=arguments.robot,
        latency_s=arguments.latency_s,
        rate_hz=arguments.rate_hz,
        video=arguments.video,
    )
    return EvaluationSettings(episode, arguments.episodes, arguments.seed, arguments.workers)


def _writable(file: str, option: str) -> Path:
    """Return the path once its folder exists. Raises ConfigError before hours are spent for nothing."""
    path = Path(file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "Is a directory")
    except OSError as error:
        raise ConfigError(f"{option} {file}: cannot be written ({error.strerror}): choose another place") from error
    return path
