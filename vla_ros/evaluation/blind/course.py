# SPDX-License-Identifier: Apache-2.0
"""How far a blind trial is: what is next, what counts, and whether it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from vla_ros.evaluation.blind.design import TrialDesign
from vla_ros.evaluation.blind.key import A, BlindKey
from vla_ros.evaluation.blind.trials import Trial, Verdict
from vla_ros.evaluation.sequential import SequentialComparison

VOID_MAX = 3  # times that a turn is run in vain; then its scene counts nowhere


@dataclass(frozen=True)
class Turn:
    """What is to be run."""

    number: int  # of the trial, from 1
    scene: int  # n-th scene, from 0
    seed: int
    turn: int  # 0: the first of the two, 1: the second
    policy: str  # A or B: for the machine alone


@dataclass(frozen=True, eq=False)
class Course:
    """A trial under way."""

    design: TrialDesign
    key: BlindKey
    trials: Sequence[Trial]

    @cached_property
    def pairs(self) -> dict[int, tuple[Trial, Trial]]:
        """Return A's and B's trial of each scene that both have ended, by its seed."""
        counted = {(trial.seed, trial.turn): trial for trial in self.trials if trial.counts}
        pairs = {}
        for scene, seed in enumerate(self.design.seeds):
            if (seed, 0) in counted and (seed, 1) in counted:
                turn = 0 if self.key.policy(scene, 0) == A else 1
                pairs[seed] = counted[seed, turn], counted[seed, 1 - turn]
        return pairs

    @cached_property
    def dropped(self) -> tuple[int, ...]:
        """Return the seeds of scenes that count nowhere, since one of the two was void or broke too often."""
        return tuple(
            seed for seed in self.design.seeds if max(self._in_vain(seed, turn) for turn in (0, 1)) >= VOID_MAX
        )

    def uncounted(self, policy: str) -> tuple[Trial, ...]:
        """Return the trials of one of the two, A or B, that were void or broke."""
        scenes = {seed: scene for scene, seed in enumerate(self.design.seeds)}
        return tuple(
            trial
            for trial in self.trials
            if not trial.counts and trial.seed in scenes and self.key.policy(scenes[trial.seed], trial.turn) == policy
        )

    @cached_property
    def sequence(self) -> SequentialComparison:
        """Return what the pairs say, A minus B."""
        wins = [
            (a.verdict is Verdict.SUCCESS) - (b.verdict is Verdict.SUCCESS)
            for seed, (a, b) in self.pairs.items()
            if seed not in self.dropped
        ]
        return SequentialComparison(wins)

    @property
    def decided(self) -> bool:
        """Say whether it is known which is better."""
        return self.sequence.decided_after is not None

    def next(self) -> Turn | None:
        """Return what is to be run; None at the end, or when it is decided."""
        if self.decided:
            return None
        counted = {(trial.seed, trial.turn) for trial in self.trials if trial.counts}
        for scene, seed in enumerate(self.design.seeds):
            for turn in (0, 1):
                if (seed, turn) not in counted and seed not in self.dropped:
                    return Turn(len(self.trials) + 1, scene, seed, turn, self.key.policy(scene, turn))
        return None

    def _in_vain(self, seed: int, turn: int) -> int:
        return sum((trial.seed, trial.turn) == (seed, turn) and not trial.counts for trial in self.trials)
