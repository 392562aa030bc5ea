# SPDX-License-Identifier: Apache-2.0
"""From a checkpoint and a task's data to a better checkpoint, top to bottom: cut frames, train on, save."""

from __future__ import annotations

import copy
import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.graspvla.small.checkpoint import save_checkpoint
from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig, NetworkSizes
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.part_search import split_part
from vla_ros.training.finetuning.config import FinetuneConfig
from vla_ros.training.finetuning.views import STAGES, own_part
from vla_ros.training.graspvla.chain_stages import ALONE, expert_stage, looking_stage
from vla_ros.training.graspvla.motion import MotionSamples
from vla_ros.training.graspvla.train import all_motion
from vla_ros.training.pictures.cache import cut_frames
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.mixture import MixturePart
from vla_ros.training.stages.run import Run
from vla_ros.training.stages.stage import Stage

ORIGINAL = "original_"  # begins the figures of what was known before


@dataclass(frozen=True)
class Base:
    """What is gone on from."""

    folder: Path
    config: CheckpointConfig
    networks: SmallGraspVla
    new_view: int | None = None  # which of its views is of a camera that the weights have not seen


def finetune(
    config: FinetuneConfig,
    base: Base,
    task: TrainingData,
    original: TrainingData,
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Go on with the chosen networks from the checkpoint's weights, and write the whole chain as a checkpoint.

    What an earlier run has done in `output` is kept and gone on from. `stop` is asked again and again; `on_event` may
    raise while data is prepared. Raises ConfigError when there is too little data, or a file that cannot be gone on
    from.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    networks = copy.deepcopy(base.networks).requires_grad_(True)
    networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    names = stage_names(config, base)
    run = Run(config.seed, {name: getattr(config, name) for name in names}, work, on_event, distributed, stop)
    figures: dict[str, float] = {}
    samples: tuple[Samples, list[MixturePart]] | None = None
    for name in names:
        stage: Stage
        part = name.removeprefix(ALONE)
        if name == "expert":
            stage = expert_stage(networks, *_acted(config, task, original, networks.sizes.horizon, on_event), run)
        else:
            if samples is None:
                with distributed.leader_first():
                    samples = _shown(config, base.config, task, original, work / "frames", on_event)
                if not knows_catalogue(networks.sizes):
                    samples[0].forget_labels()
            alone = None if base.new_view is None or part == name else own_part(networks, part, base.new_view)
            stage = looking_stage(part, networks, *samples, run, alone=alone)
        stage.judge_start()
        getattr(networks, part).load_state_dict(stage.run().state_dict())
        networks.cpu()
        if not stage.done:
            return TrainingResult(figures, interrupted=True)
        figures |= {f"{name}.{key}": value for key, value in stage.figures.items()}
    if distributed.leads:
        save_checkpoint(output, _checkpoint_config(config, base, task, original, figures), networks)
    return TrainingResult(figures)


def stage_names(config: FinetuneConfig, base: Base) -> tuple[str, ...]:
    """Return the stages in their order: a new view alone, then the chosen networks."""
    return config.ordered if base.new_view is None else (*(ALONE + name for name in STAGES), *config.ordered)


def knows_catalogue(sizes: NetworkSizes) -> bool:
    """Say whether networks number categories and colours as today's catalogue does.

    Numbers of another catalogue mean nothing to them: what they say of a category then stays as it was, and matching
    goes on from words alone.
    """
    catalogue = load_catalogue()
    return (sizes.categories, sizes.colors) == (len(catalogue.categories), len(catalogue.colors))


def names_parts(task: TrainingData) -> bool:
    """Say whether an instruction asks for a thing by a part of it."""
    return any(split_part(words)[1] for root in task.action for words in load_metadata(root).tasks)


def _shown(
    config: FinetuneConfig,
    base: CheckpointConfig,
    task: TrainingData,
    original: TrainingData,
    folder: Path,
    on_event: OnEvent,
) -> tuple[Samples, list[MixturePart]]:
    """Return the cut frames of the task, then those of the original data."""

    def cut(data: TrainingData, an_episode: int, said: bool) -> list[Path]:
        roots = [*data.action, *data.grounding]
        if not roots:
            return []
        progress = lambda done, total: on_event(TrainingEvent("cutting frames", done, total))  # noqa: E731
        return cut_frames(roots, folder, an_episode, config.threads, base.views, progress, said, base.networks.crop)

    theirs = cut(task, config.frames_an_episode, said=True)
    before = cut(original, config.original.frames_an_episode, said=False)
    samples = Samples([*theirs, *before], few=True)
    count = len(Samples(theirs))
    return samples, _mixture(config, samples.episodes[:count], samples.episodes[count:])


def _acted(
    config: FinetuneConfig, task: TrainingData, original: TrainingData, horizon: int, on_event: OnEvent
) -> tuple[MotionSamples, list[MixturePart]]:
    theirs = all_motion(task.action, horizon, on_event)
    if not original.action:
        return theirs, _mixture(config, theirs.episodes, theirs.episodes[:0])
    before = all_motion(original.action, horizon, on_event)
    columns = {
        field.name: np.concatenate([getattr(theirs, field.name), getattr(before, field.name)])
        for field in dataclasses.fields(MotionSamples)
    }
    return MotionSamples(**columns), _mixture(config, theirs.episodes, before.episodes)


def _mixture(config: FinetuneConfig, theirs: np.ndarray, before: np.ndarray) -> list[MixturePart]:
    """Return the parts, of the episodes of the task's frames and of the original ones."""
    share = config.original.share
    task = MixturePart(len(theirs), config.validation, 1.0 - share, episodes=theirs)
    if not len(before) or share <= 0.0:
        return [task]
    # Of the original data enough is there: a small part tells whether it is forgotten.
    return [task, MixturePart(len(before), min(config.validation, 0.05), share, ORIGINAL, before)]


def _checkpoint_config(
    config: FinetuneConfig, base: Base, task: TrainingData, original: TrainingData, figures: dict[str, float]
) -> CheckpointConfig:
    provenance: dict[str, Any] = {
        "finetuned_from": str(base.folder),
        "base": base.config.training,
        "new_view": None if base.new_view is None else base.config.cameras[base.new_view],
        "config": dataclasses.asdict(config),
        "task": [str(root) for root in (*task.action, *task.grounding)],
        "original": [str(root) for root in (*original.action, *original.grounding)],
        "validation": {name: round(value, 4) for name, value in figures.items()},
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
    }
    parts = base.config.parts or names_parts(task)
    return dataclasses.replace(base.config, parts=parts, training=json.loads(json.dumps(provenance)))
