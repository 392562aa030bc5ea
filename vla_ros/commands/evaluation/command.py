# SPDX-License-Identifier: Apache-2.0
"""Run a policy over many scenes and print statistics: in lockstep with the simulator, or through the real graph.

Scenes are those of seeds S to S + N - 1. In lockstep there is no ROS, and simulation pauses during inference
(execute a chunk, settle, observe, infer). With --graph each scene is a `vla launch policy`: real nodes, real time.
Either way the robot is watched by the cameras that the policy needs.

With --test the rows, scenes and words are those of config/evaluation/ for everybody, the scenes are ones that nobody
develops with, and the table says how often these weights were tested before.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controllers.errors import ConfigError
from vla_ros.failure_detection.online.alarm_config import REACTIONS, AlarmConfig
from vla_ros.output_file import check_output, check_output_folder, write_output
from vla_ros.policies.families.table import DEFAULT_POLICY, FAMILIES, UNNAMED_WEIGHTS, policy_text
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.tasks.table import DEFAULT_TASK, TASKS

if TYPE_CHECKING:
    from vla_ros.evaluation.evaluation import RunSeeds
    from vla_ros.evaluation.settings import EvaluationSettings

RATE_HZ = 500.0
MODAL = "gam"  # the family whose settings have a mode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("--policy", default=DEFAULT_POLICY, help=f"{policy_text()}; or expert: "
                        f"the script that knows the truth (default {DEFAULT_POLICY})")  # fmt: skip
    parser.add_argument(
        "--checkpoint",
        default="",
        metavar="DIR",
        help=f"folder of a learned policy's weights; default {UNNAMED_WEIGHTS}",
    )
    parser.add_argument("--setting", default="", metavar="KEY=VALUE,…",
                        help="change the policy's settings, such as rules.rise=false")  # fmt: skip
    parser.add_argument("--url", default="", metavar="URL", help="server that --policy remote asks; docs/serve.md")
    parser.add_argument("--url-token-file", default="", metavar="FILE", help="of that server's token")
    parser.add_argument("--contract", default="", metavar="NAME",
                        help="what a server of others is told and means: see docs/serve.md")  # fmt: skip
    parser.add_argument("--task", default=DEFAULT_TASK, help=f"{', '.join(TASKS)} (default {DEFAULT_TASK})")
    parser.add_argument("--set", dest="set_name", default="basic", help="set of scenes; `vla tasks show TASK`")
    parser.add_argument(
        "--categories", default="action",
        help="action (in demonstrations), grounding (in pictures with boxes alone), novel (in neither), all, or a "
        "single one such as mug; several joined by +",
    )  # fmt: skip
    parser.add_argument("--target", default="", metavar="WORDS",
                        help="ask for this in every scene, such as 'red mug' (default: the seed's)")  # fmt: skip
    parser.add_argument("--objects", metavar="DIR", help="folder of your own objects; docs/objects.md")
    parser.add_argument("--by-part", action="store_true",
                        help="ask for objects by a part, such as the handle; config/objects/parts.yaml")  # fmt: skip
    parser.add_argument("--wording", default="common", help="common, or unseen: words that no training data contains; "
                        "config/tasks/wording.yaml")  # fmt: skip
    parser.add_argument("--robot", default=DEFAULT_ROBOT, help="robot; config/robots")
    parser.add_argument("--tool", default="", metavar="NAME",
                        help="end-of-arm tool that the robot carries instead of its hand: vla tools list")  # fmt: skip
    parser.add_argument("--mode", default="", help=f"how policy {MODAL} takes things: suction, pinch or cage")
    parser.add_argument("--command", default="", help="what drives the arm: effort, position or pose; default the "
                        "first that the robot takes")  # fmt: skip
    parser.add_argument("--episodes", type=int, default=20, metavar="N", help="how many scenes (default 20)")
    parser.add_argument("--seed", type=int, metavar="S", help="first scene (default 0); test seeds are refused")
    parser.add_argument("--workers", type=int, default=1, metavar="W",
                        help="processes, one a core; with --graph graphs side by side (default 1)")  # fmt: skip
    parser.add_argument("--graph", action="store_true", help="run the job policy for each scene, in real time")
    parser.add_argument("--non-blocking", default="", metavar="SECONDS",
                        help="simulate on during an inference of that long; of a remote one 0.3±0.15,loss=0.02 or "
                        "with outage=1/20, drawn for each request from the seed; docs/serve.md")  # fmt: skip
    parser.add_argument("--blocking", type=float, default=0.0, metavar="SECONDS", dest="pause_s",
                        help="let the arm rest for an inference of that long (default 0)")  # fmt: skip
    parser.add_argument("--rate-hz", type=float, default=RATE_HZ, metavar="HZ",
                        help=f"rate of physics and control (default {RATE_HZ:g})")  # fmt: skip
    parser.add_argument("--no-spl", action="store_true",
                        help="do not run the scripted expert in scenes where nobody knows how long it takes: up to "
                        "twice as fast, and no SPL")  # fmt: skip
    parser.add_argument("--video", metavar="DIR", help="film every episode into this folder")
    parser.add_argument("--features", metavar="DIR",
                        help="write what the policy's network thought in every episode into this folder: `vla detect` "
                        "learns from it when a policy fails; docs/failure_detection.md")  # fmt: skip
    parser.add_argument("--detector", default="", metavar="DIR",
                        help="have a failure detector of `vla detect train` watch the policy")  # fmt: skip
    parser.add_argument("--on-alarm", default=AlarmConfig.reaction, metavar="|".join(REACTIONS),
                        help="count alarms alone (tell, the default), hold the arm (pause), or let go, rise (and go "
                        "where the episode began: home) and try again, twice at most")  # fmt: skip
    parser.add_argument("--score", default=AlarmConfig.score, metavar="NAME", dest="alarm_score",
                        help="the detector's score that raises alarms (default %(default)s)")  # fmt: skip
    parser.add_argument("--alpha", type=float, default=AlarmConfig.alpha, metavar="SHARE", dest="alarm_alpha",
                        help="of successful episodes that may raise one (default %(default)s)")  # fmt: skip
    parser.add_argument("--json", metavar="FILE", help="write the figures; details go to FILE's .episodes.jsonl")
    parser.add_argument("--resume", action="store_true", help="keep the episodes that --json's details already hold")
    parser.add_argument("--test", action="store_true",
                        help="run every row of the release's table on the test seeds instead, and write the table "
                        "beside --json FILE (default in runs/); interrupted, the same command goes on")  # fmt: skip
    parser.add_argument("--repeat-starved", action="store_true",
                        help="of those run again what a slow machine kept below real time (--graph)")  # fmt: skip
    parser.add_argument("--benchmark", choices=("libero",), help="scenes of others instead: docs/benchmarks.md; "
                        "--set is then a suite, such as libero_object")  # fmt: skip
    parser.add_argument("--install", action="store_true", help="make the environment of --benchmark, and end")
    parser.add_argument("--compare", metavar="FILE",
                        help="set the figures beside those of an evaluation's --json, scene by scene, and say which "
                        "is better; afterwards: `vla compare`")  # fmt: skip
    actions = [action for action in parser._actions if action.dest != "help"]
    parser.set_defaults(defaults={action.dest: action.default for action in actions})


def run(arguments: argparse.Namespace) -> int:
    """Evaluate; 0 when every episode ran to its end, 1 when one broke, 130 when interrupted."""
    if arguments.benchmark:
        from vla_ros.commands.evaluation.libero import run_libero

        return run_libero(arguments, add_arguments)
    if arguments.install:
        raise ConfigError("--install makes the environment of a benchmark: --benchmark libero --install")
    # These imports take a second; --help must not.
    from rich.console import Console

    from vla_ros.evaluation.comparison import read_counterpart
    from vla_ros.evaluation.comparison_report import print_comparison
    from vla_ros.evaluation.episode_log import EpisodeLog, log_path
    from vla_ros.evaluation.evaluation import evaluate
    from vla_ros.evaluation.recorded_features import check_folder
    from vla_ros.evaluation.report import EvaluationProgress, print_report
    from vla_ros.evaluation.statistics import summary

    if arguments.test:
        from vla_ros.commands.evaluation.release_test import run_test

        return run_test(arguments, arguments.defaults)
    _check_combination(arguments)
    _join_tool_and_mode(arguments)
    settings = _settings(arguments)
    settings.check()
    counterpart = read_counterpart(arguments.compare, settings.episode) if arguments.compare else None
    check_output("--json", arguments.json, make_folder=True)
    output = Path(arguments.json) if arguments.json else None
    if arguments.video:
        check_output("--video", Path(arguments.video) / "film.mp4", make_folder=True)
    check_output_folder("--features", arguments.features)
    if settings.episode.features:
        check_folder(settings.episode, settings.seeds)
    settings.check_weights()  # last: PyTorch takes seconds to load
    run_seeds = _run_seeds(settings, output)
    log = EpisodeLog(log_path(output), settings, arguments.resume, arguments.repeat_starved) if output else None
    console = Console()
    with EvaluationProgress(settings, console) as progress:
        evaluation = evaluate(settings, run_seeds, log, progress.show)
    print_report(settings, evaluation, console)
    figures = summary(evaluation.episodes, settings.episode.spl)
    if counterpart:
        broke = [broken.seed for broken in evaluation.broken]
        comparison = counterpart.compare(evaluation.episodes, broke, settings.seed)
        print_comparison(settings.episode, comparison, console)
        figures |= comparison.figures()
    if output:
        write_output("--json", output, json.dumps(figures, indent=2) + "\n")
    for broken in evaluation.broken:
        if broken.trace:
            print(broken.trace, file=sys.stderr)
    if evaluation.interrupted:
        return 130
    return 1 if evaluation.broken else 0


def _join_tool_and_mode(arguments: argparse.Namespace) -> None:
    """Say the tool in the robot's name and the mode in the policy's settings.

    Raises ConfigError for a second tool, and for the mode of a policy that has none.
    """
    from vla_ros.evaluation.settings import EXPERT, with_mode, with_tool

    if arguments.mode and arguments.policy in (EXPERT, *FAMILIES) and arguments.policy != MODAL:
        raise ConfigError(
            f"--mode {arguments.mode}: is for policy {MODAL}, '{arguments.policy}' has none: leave it out, or take "
            f"--policy {MODAL}"
        )
    arguments.robot = with_tool(arguments.robot, arguments.tool)
    arguments.setting = with_mode(arguments.setting, arguments.mode)


def _check_combination(arguments: argparse.Namespace) -> None:
    """Raise ConfigError for options that mean nothing together."""
    if arguments.resume and not arguments.json:
        raise ConfigError("--resume needs --json FILE: the episodes are kept beside it")
    if arguments.repeat_starved and not (arguments.resume and arguments.graph):
        raise ConfigError("--repeat-starved needs --graph --resume: it repeats some of the episodes that are kept")
    same = arguments.compare and arguments.json and Path(arguments.compare).resolve() == Path(arguments.json).resolve()
    if same:
        raise ConfigError(f"--compare {arguments.compare}: is what --json would overwrite: name another file")
    if not arguments.graph:
        return
    for option, given, remedy in (
        ("--non-blocking", arguments.non_blocking != "", "in the graph inference takes its own time"),
        ("--blocking", arguments.pause_s != 0.0, "in the graph inference takes its own time"),
        ("--rate-hz", arguments.rate_hz != RATE_HZ, "a graph's rates are its nodes'"),
        ("--video", arguments.video is not None, "a graph's films are in its run folders"),
    ):
        if given:
            raise ConfigError(f"{option} is for lockstep: {remedy}; leave it out with --graph")


def _run_seeds(settings: EvaluationSettings, output: Path | None) -> RunSeeds:
    """Return what runs the scenes. Run folders of graphs lie beside the result, else in runs/."""
    if settings.episode.graph:
        from vla_ros.commands.doctor.ros import refuse_mixture
        from vla_ros.commands.evaluation.graph_episodes import GraphEpisodes

        refuse_mixture()
        folder = output.with_suffix(".runs") if output else Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}_eval"
        return GraphEpisodes(settings, folder)
    from vla_ros.evaluation.evaluation import lockstep

    return lockstep(settings)


def _settings(arguments: argparse.Namespace) -> EvaluationSettings:
    from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings

    episode = EpisodeSettings(
        policy=arguments.policy,
        checkpoint=arguments.checkpoint,
        setting=arguments.setting,
        url=arguments.url,
        url_token_file=arguments.url_token_file,
        contract=arguments.contract,
        task=arguments.task,
        set_name=arguments.set_name,
        categories=arguments.categories,
        target=arguments.target,
        objects=arguments.objects,
        by_part=arguments.by_part,
        wording=arguments.wording,
        robot=arguments.robot,
        command=arguments.command,
        **_latency(arguments.non_blocking),
        pause_s=arguments.pause_s,
        rate_hz=arguments.rate_hz,
        video=arguments.video,
        features=arguments.features,
        detector=arguments.detector,
        on_alarm=arguments.on_alarm,
        alarm_score=arguments.alarm_score,
        alarm_alpha=arguments.alarm_alpha,
        graph=arguments.graph,
        spl=not arguments.no_spl,
    )
    return EvaluationSettings(episode, arguments.episodes, arguments.seed or 0, arguments.workers)


def _latency(text: str) -> dict[str, Any]:
    """Return the settings of what --non-blocking says. Raises ConfigError."""
    from vla_ros.policies.remote.network import read_network

    return dataclasses.asdict(read_network(text, "--non-blocking")) if text else {}
