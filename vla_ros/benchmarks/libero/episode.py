# SPDX-License-Identifier: Apache-2.0
"""What an episode in LIBERO came to."""

from __future__ import annotations

from dataclasses import dataclass, field

from vla_ros.evaluation.statistics import EpisodeResult


@dataclass(frozen=True)
class LiberoEpisode(EpisodeResult):
    """An episode's result, and what the paper's criteria make of it."""

    task: str = ""
    state: int = 0
    in_paper: bool = True  # its task is one that GraspVLA's table counts
    lifted_paper: bool = False  # a named object was 10 cm up at any time
    alike_paper: bool = False  # it, or another of the same class
    any_lifted: bool = False  # any object
    highest: dict[str, float] = field(default_factory=dict)  # [m] that each object was ever above where it lay
