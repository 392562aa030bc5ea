# SPDX-License-Identifier: Apache-2.0
"""What is proposed for a look, by whomever. Imports no PyTorch. Shape legend: N candidates, C criteria."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_ros.policies.gam.actions import Candidates


@dataclass(frozen=True, eq=False)
class Proposal:
    """Candidates in the base frame, with the instance that each means and its scores."""

    candidates: Candidates  # (N, …)
    instances: np.ndarray  # (N,)
    scores: np.ndarray  # (N, C)
