# SPDX-License-Identifier: Apache-2.0
"""The figures of an evaluation in LIBERO: ours and the paper's criteria, beside what choosers expect and Table 2."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console

from vla_ros.benchmarks.libero.episode import LiberoEpisode
from vla_ros.benchmarks.libero.settings import LiberoSettings
from vla_ros.benchmarks.libero.suites import load_libero
from vla_ros.evaluation.statistics import failure_causes, summary, wilson_interval
from vla_ros.tables import print_table


@dataclass(frozen=True)
class Criterion:
    """One way to count an episode as done."""

    key: str  # of the JSON file, before _rate
    title: str
    met: Callable[[LiberoEpisode], bool]


CRITERIA = (
    Criterion("success", "success: 15 cm, held 1 s", lambda one: one.success),
    Criterion("lifted_10cm", "named object 10 cm up", lambda one: one.lifted_paper),
    Criterion("lifted_10cm_alike", "it or one of its class 10 cm up", lambda one: one.alike_paper),
    Criterion("lifted_10cm_any", "anything 10 cm up", lambda one: one.any_lifted),
)


def figures(settings: LiberoSettings, episodes: Sequence[LiberoEpisode]) -> dict[str, float | int]:
    """Return the figures; the keys are the JSON file's."""
    found = dict(summary(episodes))
    for prefix, _, chosen in _parts(episodes):
        for one in CRITERIA:
            hits = sum(map(one.met, chosen))
            low, high = wilson_interval(hits, len(chosen))
            key = f"{prefix}{one.key}"
            found |= {f"{key}_rate": hits / len(chosen), f"{key}_ci95_low": low, f"{key}_ci95_high": high}
        if prefix:
            found[f"{prefix}episodes"] = len(chosen)
    if episodes:  # summary() knows one target an episode
        found["if_rate"] = sum(named_first(one, settings) for one in episodes) / len(episodes)
    return found


def print_report(settings: LiberoSettings, episodes: Sequence[LiberoEpisode], console: Console) -> None:
    """Print the figures, the tasks and the causes of failure."""
    if not episodes:
        console.print("no episode came to an end")
        return
    rows = [
        (one.title + title, _rate(list(map(one.met, chosen))))
        for _, title, chosen in _parts(episodes)
        for one in CRITERIA
    ]
    rows.append(("first object lifted is a named one", _rate([named_first(one, settings) for one in episodes])))
    for name, attribute in (("by chance", "chance"), ("by colour alone", "color_alone")):
        known = [getattr(one, attribute) for one in episodes if getattr(one, attribute) is not None]
        if known:
            rows.append((name, f"{100 * sum(known) / len(known):.1f} %"))
    paper = load_libero().paper
    if settings.suite in paper:
        rows.append(("GraspVLA, Table 2 (10 cm, class)", f"{paper[settings.suite]:g} %"))
    title = f"{settings.policy}, {settings.suite}, {len(episodes)} of {settings.episodes} episodes"
    print_table(console, ("figure", "value"), rows, title)
    tasks: dict[str, list[bool]] = {}
    for one in episodes:
        tasks.setdefault(f"{one.category} ({one.task})", []).append(one.success)
    print_table(console, ("task", "success"), [(name, f"{sum(hits)}/{len(hits)}") for name, hits in tasks.items()])
    if causes := failure_causes(episodes):
        print_table(console, ("cause of failure", "episodes"), [(name, str(count)) for name, count in causes.items()])


def named_first(episode: LiberoEpisode, settings: LiberoSettings) -> bool:
    """Say whether the first object that was lifted is one that counts."""
    return episode.first_lifted in settings.episode(episode.seed)[0].targets


def _parts(episodes: Sequence[LiberoEpisode]) -> list[tuple[str, str, list[LiberoEpisode]]]:
    """Return all episodes, and those of the paper's tasks where the paper has some of them and not all."""
    paper = [one for one in episodes if one.in_paper]
    parts = [("", "", list(episodes)), ("paper_tasks_", ", the paper's tasks", paper)]
    return [part for part in parts if part[2] and (not part[0] or len(part[2]) < len(episodes))]


def _rate(hits: Sequence[bool]) -> str:
    low, high = (100 * end for end in wilson_interval(sum(hits), len(hits)))
    return f"{100 * sum(hits) / len(hits):.1f} %  ({sum(hits)} of {len(hits)}, 95 % {low:.0f} to {high:.0f} %)"
