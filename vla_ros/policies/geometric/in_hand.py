# SPDX-License-Identifier: Apache-2.0
"""What hangs from the hand, as far as the cameras see it."""

from __future__ import annotations

import numpy as np

from vla_ros.policies.geometric.perceiving.perception import TableView

ASIDE = 0.10  # [m] from the fingertips: what floats nearer hangs from the hand
FLOATS = 0.03  # [m] above the table; lower things stand on it


def lowest_in_hand(view: TableView, T_base_tool: np.ndarray, tip: float) -> float:
    """Return the height of the lowest point of the hand and of what it holds [m, base frame].

    T_base_tool (4, 4); `tip` [m]: of the fingers beyond the tool frame. What the hand hides wholly ends at its tips.
    """
    tips = (T_base_tool @ [0.0, 0.0, tip, 1.0])[:3]
    lowest = float(tips[2])
    for thing in view.fragments:
        if thing.heights.min() > FLOATS and np.linalg.norm(thing.center - tips[:2]) < ASIDE:
            lowest = min(lowest, view.table + float(thing.heights.min()))
    return lowest
