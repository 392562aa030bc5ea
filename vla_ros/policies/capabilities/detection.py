# SPDX-License-Identifier: Apache-2.0
"""What a policy found in its images and why it gave up: optional capabilities, for people who want to see why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True, eq=False)
class Detection:
    """One thing, as a box along the axes of the robot's base frame."""

    label: str
    score: float  # 0…1, how well it fits the instruction
    center: np.ndarray  # (3,) [m]
    size: np.ndarray  # (3,) [m] full edges, as far as the cameras see it
    fits: bool  # it may be what the instruction names
    chosen: bool  # it is what the policy acts on


@runtime_checkable
class Detecting(Protocol):
    """A policy that says what it found."""

    @property
    def detections(self) -> tuple[Detection, ...]:
        """Return what the last look found, the best first; the same object until the policy looks again."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """A policy that says in words why its last chunk was invalid."""

    @property
    def explanation(self) -> str:
        """Return one line, empty where there is nothing to say."""
        ...
