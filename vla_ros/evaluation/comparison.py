# SPDX-License-Identifier: Apache-2.0
"""Two evaluations of the same scenes, seed by seed: whose success is higher, by how much, and where they differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.evaluation.episode_log import LoggedEvaluation, log_path, read_log
from vla_ros.evaluation.sequential import ERROR, NEEDED_MAX, SequentialComparison, Verdict
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.evaluation.statistics import EpisodeResult

# How an evaluation was run, not in which scenes.
_MAY_DIFFER = (
    "policy",
    "checkpoint",
    "setting",
    "url",
    "url_token_file",
    "contract",
    "latency_s",
    "jitter_s",
    "loss",
    "outage_s",
    "every_s",
    "pause_s",
    "rate_hz",
    "video",
    "features",
    "detector",
    "on_alarm",
    "alarm_score",
    "alarm_alpha",
    "graph",
    "wording",
    "spl",
)

Pair = tuple[EpisodeResult, EpisodeResult]  # this one's episode, the other's


@dataclass(frozen=True)
class Comparison:
    """This evaluation and another one, scene by scene in the order of their seeds."""

    name: str  # of the other
    settings: EpisodeSettings  # the other's
    pairs: tuple[Pair, ...]
    alone: tuple[int, ...] = ()  # seeds run here whose scene the other has not run
    # Seeds run in both after one that has not ended in both: what ends early is rather a success, so that these would
    # tell more of how long episodes take than of how good they are. They count once that one has ended.
    waiting: tuple[int, ...] = ()
    broken: tuple[int, ...] = ()  # seeds that broke in one of them, which count nowhere
    error: float = ERROR  # of the verdict and the interval together

    @property
    def difference(self) -> float:
        """Return this success rate minus the other's, over the scenes of both; 0 without any."""
        return self.sequence.mean

    @property
    def successes(self) -> tuple[int, int]:
        """Return how many scenes each succeeded in."""
        return sum(here.success for here, _ in self.pairs), sum(there.success for _, there in self.pairs)

    @cached_property
    def sequence(self) -> SequentialComparison:
        """Return what the differences say, in whatever number of scenes one stops."""
        return SequentialComparison([int(here.success) - int(there.success) for here, there in self.pairs], self.error)

    @property
    def interval(self) -> tuple[float, float]:
        """Return the 95 % interval of the difference, of all numbers of scenes at once."""
        return self.sequence.interval

    @property
    def differing(self) -> list[Pair]:
        """Return the pairs of which one succeeded."""
        return [(here, there) for here, there in self.pairs if here.success != there.success]

    def verdict(self, here: str, there: str) -> str:
        """Say in words who is better, or about how long it would take to know."""
        return verdict_in_words(self.sequence, here, there)

    def figures(self) -> dict[str, float | int]:
        """Return the comparison's part of the JSON file; points are hundredths of a success rate."""
        return self.sequence.figures() | {"compared_success_rate": self.successes[1] / max(1, len(self.pairs))}


def verdict_in_words(sequence: SequentialComparison, first: str, second: str) -> str:
    """Say who is better, or about how many scenes more would say it."""
    count = len(sequence.differences)
    if sequence.verdict is not Verdict.OPEN:
        better = first if sequence.verdict is Verdict.FIRST else second
        return f"{better} is better (decided after {sequence.decided_after} of {count} scenes)"
    if not any(sequence.differences):
        more = "no scene tells them apart"
    elif sequence.mean == 0.0:
        more = "as much speaks for one as for the other"
    elif sequence.needed is None:
        more = f"if the rates stay, not within {NEEDED_MAX} either"
    else:
        digits = max(0, len(str(sequence.needed)) - 2)  # more would be more than is known
        more = f"about {round(sequence.needed, -digits)} more would be needed if the rates stay"
    return f"not decided after {count} scenes: {more}"


@dataclass(frozen=True)
class Counterpart:
    """The evaluation to compare with."""

    name: str
    settings: EpisodeSettings
    episodes: tuple[EpisodeResult, ...]
    same_words: bool = True  # both were asked in words of one family
    broken: tuple[int, ...] = ()
    first: int | None = None  # the first seed it is to run; None: the first that it has run

    def compare(
        self,
        episodes: Sequence[EpisodeResult],
        broken: Iterable[int] = (),
        first: int | None = None,
        error: float = ERROR,
    ) -> Comparison:
        """Pair episodes with those of the same seed; where the words or the object differ, the scene was another."""
        here = {episode.seed: episode for episode in episodes}
        there = {episode.seed: episode for episode in self.episodes}
        ran_in_both = sorted(here.keys() & there.keys())
        both = [seed for seed in ran_in_both if self._same(here[seed], there[seed])]
        firsts = [
            min(ran, default=0) if begin is None else begin for begin, ran in ((first, here), (self.first, there))
        ]
        broke = {*broken, *self.broken}
        excused = {*broke, *ran_in_both}
        counted: list[int] = []
        expected = max(firsts)
        for seed in both:
            if any(missing not in excused for missing in range(expected, seed)):
                break
            counted.append(seed)
            expected = seed + 1
        within = range(max(firsts), both[-1] + 1) if both else range(0)
        return Comparison(
            self.name,
            self.settings,
            tuple((here[seed], there[seed]) for seed in counted),
            tuple(sorted(here.keys() - set(both))),
            tuple(both[len(counted) :]),
            tuple(sorted(seed for seed in broke if seed in within)),
            error,
        )

    def _same(self, here: EpisodeResult, there: EpisodeResult) -> bool:
        words = here.instruction == there.instruction or not self.same_words
        return words and here.target == there.target


def other_scenes(first: EpisodeSettings, second: EpisodeSettings) -> tuple[str, object, object] | None:
    """Return name and both values of the first setting that makes other scenes of them; None for the same scenes."""
    for name in (field.name for field in fields(EpisodeSettings) if field.name not in _MAY_DIFFER):
        if getattr(first, name) != getattr(second, name):
            return name, getattr(first, name), getattr(second, name)
    return None


def read_counterpart(file: str, ours: EpisodeSettings) -> Counterpart:
    """Read the details beside a result file. Raises ConfigError when their scenes are not `ours`."""
    path = log_path(Path(file))
    if not path.exists():
        raise ConfigError(f"--compare {file}: {path.name} is not beside it: name the FILE of an evaluation's --json")
    logged = read_log(path)
    other = other_scenes(logged.settings, ours)
    if other is not None:
        name, there, here = other
        raise ConfigError(
            f"--compare {file}: its {name} is {there}, not {here}: only evaluations of the same scenes can be compared"
        )
    return counterpart(Path(file).name, logged, ours)


def counterpart(name: str, logged: LoggedEvaluation, ours: EpisodeSettings) -> Counterpart:
    """Return a log as what evaluations with the settings `ours`, of the same scenes, are compared with."""
    same_words = logged.settings.wording == ours.wording
    return Counterpart(name, logged.settings, logged.episodes, same_words, logged.broken, logged.first)
