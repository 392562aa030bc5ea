# SPDX-License-Identifier: Apache-2.0
"""A grasp, whoever found it: the geometric policy in what cameras see, or the expert in the simulator's truth."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Grasp:
    """One grasp of an object by a parallel gripper, in the base frame."""

    T_base_grasp: np.ndarray  # (4, 4) tool frame when the fingers close
    opening: float  # [m] commanded while approaching
    width: float  # [m] between the pads when they are closed on the object
    cost: float
    terms: dict[str, float] = field(default_factory=dict)  # the cost's parts, for those who look into failures
