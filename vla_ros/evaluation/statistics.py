# SPDX-License-Identifier: Apache-2.0
"""From episodes to the figures of an evaluation: rates, their confidence, path efficiency."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Fields of an episode with what choosers.py expects, in words.
CHOOSERS = {
    "chance": "chance",
    "color_alone": "colour alone",
    "noun_alone": "noun alone",
    "name_alone": "colour and noun",
}
STARVED_BELOW = 0.9  # real-time factor of an episode: below it the machine, not the robot, was measured


@dataclass(frozen=True)
class EpisodeResult:
    """What one episode came to."""

    seed: int
    category: str  # of the named object
    target: str  # name of the object that counts; empty: no single one
    instruction: str
    outcome: str  # an Outcome's value
    success: bool
    attempts: int
    first_lifted: str | None  # the first object that left the table
    steps: int  # actions executed at the action rate
    duration_s: float  # [s] simulated
    wall_s: float  # [s] everything, scene set-up included
    cause: str = ""  # why it failed, in words
    reference_steps: int | None = None  # the scripted expert's actions on the same scene; None when it failed too
    # What choosers.py expects in this scene; None where several things are meant, and in logs older than them.
    chance: float | None = None
    color_alone: float | None = None
    noun_alone: float | None = None
    name_alone: float | None = None
    # Of an episode through the graph; None in lockstep, which knows no wall clock.
    real_time_factor: float | None = None
    real_time_factor_worst_s: float | None = None  # in the worst second
    run_directory: str | None = None  # where its log and film lie
    progress: float | None = None  # 0 to 1, the most it came to; None in logs older than it
    parts_done: int = 0  # of several things that were asked for
    parts: int = 0  # how many were; 0: one alone
    followed: int = 0  # of several requests: in which what was asked for left the table first
    asked: int = 0  # how many there were; 0: one alone
    alarms: int | None = None  # of a failure detector; None: none watched

    @property
    def starved(self) -> bool:
        """Say whether the machine was too slow for real time."""
        return self.real_time_factor is not None and self.real_time_factor < STARVED_BELOW

    @property
    def spl(self) -> float:
        """Return success weighted by path length, S l / max(p, l) (GraspVLA, section 5.1 and Appendix E).

        l is the least number of actions any method needed; where only this one succeeded, that is its own.
        """
        if not self.success:
            return 0.0
        shortest = self.steps if self.reference_steps is None else self.reference_steps
        return shortest / max(self.steps, shortest, 1)


def wilson_interval(successes: float, trials: float, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return Wilson's score interval of a rate, 95 % by default; (0, 1) without trials."""
    if trials == 0:
        return 0.0, 1.0
    p = successes / trials
    centre = (p + z * z / (2 * trials)) / (1 + z * z / trials)
    half = z / (1 + z * z / trials) * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials**2))
    # At 0 and at 1 the formula's end is the rate itself, up to rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def interval_of_shares(done: Sequence[int], of: Sequence[int]) -> tuple[float, float]:
    """Return the 95 % interval of a rate over the parts of episodes, of which each has so many done.

    Parts of one episode go well or badly together, so that they count as fewer (Kish's effective size, by the variance
    between episodes): Wilson's interval of as many as they are worth, and of the episodes where all or none are done.
    """
    total, episodes = sum(of), sum(count > 0 for count in of)
    if not total:
        return 0.0, 1.0
    rate = sum(done) / total
    worth = float(episodes)
    if 0.0 < rate < 1.0 and episodes > 1:
        squares = sum((one - rate * count) ** 2 for one, count in zip(done, of, strict=True))
        variance = episodes / (episodes - 1) * squares / total**2
        worth = min(float(total), rate * (1.0 - rate) / variance) if variance > 0.0 else float(total)
    return wilson_interval(rate * worth if rate < 1.0 else worth, worth)


