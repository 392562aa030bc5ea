# SPDX-License-Identifier: Apache-2.0
"""How much an episode looks like a failure so far, and what is done about it: an optional capability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

ACTING, GOING_BACK, WAITING = "acting", "going back", "waiting for a person"  # what a watched policy is doing


@dataclass(frozen=True)
class FailureScore:
    """What a detector says of the episode after one inference."""

    stamp: float  # [s] of what was seen
    name: str  # of the score
    score: float
    limit: float  # the band's edge at this step; inf: never an alarm
    step: int  # inferences since the attempt began, from 0
    alarms: int  # in the episode, this one included
    doing: str = ACTING

    @property
    def alarm(self) -> bool:
        """Say whether the score lies above the band."""
        return self.score > self.limit


@runtime_checkable
class FailureScoring(Protocol):
    """A policy that is watched by a failure detector."""

    @property
    def failure_score(self) -> FailureScore | None:
        """Return what the detector says of the last `infer`; None before the first, and after a reset."""
        ...

    def resume(self) -> bool:
        """Have it begin another attempt, where it waits for a person, who says that it may; say whether it does."""
        ...
