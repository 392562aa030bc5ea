# SPDX-License-Identifier: Apache-2.0
"""What latency costs: success behind slow, irregular, lossy and broken networks beside the same scenes without one.

In lockstep, so that no clock of this machine counts: each request takes what is drawn for it from the scene's seed.
With --json FILE the episodes are kept in FILE's .rows/, and the same command goes on with them. Exit code 1 where
0.3±0.15 costs more than 3 points.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from bench.figures import add_json_argument, write_json
from vla_ros.evaluation.comparison import Comparison
from vla_ros.evaluation.episode_log import LOG_ENDING, EpisodeLog
from vla_ros.evaluation.evaluation import evaluate, lockstep
from vla_ros.evaluation.report import EvaluationProgress
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult, wilson_interval
from vla_ros.policies.families.table import DEFAULT_POLICY
from vla_ros.policies.remote.network import read_network
from vla_ros.tables import print_table

NETWORKS = ("0", "0.1", "0.3", "0.3±0.15", "0.3±0.15,loss=0.05", "0.3±0.15,outage=1/3", "0.6", "1")
BAR, COSTS_MAX = "0.3±0.15", 0.03
HEADINGS = ("network [s]", "success", "95 % interval", "beside the first", "alone here, there", "episode [s]")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `vla bench latency`."""
    parser.add_argument("--policy", default=DEFAULT_POLICY, help=f"of a family, or FILE.py:NAME ({DEFAULT_POLICY})")
    parser.add_argument("--episodes", type=int, default=50, metavar="N", help="scenes a network (default 50)")
    parser.add_argument("--first-seed", type=int, default=9000, metavar="S", help="the first scene (default 9000)")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="processes (default 1)")
    parser.add_argument("--network", action="append", metavar="NETWORK", dest="networks",
                        help=f"as `vla eval --non-blocking` takes it; again for more, the first is what the others "
                        f"are set beside (default {' '.join(NETWORKS)})")  # fmt: skip
    add_json_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate behind each network, print a table, write the JSON file."""
    networks = tuple(dict.fromkeys(arguments.networks or NETWORKS))
    rows = {text: _settings(arguments, text) for text in networks}
    for settings in rows.values():
        settings.check()
    next(iter(rows.values())).check_weights()
    console = Console()
    found: dict[str, list[EpisodeResult]] = {}
    with tempfile.TemporaryDirectory(prefix="vla_latency_") as scratch:
        folder = Path(arguments.json).with_suffix(".rows") if arguments.json else Path(scratch)
        for text, settings in rows.items():
            log = EpisodeLog(folder / f"{text.replace('/', '_of_')}{LOG_ENDING}", settings, resume=True)
            console.print(f"{text}:")
            with EvaluationProgress(settings, console) as progress:
                done = evaluate(settings, lockstep(settings), log, progress.show)
            if done.interrupted or done.broken:
                for broken in done.broken:
                    console.print(f"seed {broken.seed} broke: {broken.reason}", markup=False, soft_wrap=True)
                return 130 if done.interrupted else 1
            found[text] = done.episodes
    local = next(iter(found.values()))
    compared = {text: _beside(rows[text], episodes, local) for text, episodes in found.items()}
    title = f"{arguments.policy} on basic, seeds {arguments.first_seed} to {local[-1].seed}"
    print_table(console, HEADINGS, [_row(text, found[text], compared[text]) for text in found], title)
    write_json(_figures(found, compared), arguments.json)
    costs = -compared[BAR].difference if BAR in compared else 0.0
    if costs > COSTS_MAX:
        console.print(f"{BAR} costs {100.0 * costs:.1f} points, allowed are {100.0 * COSTS_MAX:g}")
    return int(costs > COSTS_MAX)


def _settings(arguments: argparse.Namespace, text: str) -> EvaluationSettings:
    network = dataclasses.asdict(read_network(text, "--network"))
    episode = EpisodeSettings(policy=arguments.policy, spl=False, **network)
    return EvaluationSettings(episode, arguments.episodes, arguments.first_seed, arguments.workers)


def _beside(
    settings: EvaluationSettings, episodes: Sequence[EpisodeResult], local: Sequence[EpisodeResult]
) -> Comparison:
    """Return a network's episodes and those of the first network, scene by scene."""
    return Comparison("local", settings.episode, tuple(zip(episodes, local, strict=True)))


def _row(text: str, episodes: Sequence[EpisodeResult], compared: Comparison) -> tuple[str, ...]:
    successes = sum(episode.success for episode in episodes)
    low, high = (100.0 * bound for bound in wilson_interval(successes, len(episodes)))
    alone = [here.success for here, _ in compared.differing]
    seconds = np.mean([episode.duration_s for episode in episodes])
    return (
        text, f"{successes} of {len(episodes)}", f"{low:.1f} to {high:.1f} %",
        f"{100.0 * compared.difference:+.1f} points", f"{sum(alone)}, {len(alone) - sum(alone)}", f"{seconds:.1f}",
    )  # fmt: skip


def _figures(found: dict[str, list[EpisodeResult]], compared: dict[str, Comparison]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for text, episodes in found.items():
        figures |= {
            f"{text}/success": float(np.mean([episode.success for episode in episodes])),
            f"{text}/difference": compared[text].difference,
            f"{text}/episode_s": float(np.mean([episode.duration_s for episode in episodes])),
        }
    return figures
