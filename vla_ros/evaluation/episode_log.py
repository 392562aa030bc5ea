# SPDX-License-Identifier: Apache-2.0
"""Episodes as JSON lines beside the result file: details for people, what --resume goes on from, what is compared.

The first line holds the settings that all of them share and the seeds that are to be run. The others come in the order
in which episodes ended, which is not that of their seeds.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.documents import DocumentError, parse_json
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.recorded_features import lacks_features
from vla_ros.evaluation.settings import EpisodeSettings, EvaluationSettings
from vla_ros.evaluation.statistics import EpisodeResult

LOG_ENDING = ".episodes.jsonl"
BROKEN = "broken"  # key of a line that is no episode; resuming runs its seed again


def log_path(result: Path) -> Path:
    """Return where the details of a result file lie."""
    return result.with_suffix(LOG_ENDING)


@dataclass(frozen=True)
class LoggedEvaluation:
    """What a log holds."""

    settings: EpisodeSettings
    episodes: tuple[EpisodeResult, ...]
    broken: tuple[int, ...]  # seeds of episodes that came to no end of their own, and were not run again
    first: int | None  # the first seed that is to be run; None in logs older than it


def read_log(path: Path) -> LoggedEvaluation:
    """Return what a log holds. Raises ConfigError when it is none, or a line within it is torn."""
    try:
        text = path.read_text()
        # A killed run may leave half a line at the end, and nowhere else.
        lines = text.splitlines() if text.endswith(("\n", "}")) else text.splitlines()[:-1]
        header = parse_json(lines[0], "first line") if lines else {}
        rows = [parse_json(line, f"line {i}") for i, line in enumerate(lines[1:], 2)]
        # What a log does not name is newer than it, and was then as the default is now.
        settings = EpisodeSettings(**header["settings"])
        first = header["seeds"][0] if "seeds" in header else None
        if first is not None and type(first) is not int:
            raise ValueError(f"seeds begin with {first!r}, which is no whole number")
        episodes = [EpisodeResult(**row) for row in rows if BROKEN not in row]
        broken = {int(row["seed"]) for row in rows if BROKEN in row} - _seeds(episodes)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (DocumentError, ValueError, TypeError, KeyError, IndexError) as error:
        raise ConfigError(
            f"{path}: not an episode log ({error}): name another file, or run without --resume"
        ) from error
    return LoggedEvaluation(settings, tuple(episodes), tuple(sorted(broken)), first)


def _seeds(episodes: list[EpisodeResult]) -> set[int]:
    """Return the seeds of episodes. Raises ValueError for what no evaluation writes."""
    seeds: set[int] = set()
    for episode in episodes:
        if type(episode.seed) is not int or type(episode.success) is not bool:
            raise ValueError(f"an episode of seed {episode.seed!r} with success {episode.success!r}")
        if episode.seed in seeds:
            raise ValueError(f"seed {episode.seed} twice")
        seeds.add(episode.seed)
    return seeds


class EpisodeLog:
    """The log of an evaluation under way."""

    def __init__(self, path: Path, settings: EvaluationSettings, resume: bool, repeat_starved: bool = False) -> None:
        """Open the log; with `resume` keep the episodes of the same settings, `repeat_starved` drops starved ones."""
        self.path = path
        self.episodes: list[EpisodeResult] = []
        ours = _comparable(settings.episode)
        if resume and path.exists():
            logged = read_log(path)
            if _comparable(logged.settings) != ours:
                raise ConfigError(f"{path}: holds episodes of other settings: run without --resume, or as then")
            self.episodes = [
                e
                for e in logged.episodes
                if e.seed in settings.seeds
                and not (repeat_starved and e.starved)
                and not lacks_features(settings.episode, e.seed)
            ]
        path.parent.mkdir(parents=True, exist_ok=True)
        seeds = [settings.seeds.start, settings.seeds.stop]
        lines = [{"settings": ours, "seeds": seeds}, *(dataclasses.asdict(episode) for episode in self.episodes)]
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
    del values["video"], values["features"]  # what is kept beside a result changes none
    return values
