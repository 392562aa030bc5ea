# SPDX-License-Identifier: Apache-2.0
"""What is proposed for a look, by whomever. Imports no PyTorch. Shape legend: N candidates, C criteria."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.candidate_poses import joined


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
