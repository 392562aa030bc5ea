# SPDX-License-Identifier: Apache-2.0
"""Which candidates are learned: the best for the actor, good and bad alike for the critic (GAM, section II-B)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.policies.gam.criteria import Criterion
from vla_ros.training.gam.candidate_file import LabelledCandidates

COLLISION = "collision"  # the criterion whose label must be 0


def label_merits(scores: np.ndarray, criteria: Sequence[Criterion]) -> np.ndarray:
    """Return the weighted mean merit (N,) of scores (N, Q) as criteria.merits has it, of those that are known.

    NaN where none is.
    """
    columns = [criterion.merit(scores[:, column]) for column, criterion in enumerate(criteria)]  # type: ignore[arg-type]
    merits = np.stack(columns, axis=1)
    weights = np.where(np.isnan(merits), 0.0, [criterion.weight for criterion in criteria])
    total = weights.sum(axis=1)
    return np.where(total > 0.0, (np.nan_to_num(merits) * weights).sum(axis=1) / np.maximum(total, 1e-9), np.nan)


def top_candidates(labelled: LabelledCandidates, share: float, successes_alone: bool) -> np.ndarray:
    """Return the rows of the best `share` of a scene's candidates, without those that collide; one where there is.

    `successes_alone`: without those that are known to fail either.
    """
    names = [criterion.name for criterion in labelled.asked]
    free = (labelled.scores[:, names.index(COLLISION)] == 0.0) & (labelled.objects >= 0)
    if successes_alone:
        free &= ~(labelled.success < 0.5)  # not known is no failure
    merits = np.where(free, label_merits(labelled.scores, labelled.asked), np.nan)
    count = min(max(1, round(share * len(merits))), int(np.isfinite(merits).sum()))
    return np.sort(np.argsort(-np.nan_to_num(merits, nan=-1.0), kind="stable")[:count])


def balanced_rows(scores: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `count` of candidates by their scores (N, Q): for each criterion as many above its middle as below.

    The middle is that of its range among them. A criterion that is the same for all, or not known, is not drawn by.
    """
    sides = []
    for column in scores.T:
        known = np.flatnonzero(np.isfinite(column))
        if len(known):
            values = column[known]
            above = values > 0.5 * (values.min() + values.max())
            if above.any():
                sides.append((known[above], known[~above]))
    if not sides:
        return rng.choice(len(scores), count)
    first = int(rng.integers(2 * len(sides)))  # where a round is not completed, none is always the one left out
    each = [sides[number % len(sides)][number // len(sides) % 2] for number in range(first, first + count)]
    return np.array([rng.choice(rows) for rows in each])
