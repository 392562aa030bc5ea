# SPDX-License-Identifier: Apache-2.0
"""What a policy concluded on its way to a chunk, in GraspVLA's order: boxes, grasp pose. An optional capability.

Progressive action generation (GraspVLA, Sec. 4.2): each step is said before the next builds on it, so each can be
drawn, judged and timed for itself. Shape legend: K candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True, eq=False)
class Reasoning:
    """The steps before one chunk's actions."""

    boxes: Mapping[str, np.ndarray]  # camera → (4,) x1, y1, x2, y2 [px] of its whole image: the object meant
    candidates: Mapping[str, np.ndarray]  # camera → (K, 5) boxes [px] and scores 0…1; nothing where a model has none
    T_base_grasp: np.ndarray | None  # (4, 4) tool centre point where the gripper is meant to close
    opening: float  # [m] between the fingers there
    stages_s: Mapping[str, float]  # [s] latency by stage, in order (GraspVLA, Table 15)


@runtime_checkable
class Reasoner(Protocol):
    """A policy that says what it concluded."""

    @property
    def reasoning(self) -> Reasoning | None:
        """Return what led to the last chunk; the same object until the policy has inferred again."""
        ...
