# SPDX-License-Identifier: Apache-2.0
"""Episodes as JSON lines beside the result file: details for people, what --resume goes on from, what --compare reads.

The first line holds the settings that all of them share.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, parse_json
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult

BROKEN = "broken"  # key of a line that is no episode; resuming runs its seed again


def log_path(result: Path) -> Path:
    """Return where the details of a result file lie."""
    return result.with_suffix(".episodes.jsonl")


def read_log(path: Path) -> tuple[EpisodeSettings, list[EpisodeResult]]:
    """Return what a log holds. Raises ConfigError when it is none."""
    try:
        lines = path.read_text().splitlines()
        header = parse_json(lines[0], "first line") if lines else {}
        # A killed run may leave half a line at the end.
        rows = [parse_json(line, f"line {i}") for i, line in enumerate(lines[1:], 2) if line.endswith("}")]
        # What a log does not name is newer than it, and was then as the default is now.
        return EpisodeSettings(**header["settings"]), [EpisodeResult(**row) for row in rows if BROKEN not in row]
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (DocumentError, ValueError, TypeError, KeyError) as error:
        raise ConfigError(
            f"{path}: not an episode log ({error}): name another file, or run without --resume"
        ) from error


class EpisodeLog:
    """The log of an evaluation under way."""

    def __init__(self, path: Path, settings: EvaluationSettings, resume: bool, repeat_starved: bool = False) -> None:
        """Open the log; with `resume` keep the episodes of the same settings, `repeat_starved` drops starved ones."""
        self.path = path
        self.episodes: list[EpisodeResult] = []
        ours = _comparable(settings.episode)
        if resume and path.exists():
            theirs, episodes = read_log(path)
            if _comparable(theirs) != ours:
                raise ConfigError(f"{path}: holds episodes of other settings: run without --resume, or as then")
            self.episodes = [e for e in episodes if e.seed in settings.seeds and not (repeat_starved and e.starved)]
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [{"settings": ours}, *(dataclasses.asdict(episode) for episode in self.episodes)]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def append(self, result: EpisodeResult | Broken) -> None:
        """Write one more result at once, so that nothing is lost when the run is killed."""
        line = (
            {"seed": result.seed, BROKEN: result.reason} if isinstance(result, Broken) else dataclasses.asdict(result)
        )
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _comparable(settings: EpisodeSettings) -> dict:
    values = dataclasses.asdict(settings)
    del values["video"]  # films change no result
    return values
