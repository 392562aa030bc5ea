# SPDX-License-Identifier: Apache-2.0
"""From videos to a latent-action tokenizer: decode, train, judge, save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from vla_ros.policies.gear_vla.latent_actions.config import KIND
from vla_ros.policies.gear_vla.latent_actions.network import LatentActionNetwork
from vla_ros.policies.gear_vla.latent_actions.tokenizer import LatentActionTokenizer, as_input
from vla_ros.training.gear_vla.latent_actions.clips import Clips
from vla_ros.training.gear_vla.latent_actions.config import LatentActionTraining
from vla_ros.training.gear_vla.latent_actions.loss import judge_codes, latent_action_loss
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.stage import Stage

JUDGED, TAUGHT = 400, 1600  # clips at most that are judged by, and that teach the map from codes to motion


def train(
    config: LatentActionTraining,
    roots: Sequence[Path],
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train on the videos of datasets, then write the tokenizer; what an earlier run has done is gone on from.

    `stop` is asked after each step. Raises ConfigError when there is too little data.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    with distributed.leader_first():
        clips = Clips(
            roots,
            config.sizes,
            config.validation,
            config.cameras,
            work / "frames",
            lambda camera, share: on_event(TrainingEvent(f"decoding {camera}", round(100 * share), 100)),
        )
    try:
        stage = _stage(config, clips, work, on_event, distributed, stop)
        network = stage.run()
    finally:
        clips.close()
    figures = {f"{KIND}.{name}": value for name, value in stage.figures.items()}
    if not stage.done:
        return TrainingResult(figures, interrupted=True)
    with distributed.leader_first():  # a policy that is trained next reads it in every process
        if distributed.leads:
            LatentActionTokenizer(network.cpu()).save(output)  # type: ignore[arg-type]
    return TrainingResult(figures)


def _stage(
    config: LatentActionTraining,
    clips: Clips,
    work: Path,
    on_event: OnEvent,
    distributed: DistributedContext,
    stop: Callable[[], bool],
) -> Stage:
    size = max(1, config.codes.batch // distributed.size)
    judged, taught = _some(clips.held, JUDGED), _some(clips.kept, TAUGHT)

    def batch(step: int) -> Tensor:
        rng = np.random.default_rng((config.seed, step, distributed.rank))
        return as_input(clips.frames(rng.choice(clips.kept, size)))

    def judge(network: nn.Module) -> dict[str, float]:
        return judge_codes(network, clips, taught, judged)  # type: ignore[arg-type]

    return Stage(
        KIND,
        LatentActionNetwork(config.sizes),
        config.codes,
        work,
        batch,
        lambda network, frames, rng: latent_action_loss(network, frames, config, rng),  # type: ignore[arg-type]
        judge,
        on_event,
        distributed,
        stop,
    )


def _some(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many, in an order of their own: neighbours are of one moment."""
    return np.random.default_rng(0).permutation(rows)[:most]
