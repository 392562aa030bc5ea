# SPDX-License-Identifier: Apache-2.0
"""What each hand-written rule of the small GraspVLA is worth: the same scenes with all, without each, without any."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from bench.choices import set_and_categories
from bench.figures import add_json_argument, write_json
from controllers.errors import ConfigError, unknown_name
from vla_ros.evaluation.comparison import Comparison, counterpart
from vla_ros.evaluation.episode_log import EpisodeLog, LoggedEvaluation, log_path
from vla_ros.evaluation.evaluation import Evaluation, evaluate, lockstep
from vla_ros.evaluation.sequential import SequentialComparison
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.policies.graspvla.small.acting_rules import ActingRules
from vla_ros.progress import shown
from vla_ros.tables import print_table

RULES = tuple(field.name for field in dataclasses.fields(ActingRules))
ALL, NONE = "all rules", "without any"
INTERRUPTED = 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench rules`."""
    parser.add_argument("--rules", nargs="+", default=RULES, metavar="NAME", help="that are left out (default: each)")
    parser.add_argument("--rows", nargs="+", default=("basic:action",), metavar="SET:CATEGORIES",
                        help="what scenes are drawn from (default basic:action)")  # fmt: skip
    parser.add_argument("--checkpoint", default="", metavar="DIR", help="without it the one that is shipped")
    parser.add_argument("--scenes", type=int, default=50, metavar="N", help="a row (default 50, 5 min a rule)")
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
    planned = {(variant, row): _settings(variant, row, arguments) for variant in variants for row in arguments.rows}
    for settings in planned.values():
        settings.check()
    next(iter(planned.values())).check_weights()
    done: dict[tuple[_Variant, str], Evaluation] = {}
    with shown("episodes") as tell:
        for number, ((variant, row), settings) in enumerate(planned.items()):
            file = Path(arguments.runs) / f"{variant.name}_{row}.json".replace(" ", "_").replace(":", "_")
            done[variant, row] = evaluate(
                settings,
                lockstep(settings),
                EpisodeLog(log_path(file), settings, resume=True),
                lambda so_far, number=number: tell((number + len(so_far.episodes) / arguments.scenes) / len(planned)),
            )
            if done[variant, row].interrupted:
                print(f"interrupted: the same command goes on with {arguments.runs}", file=sys.stderr)
                return INTERRUPTED
    lines, figures = [], {}
    for variant in variants:
        line, told = _compared(variant, [(done[variant, row], done[variants[0], row], planned[variant, row])
                                         for row in arguments.rows])  # fmt: skip
        lines.append(line)
        figures |= told
    print_table(Console(file=sys.stdout), _HEADINGS, lines)
    write_json(figures, arguments.json)
    return 0


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


def _compared(
    variant: _Variant, rows: list[tuple[Evaluation, Evaluation, EvaluationSettings]]
) -> tuple[list[str], dict[str, float]]:
    """Return a line of the table, and its figures: `rows` of (without, with all rules, settings)."""
    pairs = [pair for without, whole, settings in rows for pair in _paired(without, whole, settings.episode).pairs]
    sequence = SequentialComparison([int(whole.success) - int(without.success) for without, whole in pairs])
    count, low, high = max(1, len(pairs)), *sequence.interval
    successes = sum(without.success for without, _ in pairs)
    with_alone = sum(whole.success and not without.success for without, whole in pairs)
    without_alone = sum(without.success and not whole.success for without, whole in pairs)
    attempts = sum(without.attempts for without, _ in pairs) / count
    name = variant.name.replace(" ", "_")
    figures = {f"{name}_success_rate": successes / count, f"{name}_worth_points": 100.0 * sequence.mean}
    figures |= {f"{name}_attempts_mean": attempts, f"{name}_episodes": float(len(pairs))}
    rate = f"{100 * successes / count:.0f} % of {len(pairs)}"
    if not variant.left_out:
        return [variant.name, rate, "", "", "", "", f"{attempts:.2f}"], figures
    interval = f"{100 * low:+.0f} to {100 * high:+.0f}"
    worth = f"{100 * sequence.mean:+.0f}"
    return [variant.name, rate, worth, interval, str(with_alone), str(without_alone), f"{attempts:.2f}"], figures


def _paired(without: Evaluation, whole: Evaluation, settings: EpisodeSettings) -> Comparison:
    logged = LoggedEvaluation(settings, tuple(whole.episodes), tuple(broken.seed for broken in whole.broken), None)
    return counterpart(ALL, logged, settings).compare(without.episodes, (broken.seed for broken in without.broken))
