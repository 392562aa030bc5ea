# SPDX-License-Identifier: Apache-2.0
"""Evaluate a policy in LIBERO: interruptible, resumable, every episode written down as it ends."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.benchmarks.libero.episode import LiberoEpisode
from vla_ros.benchmarks.libero.settings import LiberoSettings
from vla_ros.documents import DocumentError, parse_json
from vla_ros.evaluation.episode_log import BROKEN
from vla_ros.evaluation.pool import Broken, run_all

SHARED = (
    "suite",
    "policy",
    "checkpoint",
    "objects",
    "setting",
)  # settings that the episodes of one file have in common


def read_episodes(path: Path, settings: LiberoSettings) -> list[LiberoEpisode]:
    """Return what a log holds of these settings. Raises ConfigError for one of others, or for what is none."""
    try:
        lines = path.read_text().splitlines()
        header = parse_json(lines[0], "first line")["settings"] if lines else {}
        rows = [parse_json(line, f"line {i}") for i, line in enumerate(lines[1:], 2) if line.endswith("}")]
        episodes = [LiberoEpisode(**row) for row in rows if BROKEN not in row]
    except (OSError, DocumentError, ValueError, KeyError, TypeError) as error:
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


def _shared(settings: LiberoSettings) -> dict[str, str | None]:
    return {name: getattr(settings, name) for name in SHARED}
