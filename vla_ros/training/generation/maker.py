# SPDX-License-Identifier: Apache-2.0
"""What makes episodes: a seed in, an episode or a reason out. Everything else in this folder is about many seeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.training.generation.settings import GenerationSettings, Rejection

ACTION, GROUNDING = "action", "grounding"
KINDS = (ACTION, GROUNDING)  # each is one dataset


Made = EncodedEpisode | tuple[EncodedEpisode, ...] | Rejection


class Maker(Protocol):
    """Make episodes, the same one for the same seed and settings."""

    @property
    def schema(self) -> DatasetSchema:
        """Return what `make` fills."""

    @property
    def grounding_schema(self) -> DatasetSchema:
        """Return what `make_grounding` fills."""

    def make(self, seed: int) -> Made:
        """Return an episode with actions, or several: what is left of a demonstration of which frames are left out."""

    def make_grounding(self, seed: int) -> Made:
        """Return the pictures of one scene with boxes alone."""


MakeMaker = Callable[[GenerationSettings], Maker]  # called once in every process; must pickle


def episode_maker(settings: GenerationSettings) -> Maker:
    """Return what `vla generate` makes episodes with."""
    from vla_ros.training.generation.episode_maker import EpisodeMaker  # the simulator is the worker's

    return EpisodeMaker(settings)
