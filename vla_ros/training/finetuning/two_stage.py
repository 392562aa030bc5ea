# SPDX-License-Identifier: Apache-2.0
"""A full-size GraspVLA in two stages: its projectors alone, then everything but the vision towers, lightly.

New pictures and a new robot's proprioception are first brought into the space the language model knows, while that
stays as it is; only then is the rest moved, a little (two-stage lightweight adaptation, GEAR-VLA, section 3.3). At once
the rest would follow projectors that say nothing yet. **Tested with tiny random weights and no more than that.**
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor, nn

from controllers.errors import ConfigError
from vla_ros.configuration import config_path, load_config
from vla_ros.policies.graspvla.full.checkpoint import Checkpoint, save_weights
from vla_ros.policies.graspvla.full.loss import Batch, graspvla_loss
from vla_ros.policies.graspvla.full.network import GraspVlaNetwork
from vla_ros.training.finetuning.config import OriginalConfig
from vla_ros.training.finetuning.full_samples import FullSamples
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingResult
from vla_ros.training.stages.mixture import MixturePart, draw, parts_of
from vla_ros.training.stages.run import Run
from vla_ros.training.stages.stage_config import StageConfig

PROJECTOR, END_TO_END = "projector", "end_to_end"
STAGES = (PROJECTOR, END_TO_END)
LEARNS_FIRST = ("projector", "state")  # modules: pictures and proprioception into the language model's space
NEVER_LEARNS = "vision"
JUDGED = 64  # rows at most
DEFAULT = "graspvla_full"


@dataclass(frozen=True)
class TwoStageConfig:
    """How long and how fast both stages learn, and beside what. Raises ConfigError for what cannot be trained."""

    seed: int = 0
    validation: float = 0.1
    threads: int = 2
    original: OriginalConfig = field(default_factory=OriginalConfig)
    projector: StageConfig = field(default_factory=lambda: StageConfig(2000, 16, 1e-4, average=0.99))
    end_to_end: StageConfig = field(default_factory=lambda: StageConfig(4000, 16, 1e-5, average=0.99))

    def __post_init__(self) -> None:
        if not 0.0 < self.validation < 0.5 or self.threads < 1 or self.seed < 0:
            raise ConfigError("validation must be above 0 and below 0.5, threads at least 1, seed 0")


def load_two_stage_config(name: str) -> TwoStageConfig:
    """Read settings by their name, or by the path of a .yaml file. Raises ConfigError with the nearest name or key."""
    return load_config(config_path("finetune", "fine-tuning", name), TwoStageConfig)


def finetune_full(
    config: TwoStageConfig,
    checkpoint: Checkpoint,
    task: TrainingData,
    original: TrainingData,
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
    boxes_only: bool = False,
) -> TrainingResult:
    """Train both stages and write the checkpoint to OUTPUT/checkpoint; an earlier run in OUTPUT is gone on from."""
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    network = checkpoint.network
    if not isinstance(network, GraspVlaNetwork):
        raise ConfigError("a checkpoint in the released form is not trained here: take one in the paper's")
    # bfloat16 rounds steps of this size to nothing: weights learn in float32, and are saved as they were.
    kinds = {name: weight.dtype for name, weight in network.state_dict().items()}
    network.float().requires_grad_(True)

    def read(data: TrainingData) -> FullSamples:
        return FullSamples([*data.action, *data.grounding], network.config, checkpoint.words, boxes_only)

    sources = [read(task)] + ([read(original)] if original.action and config.original.share > 0.0 else [])
    shares = [1.0 - config.original.share, config.original.share] if len(sources) > 1 else [1.0]
    mixture = [
        MixturePart(len(source), config.validation, share, name, source.episodes)
        for source, share, name in zip(sources, shares, ("", "original_"), strict=False)
    ]
    settings: Mapping[str, StageConfig] = {name: getattr(config, name) for name in STAGES}
    run = Run(config.seed, settings, output / "training", on_event, distributed, stop)
    groups = parts_of(mixture, lambda rows: np.ones(len(rows), dtype=bool))
    figures: dict[str, float] = {}
    for name in STAGES:
        free(network, name)

        def batch(step: int, name: str = name) -> dict[str, Tensor]:
            rng = run.random(3, step)
            return _gather(sources, draw(groups, run.share(settings[name].batch), rng))

        @torch.no_grad()
        def judge(judged: Any) -> dict[str, float]:
            return {
                f"{group.part.name}{key}": float(value)
                for group in groups
                for key, value in _losses(judged, _gather(sources, group.held[:JUDGED]), _fixed()).items()
            }

        stage = run.stage(name, network, batch, _losses, judge)
        network.load_state_dict(stage.run().state_dict())
        network.cpu()
        if not stage.done:
            return TrainingResult(figures, interrupted=True)
        figures |= {f"{name}.{key}": value for key, value in stage.figures.items()}
    if distributed.leads and not (output / "checkpoint").exists():
        weights = {name: weight.to(kinds[name]) for name, weight in network.state_dict().items()}
        save_weights(network.config, network.parts, checkpoint.words, weights, output / "checkpoint")
    return TrainingResult(figures)


def free(network: GraspVlaNetwork, stage: str) -> None:
    """Let the modules learn that a stage is about, and no others."""
    for name, module in network.named_children():
        learns = name in LEARNS_FIRST if stage == PROJECTOR else name != NEVER_LEARNS
        module.requires_grad_(learns)


def _losses(network: Any, batch: dict[str, Tensor], rng: Generator) -> dict[str, Tensor]:
    made = Batch(**batch)
    if made.actions.device.type != "cpu":
        rng = Generator(made.actions.device).manual_seed(rng.initial_seed())
    losses = graspvla_loss(network, made, rng)
    return {item.name: getattr(losses, item.name) for item in dataclasses.fields(losses)}


def _fixed() -> Generator:
    return torch.Generator().manual_seed(0)


def _gather(sources: list[FullSamples], rows: np.ndarray) -> dict[str, Tensor]:
    """Return rows of the sources, which stand one after the other, in their order."""
    ends = np.cumsum([len(source) for source in sources])
    which = np.searchsorted(ends, rows, side="right")
    parts = [
        source.batch(rows[which == i] - (int(ends[i]) - len(source)))
        for i, source in enumerate(sources)
        if (which == i).any()
    ]
    longest = max(part.words.shape[1] for part in parts)
    columns = {}
    for item in dataclasses.fields(Batch):
        values = [getattr(part, item.name) for part in parts]
        if item.name in ("words", "word_mask"):  # padded at the left
            values = [nn.functional.pad(value, (longest - value.shape[1], 0)) for value in values]
        columns[item.name] = torch.cat(values)
    return columns
