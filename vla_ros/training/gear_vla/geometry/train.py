# SPDX-License-Identifier: Apache-2.0
"""From the simulator to a geometry encoder: look at scenes, train, judge, save."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.families.network_file import save_network
from vla_ros.policies.gear_vla.geometry.config import KIND
from vla_ros.policies.gear_vla.geometry.network import GeometryNetwork
from vla_ros.training.gear_vla.geometry.config import GeometryTraining
from vla_ros.training.gear_vla.geometry.loss import Usual, batch_of, geometry_loss, judge_geometry
from vla_ros.training.gear_vla.geometry.pictures import make_pictures
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.stage import Stage

JUDGED = 200  # moments at most


def train(
    config: GeometryTraining,
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Make what pictures are missing, train, then write the encoder; what an earlier run has done is gone on from.

    `stop` is asked after each step; `on_event` may raise while pictures are made.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    with distributed.leader_first():
        pictures = make_pictures(
            config,
            work / "pictures",
            lambda done, total: on_event(TrainingEvent("looking at scenes", done, total)),
        )
    every = max(2, round(1.0 / config.validation))
    held = np.array([pictures.scene_of(row) % every == 0 for row in range(len(pictures))])
    kept, judged = np.flatnonzero(~held), np.flatnonzero(held)
    judged = judged[:: max(1, len(judged) // JUDGED)]
    usual = Usual(pictures, kept)
    size = max(1, config.geometry.batch // distributed.size)

    def batch(step: int) -> dict[str, Tensor]:
        rng = np.random.default_rng((config.seed, step, distributed.rank))
        return batch_of(pictures, rng.choice(kept, size))

    def judge(network: nn.Module) -> dict[str, float]:
        return judge_geometry(network, pictures, judged, usual)  # type: ignore[arg-type]

    stage = Stage(
        KIND,
        GeometryNetwork(config.sizes),
        config.geometry,
        work,
        batch,
        geometry_loss,  # type: ignore[arg-type]
        judge,
        on_event,
        distributed,
        stop,
    )
    network = stage.run()
    figures = {f"{KIND}.{name}": value for name, value in stage.figures.items()}
    if not stage.done:
        return TrainingResult(figures, interrupted=True)
    if distributed.leads:
        save_network(output, network.cpu(), dataclasses.asdict(config.sizes))
    return TrainingResult(figures)