def summary(episodes: Sequence[EpisodeResult], spl: bool = True) -> dict[str, float | int]:
    """Return the figures of an evaluation; the keys are the JSON file's. Without `spl` the expert was not run."""
    count = len(episodes)
    successes = sum(episode.success for episode in episodes)
    low, high = wilson_interval(successes, count)
    simulated, wall = sum(e.duration_s for e in episodes), sum(e.wall_s for e in episodes)
    figures: dict[str, float | int] = {
        "success_rate": successes / count if count else 0.0,
        "success_ci95_low": low,
        "success_ci95_high": high,
        **_named_first([e for e in episodes if e.target or e.chance is not None]),
        **({"spl": _mean([e.spl for e in episodes])} if spl else {}),
        "attempts_mean": _mean([e.attempts for e in episodes]),
        "episode_s_mean": _mean([e.duration_s for e in episodes]),
        "successes_per_hour": 3600.0 * successes / simulated if simulated > 0.0 else 0.0,
        "sim_speed": simulated / wall if wall > 0.0 else 0.0,
        "episodes": count,
    }
    parts, done = sum(episode.parts for episode in episodes), sum(episode.parts_done for episode in episodes)
    if parts:
        low, high = interval_of_shares([e.parts_done for e in episodes], [e.parts for e in episodes])
        figures |= {"parts": parts, "parts_rate": done / parts, "parts_ci95_low": low, "parts_ci95_high": high}
    asked, followed = sum(episode.asked for episode in episodes), sum(episode.followed for episode in episodes)
    if asked:
        low, high = interval_of_shares([e.followed for e in episodes], [e.asked for e in episodes])
        figures |= {
            "requests": asked,
            "followed_rate": followed / asked,
            "followed_ci95_low": low,
            "followed_ci95_high": high,
        }
    if watched := [episode for episode in episodes if episode.alarms is not None]:
        figures |= {
            f"alarms_{name}": _mean(raised)
            for name, success in (("in_successes", True), ("in_failures", False))
            if (raised := [bool(episode.alarms) for episode in watched if episode.success is success])
        }
    factors = [episode.real_time_factor for episode in episodes if episode.real_time_factor is not None]
    if factors:
        figures |= {
            "real_time_factor_mean": _mean(factors),
            "real_time_factor_min": min(factors),
            "starved": sum(episode.starved for episode in episodes),
        }
    return figures


def by_category(episodes: Sequence[EpisodeResult]) -> dict[str, tuple[int, int]]:
    """Return (successes, episodes) of each named category, worst first."""
    counts: dict[str, tuple[int, int]] = {}
    for episode in episodes:
        successes, trials = counts.get(episode.category, (0, 0))
        counts[episode.category] = (successes + episode.success, trials + 1)
    return dict(sorted(counts.items(), key=lambda item: (item[1][0] / item[1][1], item[0])))


def failure_causes(episodes: Sequence[EpisodeResult]) -> dict[str, int]:
    """Return how often each cause of failure occurred, most frequent first."""
    counts: dict[str, int] = {}
    for episode in episodes:
        if not episode.success:
            cause = episode.cause or episode.outcome
            counts[cause] = counts.get(cause, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _named_first(episodes: Sequence[EpisodeResult]) -> dict[str, float]:
    """Return how often the first object lifted was the named one, beside what choosers who understand little expect.

    Over episodes with a single target, and those in which nothing is to be lifted; {} without any, and without what is
    expected where that is not known of all.
    """
    if not episodes:
        return {}
    rates = {"if_rate": _mean([(e.first_lifted or "") == e.target for e in episodes])}
    for name in CHOOSERS:
        known = [value for e in episodes if (value := getattr(e, name)) is not None]
        if len(known) == len(episodes):
            rates[f"if_rate_{name}"] = _mean(known)
    return rates


def _mean(values: Sequence[float | bool]) -> float:
    return float(sum(values) / len(values)) if values else 0.0
