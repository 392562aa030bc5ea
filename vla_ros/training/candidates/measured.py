# SPDX-License-Identifier: Apache-2.0
"""Candidates as they are proposed from what is measured, whose errors a critic has to know. Shape legend: N of them."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.analytic_suction import propose_suction
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.perception.bin_view import BinObservation
from vla_ros.robots.tools.description import SUCTION, Tool

_FEWEST = 40  # points of an instance


def measured_suction(
    seen: BinObservation, shown: np.ndarray, tool: Tool, count: int, rng: np.random.Generator
) -> tuple[Candidates, np.ndarray] | None:
    """Propose about `count` by analysis of points; with the object (N,) that the instance of each shows (I,).

    As many of each instance that shows an object; None where there is none.
    """
    numbers, points = np.unique(seen.instances[seen.instances >= 0], return_counts=True)
    known = [int(one) for one, many in zip(numbers, points, strict=True) if many >= _FEWEST and shown[one] >= 0]
    if not known:
        return None
    each = max(1, round(count / len(known)))
    criteria = criteria_of(SUCTION)
    candidates, instances, _ = propose_suction(seen.points, seen.instances, known, tool, criteria, each, rng)
    return candidates, shown[instances].astype(int)
