# SPDX-License-Identifier: Apache-2.0
"""What the critic is asked of a candidate, in words, and how much each answer counts (GAM, section II-A).

Weights and limits belong to a run, not to the weights of the network: the same critic ranks by others at once.
Shape legend: N candidates, C criteria.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION


@dataclass(frozen=True)
class Criterion:
    """One question. Raises ConfigError for a weight or a limit that says nothing."""

    name: str
    prompt: str
    modes: tuple[str, ...]  # in which it is asked
    higher_is_better: bool = True
    weight: float = 1.0
    limit: float | None = None  # worst score that is still taken; None: any is

    def __post_init__(self) -> None:
        if not isfinite(self.weight) or self.weight < 0.0:
            raise ConfigError(f"criterion '{self.name}': weight must be 0 or more, got {self.weight}: 0 leaves it out")
        if self.limit is not None and not 0.0 <= self.limit <= 1.0:
            raise ConfigError(f"criterion '{self.name}': limit must be 0 to 1 or none, got {self.limit}")

    def merit(self, score: float) -> float:
        """Return how good a score is, 0 to 1."""
        return score if self.higher_is_better else 1.0 - score

    def takes(self, score: float) -> bool:
        """Say whether a score is within the limit."""
        return self.limit is None or self.merit(score) >= self.merit(self.limit)


_PICKS = (SUCTION, PINCH, CAGE)
_SUCKS = (SUCTION, CAGE)
CRITERIA = (
    Criterion("collision", "probability of collision", (*_PICKS, PLACE), False, 2.0, limit=0.5),
    Criterion("lift", "object stays held when lifted and moved fast", _PICKS, weight=6.0),
    Criterion("single_object", "touches a single object", _PICKS),
    Criterion("uncovered", "nothing lies on the object", _PICKS, weight=2.0),
    Criterion("centre_distance", "proximity to object center", _PICKS),
    Criterion("seal", "suction seal quality", _SUCKS, weight=2.0),
    Criterion("flatness", "surface flatness for suction seal", _SUCKS),
    Criterion("active_cups", "expected number of active suction cups", _SUCKS),
    Criterion("force_closure", "force closure for pinch", (PINCH,), weight=2.0),
    Criterion("pinch_alignment", "pinch alignment", (PINCH,)),
    Criterion("caging", "fingers cage the object", (CAGE,)),
    Criterion("stability", "object lies stably where it is placed", (PLACE,), weight=6.0),
    Criterion("placement_depth", "placement depth", (PLACE,)),
    Criterion("volume_utilisation", "volume utilization of the container", (PLACE,)),
    Criterion("overflow", "risk of overflow from the container", (PLACE,), False),
)


def criterion_named(name: str, criteria: Sequence[Criterion] = CRITERIA) -> Criterion:
    """Return a criterion by its name. Raises ConfigError for one that is not there."""
    for criterion in criteria:
        if criterion.name == name:
            return criterion
    raise ConfigError(unknown_name("criterion", name, [one.name for one in criteria]))


def criteria_of(mode: str, criteria: Sequence[Criterion] = CRITERIA) -> tuple[Criterion, ...]:
    """Return the criteria that are asked in a mode."""
    return tuple(one for one in criteria if mode in one.modes)


def merits(scores: Sequence[Sequence[float]], criteria: Sequence[Criterion]) -> list[float]:
    """Return the weighted mean merit, 0 to 1, of each candidate's scores (N, C).

    Raises ConfigError when no weight is above 0.
    """
    total = sum(one.weight for one in criteria)
    if total <= 0.0:
        raise ConfigError(f"criteria {[one.name for one in criteria]}: at least one weight must be above 0")
    return [
        sum(one.weight * one.merit(score) for one, score in zip(criteria, row, strict=True)) / total for row in scores
    ]


def ranking(scores: Sequence[Sequence[float]], criteria: Sequence[Criterion]) -> list[int]:
    """Return the candidates within all limits, best first, of their scores (N, C)."""
    values = merits(scores, criteria)
    taken = [
        index
        for index, row in enumerate(scores)
        if all(one.takes(score) for one, score in zip(criteria, row, strict=True))
    ]
    return sorted(taken, key=lambda index: -values[index])
