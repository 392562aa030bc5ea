# SPDX-License-Identifier: Apache-2.0
"""A maker of episodes that cannot begin."""

from __future__ import annotations

from dataclasses import dataclass

from demonstrations.fake_episodes import FakeEpisodes
from vla_ros.training.generation.settings import GenerationSettings


@dataclass(frozen=True)
class Unable:
    error: Exception

    def __call__(self, settings: GenerationSettings) -> FakeEpisodes:
        raise self.error
