# SPDX-License-Identifier: Apache-2.0
"""What is proposed for a look, by whomever. Imports no PyTorch. Shape legend: N candidates, C criteria."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.candidate_poses import joined, rows_of
from vla_ros.policies.gam.criteria import Criterion, merits


@dataclass(frozen=True, eq=False)
class Proposal:
    """Candidates in the base frame, with the instance that each means and its scores."""

    candidates: Candidates  # (N, …)
    instances: np.ndarray  # (N,)
    scores: np.ndarray  # (N, C)

    def joined(self, other: Proposal) -> Proposal:
        """Return the candidates of both."""
        return Proposal(
            joined([self.candidates, other.candidates]),
            np.concatenate([self.instances, other.instances]),
            np.concatenate([self.scores, other.scores]),
        )

    def best(self, each: int, criteria: Sequence[Criterion]) -> Proposal:
        """Return the `each` best by the criteria of every instance, in the order of these; limits do not count."""
        values = np.array(merits(self.scores.tolist(), criteria))
        first = np.sort(np.unique(self.instances, return_index=True)[1])
        rows = []
        for one in self.instances[first]:
            own = np.flatnonzero(self.instances == one)
            rows.append(own[np.argsort(-values[own], kind="stable")[:each]])
        kept = np.concatenate(rows)
        return Proposal(rows_of(self.candidates, kept), self.instances[kept], self.scores[kept])
