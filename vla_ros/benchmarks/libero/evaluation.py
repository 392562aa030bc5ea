# SPDX-License-Identifier: Apache-2.0
"""Evaluate a policy in LIBERO: interruptible, resumable, every episode written down as it ends."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.benchmarks.libero.episode import LiberoEpisode
from vla_ros.benchmarks.libero.settings import LiberoSettings
from vla_ros.benchmarks.libero.suites import load_libero
from vla_ros.documents import DocumentError, parse_json
from vla_ros.evaluation.pool import Broken, run_all
from vla_ros.evaluation.statistics import failure_causes, summary, wilson_interval
from vla_ros.tables import print_table

BROKEN = "broken"
SHARED = (
    "suite",
    "policy",
    "checkpoint",
    "objects",
    "setting",
)  # settings that the episodes of one file have in common


def log_path(result: Path) -> Path:
    """Return where the episodes of a result file lie."""
    return result.with_suffix(".episodes.jsonl")


def read_episodes(path: Path, settings: LiberoSettings) -> list[LiberoEpisode]:
    """Return what a log holds of these settings. Raises ConfigError for one of others, or for what is none."""
    try:
        lines = path.read_text().splitlines()
        header = parse_json(lines[0], "first line")["settings"] if lines else {}
        rows = [parse_json(line, f"line {i}") for i, line in enumerate(lines[1:], 2) if line.endswith("}")]
        episodes = [LiberoEpisode(**row) for row in rows if BROKEN not in row]
    except (OSError, DocumentError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: not a log of --benchmark libero ({error}): run without --resume") from error
    if header != _shared(settings):
        raise ConfigError(f"{path}: holds episodes of other settings: run without --resume, or as then")
    return episodes


def evaluate(settings: LiberoSettings, log: Path | None, resume: bool, console: Console) -> tuple[list, list, bool]:
    """Run what the log does not hold; return episodes, what broke, and whether it was interrupted."""
    from vla_ros.benchmarks.libero.runner import MakeRunner

    episodes = read_episodes(log, settings) if log is not None and resume and log.exists() else []
    episodes = [one for one in episodes if one.seed in settings.seeds]
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        lines = [{"settings": _shared(settings)}, *(dataclasses.asdict(one) for one in episodes)]
        log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = {one.seed for one in episodes}
    broken: list[Broken] = []
    interrupted = False
    waiting = [seed for seed in settings.seeds if seed not in done]
    try:
        for result in run_all(MakeRunner(settings), waiting, settings.workers):
            line: dict
            if isinstance(result, Broken):
                broken.append(result)
                line = {"seed": result.seed, BROKEN: result.reason}
                text = f"broke: {result.reason}"
            else:
                assert isinstance(result, LiberoEpisode)
                episodes.append(result)
                line = dataclasses.asdict(result)
                text = "success" if result.success else result.cause
            if log is not None:
                with log.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            task, state = settings.episode(result.seed)
            console.print(
                f"{len(episodes) + len(broken)}/{settings.episodes} {task.say}, state {state}: {text}",
                markup=False,
                soft_wrap=True,
            )
    except KeyboardInterrupt:
        interrupted = True
    return sorted(episodes, key=lambda one: one.seed), broken, interrupted


def figures(episodes: Sequence[LiberoEpisode]) -> dict[str, float | int]:
    """Return the figures; the keys are the JSON file's."""
    found = dict(summary(episodes))
    for name, chosen in (("", list(episodes)), ("paper_tasks_", [one for one in episodes if one.in_paper])):
        if not chosen or (name and len(chosen) == len(episodes)):
            continue
        rates = (("success", "success"), ("lifted_10cm", "lifted_paper"), ("lifted_10cm_alike", "alike_paper"))
        for key, attribute in rates:
            hits = sum(getattr(one, attribute) for one in chosen)
            low, high = wilson_interval(hits, len(chosen))
            found |= {f"{name}{key}_rate": hits / len(chosen), f"{name}{key}_ci95_low": low}
            found |= {f"{name}{key}_ci95_high": high}
        if name:
            found[f"{name}episodes"] = len(chosen)
    found["chance"] = sum(one.chance or 0.0 for one in episodes) / max(1, len(episodes))
    return found


def print_report(settings: LiberoSettings, episodes: Sequence[LiberoEpisode], console: Console) -> None:
    """Print the figures, the tasks and the causes of failure."""
    if not episodes:
        console.print("no episode came to an end")
        return
    config = load_libero()
    rows = []
    counted = [("success: 15 cm, held 1 s", "success"), ("named object 10 cm up", "lifted_paper")]
    counted.append(("it or one of its class 10 cm up", "alike_paper"))
    for chosen, title in ((list(episodes), ""), ([one for one in episodes if one.in_paper], ", the paper's tasks")):
        if not chosen or (title and len(chosen) == len(episodes)):
            continue
        rows += [(name + title, _rate([getattr(one, key) for one in chosen])) for name, key in counted]
    rows.append(("first object lifted is a named one", _rate([_named_first(one, settings) for one in episodes])))
    for name, attribute in (("by chance", "chance"), ("by colour alone", "color_alone")):
        known = [getattr(one, attribute) for one in episodes if getattr(one, attribute) is not None]
        if known:
            rows.append((name, f"{100 * sum(known) / len(known):.1f} %"))
    if settings.suite in config.paper:
        rows.append(("GraspVLA, Table 2 (10 cm, class)", f"{config.paper[settings.suite]:g} %"))
    title = f"{settings.policy}, {settings.suite}, {len(episodes)} of {settings.episodes} episodes"
    print_table(console, ("figure", "value"), rows, title)
    tasks: dict[str, list[bool]] = {}
    for one in episodes:
        tasks.setdefault(f"{one.category} ({one.task})", []).append(one.success)
    print_table(console, ("task", "success"), [(name, f"{sum(hits)}/{len(hits)}") for name, hits in tasks.items()])
    if causes := failure_causes(episodes):
        print_table(console, ("cause of failure", "episodes"), [(name, str(count)) for name, count in causes.items()])


def _named_first(episode: LiberoEpisode, settings: LiberoSettings) -> bool:
    return episode.first_lifted in settings.episode(episode.seed)[0].targets


def _rate(hits: Sequence[bool]) -> str:
    low, high = (100 * end for end in wilson_interval(sum(hits), len(hits)))
    return f"{100 * sum(hits) / max(1, len(hits)):.1f} %  ({sum(hits)} of {len(hits)}, 95 % {low:.0f} to {high:.0f} %)"


def _shared(settings: LiberoSettings) -> dict[str, str | None]:
    return {name: getattr(settings, name) for name in SHARED}
