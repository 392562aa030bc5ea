# SPDX-License-Identifier: Apache-2.0
"""Show two evaluations of the same scenes side by side."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from vla_ros.evaluation.comparison import Comparison
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult, summary
from vla_ros.tables import print_table

SEEDS_SHOWN = 20
ROWS = (  # key of the figures, what it says, factor, format, unit
    ("success_rate", "success", 100.0, ".1f", " %"),
    ("if_rate", "first object lifted is the named one", 100.0, ".1f", " %"),
    ("spl", "SPL", 1.0, ".3f", ""),
    ("attempts_mean", "attempts", 1.0, ".2f", ""),
    ("episode_s_mean", "episode [s simulated]", 1.0, ".1f", ""),
    ("successes_per_hour", "successes an hour, simulated", 1.0, ".0f", ""),
)


def print_comparison(
    settings: EpisodeSettings, comparison: Comparison, console: Console, ours: str = "this run"
) -> None:
    """Print the figures of both, their difference, and every scene in which only one succeeded.

    Columns are headed by how the two were run; where that is the same, by what each is called, here `ours`.
    """
    names = _names(settings, comparison, ours)
    title = f"compared with {comparison.name} over the {len(comparison.pairs)} scenes that both ran"
    rows = []
    spl = settings.spl and comparison.settings.spl
    here, there = (summary([pair[i] for pair in comparison.pairs], spl) for i in (0, 1))
    for key, label, factor, form, unit in ROWS:
        if key not in here or key not in there:  # of scenes without a single target, or without SPL
            continue
        a, b = factor * here[key], factor * there[key]
        rows.append((label, f"{a:{form}}{unit}", f"{b:{form}}{unit}", f"{a - b:+{form}}"))
    print_table(console, ("figure", *names, "difference"), rows, title)
    low, high = (100.0 * end for end in comparison.interval)
    points = f"{100.0 * comparison.difference:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}"
    console.print(f"difference in success, scene by scene: {points}, however often one looks", style="bold")
    console.print(comparison.verdict(*names), style="bold", markup=False)
    print_differing(names, comparison, console)
    print_left_out(comparison, console)


def print_left_out(comparison: Comparison, console: Console, row: str = "") -> None:
    """Name the scenes that do not count, and why; `row` stands before each line."""
    for seeds, why in (
        (comparison.alone, f"not compared, {comparison.name} has not run these scenes"),
        (comparison.waiting, "not counted yet, since a scene of a seed before them has not ended in both"),
        (comparison.broken, "broke in one of them and count nowhere"),
    ):
        if seeds:
            console.print(f"{row}{why}: seeds {_shortened(seeds)}", markup=False, highlight=False, soft_wrap=True)


def _shortened(seeds: Sequence[int]) -> str:
    shown = " ".join(map(str, seeds[:SEEDS_SHOWN]))
    return shown if len(seeds) <= SEEDS_SHOWN else f"{shown} … {seeds[-1]}, {len(seeds)} in all"


def print_differing(names: tuple[str, str], comparison: Comparison, console: Console) -> None:
    """Print every scene in which one alone succeeded, with how the other ended."""
    if not comparison.differing:
        console.print("no scene in which only one of them succeeded")
        return
    rows: list[tuple[str, ...]] = [(str(a.seed), _ending(a), _ending(b)) for a, b in comparison.differing]
    headings: tuple[str, ...] = ("seed", *names)
    factors = [here.real_time_factor for here, _ in comparison.differing]
    if any(factor is not None for factor in factors):  # of the graph alone
        headings += ("real time",)
        shown = ["" if factor is None else f"{factor:.2f}" for factor in factors]
        rows = [(*row, factor) for row, factor in zip(rows, shown, strict=True)]
    print_table(console, headings, rows, "where they differ")
    for here, _ in comparison.differing:
        if here.run_directory is not None:
            console.print(f"seed {here.seed}: log and film in {here.run_directory}", markup=False, soft_wrap=True)


def _names(here: EpisodeSettings, comparison: Comparison, ours: str) -> tuple[str, str]:
    """Name both by how they were run, and by their policies where those differ; else by what each is called."""
    there = comparison.settings
    names = _name(here), _name(there)
    if names[0] == names[1] and here.policy == there.policy:
        return ours, comparison.name
    return names if here.policy == there.policy else (f"{here.policy}, {names[0]}", f"{there.policy}, {names[1]}")


def _name(settings: EpisodeSettings) -> str:
    words = "" if settings.wording == "common" else f", {settings.wording} wording"
    if settings.graph:
        return "graph" + words
    network = settings.rollout().network
    late = "" if settings.latency_s is None else f", {network} s late"
    pause = f", pausing {settings.pause_s:g} s" if settings.pause_s else ""
    return "lockstep" + late + pause + words


def _ending(episode: EpisodeResult) -> str:
    return "success" if episode.success else episode.cause or episode.outcome
