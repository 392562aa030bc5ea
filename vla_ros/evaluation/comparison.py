# SPDX-License-Identifier: Apache-2.0
"""Two evaluations of the same scenes, seed by seed: by how much their success differs, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.evaluation.episode_log import log_path, read_log
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult, paired_interval

# How an evaluation was run, not in which scenes.
_MAY_DIFFER = ("policy", "checkpoint", "setting", "latency_s", "pause_s", "rate_hz", "video", "graph", "wording")


@dataclass(frozen=True)
class Comparison:
    """This evaluation and another one, scene by scene."""

    name: str  # of the other
    settings: EpisodeSettings  # the other's
    pairs: tuple[tuple[EpisodeResult, EpisodeResult], ...]  # this one's, the other's
    alone: tuple[int, ...]  # seeds run here whose scene the other has not run

    @property
    def difference(self) -> float:
        """Return this success rate minus the other's, over the scenes of both; 0 without any."""
        here, there = (sum(pair[i].success for pair in self.pairs) for i in (0, 1))
        return (here - there) / len(self.pairs) if self.pairs else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the difference."""
        outcomes = [(here.success, there.success) for here, there in self.pairs]
        return paired_interval(*(outcomes.count(o) for o in ((True, True), (True, False), (False, True), (False,) * 2)))

    @property
    def differing(self) -> list[tuple[EpisodeResult, EpisodeResult]]:
        """Return the pairs of which one succeeded."""
        return [(here, there) for here, there in self.pairs if here.success != there.success]

    def figures(self) -> dict[str, float | int]:
        """Return the comparison's part of the JSON file; points are hundredths of a success rate."""
        low, high = self.interval
        return {
            "compared_episodes": len(self.pairs),
            "compared_success_rate": sum(there.success for _, there in self.pairs) / max(1, len(self.pairs)),
            "difference_points": 100.0 * self.difference,
            "difference_points_ci95_low": 100.0 * low,
            "difference_points_ci95_high": 100.0 * high,
        }


@dataclass(frozen=True)
class Counterpart:
    """The evaluation to compare with."""

    name: str
    settings: EpisodeSettings
    episodes: tuple[EpisodeResult, ...]
    same_words: bool = True  # both were asked in words of one family

    def compare(self, episodes: Sequence[EpisodeResult]) -> Comparison:
        """Pair episodes with those of the same seed; where the words or the object differ, the scene was another."""
        others = {self._scene(episode): episode for episode in self.episodes}
        pairs = tuple((episode, others[self._scene(episode)]) for episode in episodes if self._scene(episode) in others)
        alone = tuple(episode.seed for episode in episodes if self._scene(episode) not in others)
        return Comparison(self.name, self.settings, pairs, alone)

    def _scene(self, episode: EpisodeResult) -> tuple[int, str, str]:
        return episode.seed, episode.target, episode.instruction if self.same_words else ""


def read_counterpart(file: str, ours: EpisodeSettings) -> Counterpart:
    """Read the details beside a result file. Raises ConfigError when their scenes are not `ours`."""
    path = log_path(Path(file))
    if not path.exists():
        raise ConfigError(f"--compare {file}: {path.name} is not beside it: name the FILE of an evaluation's --json")
    settings, episodes = read_log(path)
    for name in (field.name for field in fields(EpisodeSettings) if field.name not in _MAY_DIFFER):
        if getattr(settings, name) != getattr(ours, name):
            raise ConfigError(
                f"--compare {file}: its {name} is {getattr(settings, name)}, not {getattr(ours, name)}: "
                "only evaluations of the same scenes can be compared"
            )
    return Counterpart(Path(file).name, settings, tuple(episodes), settings.wording == ours.wording)
