# SPDX-License-Identifier: Apache-2.0
"""What each hand-written rule of the small GraspVLA is worth: the same scenes with all, without each, without any."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.choices import set_and_categories
from bench.figures import add_json_argument, write_json
from controllers.errors import ConfigError, unknown_name
from vla_ros.evaluation.compared_results import Result, compare_results
from vla_ros.evaluation.episode_log import EpisodeLog, log_path, read_log
from vla_ros.evaluation.evaluation import evaluate, lockstep
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.progress import shown
from vla_ros.tables import print_table

RULES = tuple(field.name for field in dataclasses.fields(ActingRules))
ALL, NONE = "all rules", "without any"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench rules`."""
    parser.add_argument("--rules", nargs="+", default=RULES, metavar="NAME", help="that are left out (default: each)")
    parser.add_argument("--rows", nargs="+", default=("basic:action",), metavar="SET:CATEGORIES",
                        help="what scenes are drawn from (default basic:action)")  # fmt: skip
    parser.add_argument("--checkpoint", default="", metavar="DIR", help="without it the one that is shipped")
    parser.add_argument("--scenes", type=int, default=50, metavar="N", help="a row (default 50)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the first; test seeds are refused")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="(default: processors)")
    parser.add_argument("--runs", default="runs/rules", metavar="DIR",
                        help="where episodes are kept, to go on from (default runs/rules)")  # fmt: skip
    add_json_argument(parser)


@dataclass(frozen=True)
class _Variant:
    """The policy under some of its rules."""

    name: str
    left_out: tuple[str, ...]

    @property
    def setting(self) -> str:
        return ",".join(f"rules.{rule}=false" for rule in self.left_out)


def run(arguments: argparse.Namespace) -> int:
    """Run every variant in all scenes, print a table, write the JSON file."""
    if arguments.scenes < 1:
        raise ConfigError(f"--scenes must be at least 1, got {arguments.scenes}")
    for rule in arguments.rules:
        if rule not in RULES:
            raise ConfigError(f"--rules: {unknown_name('rule', rule, RULES)}")
    variants = [_Variant(ALL, ()), *(_Variant(f"without {rule}", (rule,)) for rule in arguments.rules)]
    if len(arguments.rules) == len(RULES):
        variants.append(_Variant(NONE, RULES))
    planned = [(variant, row, _settings(variant, row, arguments)) for variant in variants for row in arguments.rows]
    for _, _, settings in planned:
        settings.check()
    planned[0][2].check_weights()
    done: dict[_Variant, dict[str, Path]] = {variant: {} for variant in variants}  # where the episodes of a row lie
    broke = False
    with shown("episodes") as tell:
        for number, (variant, row, settings) in enumerate(planned):
            file = Path(arguments.runs) / f"{variant.name}_{row}.json".replace(" ", "_").replace(":", "_")
            done[variant][row] = log_path(file)
            evaluation = evaluate(
                settings,
                lockstep(settings),
                EpisodeLog(log_path(file), settings, resume=True),
                lambda so_far, number=number: tell((number + len(so_far.episodes) / arguments.scenes) / len(planned)),
            )
            for broken in evaluation.broken:
                where = f"{variant.name}, {row}, seed {broken.seed}"
                print(f"{where} broke, counts nowhere: {broken.reason}", file=sys.stderr)
            broke |= bool(evaluation.broken)
            if evaluation.interrupted:
                print(f"interrupted: the same command goes on with {arguments.runs}", file=sys.stderr)
                return 130
    whole = _result(ALL, done[variants[0]])
    lines, figures = [], {}
    for variant in variants:
        line, told = _told(whole, variant, done[variant])
        lines.append(line)
        figures |= told
    print_table(Console(file=sys.stdout), _HEADINGS, lines)
    write_json(figures, arguments.json)
    return int(broke)


def _settings(variant: _Variant, row: str, arguments: argparse.Namespace) -> EvaluationSettings:
    set_name, categories = set_and_categories(row)
    episode = EpisodeSettings(
        policy="graspvla",
        checkpoint=arguments.checkpoint,
        setting=variant.setting,
        set_name=set_name,
        categories=categories,
        spl=False,
    )
    return EvaluationSettings(episode, arguments.scenes, arguments.seed, arguments.workers)


_HEADINGS = ("", "success", "worth [points]", "95 % interval", "only with", "only without", "attempts")


def _result(name: str, logs: Mapping[str, Path]) -> Result:
    return Result(name, {row: read_log(log) for row, log in logs.items()})


def _told(whole: Result, variant: _Variant, logs: Mapping[str, Path]) -> tuple[list[str], dict[str, float]]:
    """Return a line of the table, and its figures."""
    compared = compare_results(whole, _result(variant.name, logs))
    rows = [comparison for _, comparison in compared.rows.values()]
    sequence = compared.together or rows[0].sequence
    without = [episode for row in rows for _, episode in row.pairs]
    count, (low, high) = max(1, len(without)), sequence.interval
    successes, attempts = sum(episode.success for episode in without), sum(episode.attempts for episode in without)
    name = variant.name.replace(" ", "_")
    figures = {f"{name}_success_rate": successes / count, f"{name}_worth_points": 100.0 * sequence.mean}
    figures |= {f"{name}_attempts_mean": attempts / count, f"{name}_episodes": float(len(without))}
    worth = [""] * 4
    if variant.left_out:
        with_alone = sum(pair[0].success for row in rows for pair in row.differing)
        without_alone = sum(pair[1].success for row in rows for pair in row.differing)
        interval = f"{100 * low:+.0f} to {100 * high:+.0f}"
        worth = [f"{100 * sequence.mean:+.0f}", interval, str(with_alone), str(without_alone)]
    rate = f"{100 * successes / count:.0f} % of {len(without)}"
    return [variant.name, rate, *worth, f"{attempts / count:.2f}"], figures
