# SPDX-License-Identifier: Apache-2.0
"""What the stages of a training share, and by which rows each part of them is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from controllers.errors import ConfigError
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent
from vla_ros.training.stages.mixture import MixturePart, Rows, parts_of
from vla_ros.training.stages.stage import PeriodicEvaluation, Stage
from vla_ros.training.stages.stage_config import StageConfig

JUDGED = 300  # rows at most
Judge = Callable[[nn.Module], dict[str, float]]


@dataclass(frozen=True)
class Run:
    """What all stages of a training share."""

    seed: int
    stages: Mapping[str, StageConfig]
    work: Path
    on_event: OnEvent
    distributed: DistributedContext
    stop: Callable[[], bool]

    def stage(
        self,
        name: str,
        network: nn.Module,
        batch: Any,
        loss: Any,
        judge: Judge,
        evaluation: PeriodicEvaluation | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> Stage:
        """Return a stage by its name."""
        settings = self.stages[name]
        return Stage(
            name,
            network,
            settings,
            self.work,
            batch,
            loss,
            judge,
            self.on_event,
            self.distributed,
            self.stop,
            evaluation,
            rates,
        )

    def random(self, purpose: int, step: int) -> np.random.Generator:
        """Return what this process draws a step's batch with."""
        return np.random.default_rng((self.seed, purpose, step, self.distributed.rank))

    def share(self, batch: int) -> int:
        """Return how many samples of a batch are this process's."""
        return max(1, batch // self.distributed.size)


def usable_rows(name: str, mixture: Sequence[MixturePart], usable: Callable[[np.ndarray], np.ndarray]) -> list[Rows]:
    try:
        return parts_of(mixture, usable)
    except ConfigError as error:
        raise ConfigError(f"stage {name}: {error}") from None


def judge_each(groups: Sequence[Rows], judge: Callable[[nn.Module, np.ndarray], dict[str, float]]) -> Judge:
    """Judge each part by its own rows."""

    def figures(network: nn.Module) -> dict[str, float]:
        return {
            f"{group.part.name}{name}": value for group in groups for name, value in judge(network, group.held).items()
        }

    return figures
