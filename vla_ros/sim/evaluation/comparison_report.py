# SPDX-License-Identifier: Apache-2.0
"""Show two evaluations of the same scenes side by side."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vla_ros.sim.evaluation.comparison import Comparison
from vla_ros.sim.evaluation.settings import EpisodeSettings
from vla_ros.sim.evaluation.statistics import Episode, summary

ROWS = (  # key of the figures, label, factor, format
    ("if_rate", "first object lifted is the named one", 100.0, ".1f", " %"),
    ("spl", "SPL", 1.0, ".3f", ""),
    ("attempts_mean", "attempts", 1.0, ".2f", ""),
    ("episode_s_mean", "episode", 1.0, ".1f", " s simulated"),
)


def print_comparison(settings: EpisodeSettings, comparison: Comparison, console: Console) -> None:
    """Print the figures of both, their difference, and every scene in which only one succeeded."""
    here, there = _name(settings), f"{_name(comparison.settings)} ({comparison.name})"
    title = f"compared over the {len(comparison.pairs)} scenes that both ran"
    table = Table("figure", here, there, "difference", title=title, title_justify="left")
    ours, theirs = (summary([pair[i] for pair in comparison.pairs]) for i in (0, 1))
    low, high = (100.0 * end for end in comparison.interval)
    rates = [f"{100.0 * figures['success_rate']:.1f} %" for figures in (ours, theirs)]
    table.add_row(
        "success", *rates, f"{100.0 * comparison.difference:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})"
    )
    for key, label, factor, form, unit in ROWS:
        a, b = factor * ours[key], factor * theirs[key]
        table.add_row(label, f"{a:{form}}{unit}", f"{b:{form}}{unit}", f"{a - b:+{form}}")
    console.print(table)
    if comparison.differing:
        table = Table("seed", here, there, "real time", "log", title="where they differ", title_justify="left")
        for ours_there, theirs_there in comparison.differing:
            table.add_row(str(ours_there.seed), *map(_ending, (ours_there, theirs_there)), *_circumstances(ours_there))
        console.print(table)
    else:
        console.print("no scene in which only one of them succeeded")
    if comparison.alone:
        seeds = " ".join(map(str, comparison.alone))
        console.print(f"not compared, {comparison.name} has not run these scenes: seeds {seeds}", markup=False)


def _name(settings: EpisodeSettings) -> str:
    if settings.graph:
        return f"{settings.policy}, graph"
    return f"{settings.policy}, lockstep" + ("" if settings.latency_s is None else f" {settings.latency_s:g} s late")


def _ending(episode: Episode) -> str:
    return escape("success" if episode.success else episode.cause or episode.outcome)


def _circumstances(episode: Episode) -> tuple[str, str]:
    factor = episode.real_time_factor
    return "" if factor is None else f"{factor:.2f}", escape(episode.run_directory or "")
