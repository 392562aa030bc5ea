# SPDX-License-Identifier: Apache-2.0
"""Parts of a network that learn in one step: one loss, the sum of theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.training.stages.mixture import Rows
from vla_ros.training.stages.run import JUDGED, Judge, Run, judge_each
from vla_ros.training.stages.stage import Losses, PeriodicEvaluation, Stage
from vla_ros.training.stages.stage_config import JOINT, JointConfig


@dataclass(frozen=True, eq=False)
class Part:
    """What some of the networks learn: from what, by which losses, and how they are judged."""

    batch: Callable[[np.random.Generator], Any]
    losses: Callable[[Any, Any, torch.Generator], Losses]  # of networks, a batch, random numbers
    judge: Judge


def stage_of(
    network: nn.Module,
    parts: Mapping[str, Part],
    config: JointConfig,
    run: Run,
    evaluation: PeriodicEvaluation | None = None,
) -> Stage:
    """Return the stage in which a network learns all of its parts in every step."""

    def batch(step: int) -> dict[str, Any]:
        rng = run.random(3, step)
        return {name: part.batch(rng) for name, part in parts.items()}

    def losses(network: Any, made: dict[str, Any], rng: torch.Generator) -> Losses:
        found: dict[str, Tensor] = {}
        for name, part in parts.items():
            found |= part.losses(network, made[name], rng)
        return found

    def judge(network: Any) -> dict[str, float]:
        figures: dict[str, float] = {}
        for part in parts.values():
            figures |= part.judge(network)
        return figures

    return run.stage(JOINT, network, batch, losses, judge, evaluation, config.rates)


def judged(groups: Sequence[Rows], samples: Any, network: Any, judge: Any) -> dict[str, float]:
    """Return figures of a network by `judge(network, samples, rows)` on rows of each group that are held back."""
    return judge_each(groups, lambda net, held: judge(net, samples, held[:: max(1, len(held) // JUDGED)]))(network)
