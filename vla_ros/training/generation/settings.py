# SPDX-License-Identifier: Apache-2.0
"""placeholder."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class GenerationSettings:
    robot: str = "franka"
    contract: str = "franka_grasp"
    sets: dict[str, float] = field(
        default_factory=lambda: {"basic": 0.4, "distractor": 0.35, "light": 0.15, "height": 0.1}
    )
    categories: str = "seen"
    recovery: float = 0.15
    grounding: int = 0
    episodes: int = 100
    seed: int = 0


@dataclass(frozen=True)
class Rejection:
    seed: int
    reason: str
