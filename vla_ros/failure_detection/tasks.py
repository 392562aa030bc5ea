# SPDX-License-Identifier: Apache-2.0
"""Which roll-outs a detector learns from and which it has never seen the task of: `--hold-out set=relation,noun`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.failure_detection.rollout import RecordedRollout

KEYS = ("task", "set", "categories", "wording", "category")
# Shares of the roll-outs of the training tasks: weights, early stopping; the rest calibrate.
TRAINED, STOPPED = 0.5, 0.2


@dataclass(frozen=True)
class HoldOut:
    """Roll-outs of these values are of tasks that nothing is learned from."""

    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.key not in KEYS:
            raise ConfigError(unknown_name("key of --hold-out", self.key, KEYS))
        if not self.values or not all(self.values):
            raise ConfigError(f"--hold-out {self.key}=: names nothing: write such as set=relation,noun")

    @classmethod
    def read(cls, text: str) -> HoldOut:
        """Return what `KEY=VALUE,…` says. Raises ConfigError."""
        key, equals, values = text.partition("=")
        if not equals:
            raise ConfigError(f"--hold-out {text}: write KEY=VALUE,… with a key of {', '.join(KEYS)}")
        return cls(key, tuple(values.split(",")))

    def __str__(self) -> str:
        return f"{self.key}={','.join(self.values)}"

    def holds(self, rollout: RecordedRollout) -> bool:
        """Say whether a roll-out is of a task that is held out."""
        return getattr(rollout.episode, self.key) in self.values

    def parted(self, rollouts: Sequence[RecordedRollout]) -> tuple[list[RecordedRollout], list[RecordedRollout]]:
        """Return the roll-outs of the training tasks, and those that are held out."""
        held = [rollout for rollout in rollouts if self.holds(rollout)]
        return [rollout for rollout in rollouts if not self.holds(rollout)], held

    def check(self, rollouts: Sequence[RecordedRollout]) -> None:
        """Raise ConfigError for a value that no roll-out has."""
        found = Counter(str(getattr(rollout.episode, self.key)) for rollout in rollouts)
        for value in self.values:
            if value not in found:
                raise ConfigError(f"--hold-out: {unknown_name(self.key, value, found)}")


@dataclass(frozen=True)
class Parts:
    """What the roll-outs of the training tasks are for."""

    train: list[RecordedRollout]
    stop: list[RecordedRollout]  # that say when to stop
    calibrate: list[RecordedRollout]  # whose successes say what is usual


def split(rollouts: Sequence[RecordedRollout], seed: int) -> Parts:
    """Split the roll-outs of the training tasks at random, successes and failures alike.

    Scenes of one seed are alike in every set and wording, the same thing in the same place: they stay together, or
    successes would be called usual by what was learned of their own scenes. Raises ConfigError where a part would lack
    successes or failures that it needs.
    """
    successes = sum(rollout.success for rollout in rollouts)
    failures = len(rollouts) - successes
    if successes < 8 or failures < 4:
        raise ConfigError(
            f"the training tasks have {successes} successes and {failures} failures: a detector needs 8 and 4 at "
            "least: record more with `vla eval --features`, or hold out less"
        )
    rng = np.random.default_rng(seed)
    alike: dict[tuple[str, int], list[RecordedRollout]] = {}
    for rollout in rollouts:
        alike.setdefault((rollout.episode.task, rollout.episode.seed), []).append(rollout)
    parts = Parts([], [], [])
    for success in (True, False):
        of = [group for group in alike.values() if _mostly_successes(group) is success]
        order = rng.permutation(len(of))
        first, second = round(TRAINED * len(of)), round((TRAINED + STOPPED) * len(of))
        for part, chosen in (
            (parts.train, order[:first]),
            (parts.stop, order[first:second]),
            (parts.calibrate, order[second:]),
        ):
            part.extend(rollout for i in chosen for rollout in of[i])
    both = all({rollout.success for rollout in part} == {True, False} for part in (parts.train, parts.stop))
    if not both or sum(rollout.success for rollout in parts.calibrate) < 2:
        raise ConfigError(
            f"the training tasks are of {len(alike)} seeds, whose successes and failures cannot be shared out to "
            "learning, stopping and calibration: record more seeds with `vla eval --features`"
        )
    return parts


def _mostly_successes(rollouts: Sequence[RecordedRollout]) -> bool:
    return 2 * sum(rollout.success for rollout in rollouts) >= len(rollouts)
