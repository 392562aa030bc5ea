# SPDX-License-Identifier: Apache-2.0
"""From datasets of several robots to a backbone, top to bottom: cut frames, train, judge it by robot, save."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from vla_ros.configuration import shared_path
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.backbone.checkpoint import new_backbone, save_backbone
from vla_ros.policies.backbone.checkpoint_config import KIND, BackboneConfig, BackboneSizes
from vla_ros.policies.backbone.network import Backbone
from vla_ros.training.backbone.beginning import begin_from
from vla_ros.training.backbone.boxes import boxes_part
from vla_ros.training.backbone.config import BackboneTraining
from vla_ros.training.backbone.pretrained_trunk import begin_pretrained
from vla_ros.training.backbone.views import view_pairs
from vla_ros.training.pictures.cache import cut_frames
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.mixture import MixturePart
from vla_ros.training.stages.parts import stage_of
from vla_ros.training.stages.run import Run
from vla_ros.training.stages.stage_config import JOINT

FRAMES = 8  # of a scene at most: all of them


def train(
    config: BackboneTraining,
    datasets: Sequence[Path],
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train on datasets whose pictures have been checked, and write the backbone.

    What an earlier run has done is kept and gone on from. `stop` is asked after each step; `on_event` may raise while
    data is prepared. Raises ConfigError when there is too little data, or a file that cannot be gone on from.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    sizes = _sizes(config)
    backbone = _begun(config, sizes)
    with distributed.leader_first():
        cut = _cut(config, datasets, work / "frames", on_event)
    samples = Samples([folder for folders in cut.values() for folder in folders])
    episodes = {name: Samples(folders).episodes for name, folders in cut.items()}
    counts = {name: len(own) for name, own in episodes.items()}
    # As often as there are pictures of it: a robot with few is not known by heart.
    kinds = [
        MixturePart(n, config.validation, n / len(samples), f"{name}_", episodes[name]) for name, n in counts.items()
    ]
    run = Run(config.seed, {JOINT: config.joint}, work, on_event, distributed, stop)
    stage = stage_of(backbone, {"boxes": boxes_part(samples, kinds, config.joint, run)}, config.joint, run)
    backbone.load_state_dict(stage.run().state_dict())
    figures = {f"{KIND}.{key}": value for key, value in stage.figures.items()}
    if not stage.done:
        return TrainingResult(figures, interrupted=True)
    if distributed.leads:
        training = {
            "config": dataclasses.asdict(config),
            "frames": counts,
            "validation": {name: round(value, 4) for name, value in figures.items()},
            "date": time.strftime("%Y-%m-%d"),
            "torch": torch.__version__,
        }
        save_backbone(output, backbone.cpu(), BackboneConfig(sizes, json.loads(json.dumps(training))))
    return TrainingResult(figures)


def _sizes(config: BackboneTraining) -> BackboneSizes:
    catalogue = load_catalogue()
    return BackboneSizes(
        len(catalogue.categories),
        len(catalogue.colors),
        depth=config.match_depth,
        trunk_width=config.trunk_width,
        crop=config.crop,
    )


def _begun(config: BackboneTraining, sizes: BackboneSizes) -> Backbone:
    """Return a backbone with the weights that it begins with. Raises ConfigError for those of other sizes."""
    backbone = new_backbone(sizes)
    if config.begin:
        begin_from(shared_path(config.begin), backbone, sizes)
    elif config.pretrained:
        begin_pretrained(backbone.matching.crops.trunk)
    if config.pretrained:
        backbone.matching.crops.trunk.keep_still(config.trunk_still)
    return backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it


def _cut(config: BackboneTraining, roots: Sequence[Path], folder: Path, on_event: OnEvent) -> dict[str, list[Path]]:
    """Return the folders with the cut frames by robot, and by pair of cameras where it has several.

    A scene that is kept back is kept back from every pair: it is chosen by its number in the dataset.
    """
    jobs = []
    for root in roots:
        metadata = load_metadata(root)
        pairs = view_pairs(metadata)
        jobs += [(f"{metadata.robot}_{'_'.join(p)}" if len(pairs) > 1 else metadata.robot, root, p) for p in pairs]
    found: dict[str, list[Path]] = {}
    for number, (name, root, views) in enumerate(jobs):

        def progress(done: int, total: int, number: int = number) -> None:
            on_event(TrainingEvent("cutting frames", number * total + done, len(jobs) * total))

        found.setdefault(name, []).extend(
            cut_frames([root], folder, FRAMES, config.threads, views, progress, crop=config.crop)
        )
    return found
