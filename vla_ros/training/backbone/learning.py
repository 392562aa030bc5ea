# SPDX-License-Identifier: Apache-2.0
"""`vla train backbone`: pictures with boxes of every robot and task to a backbone that the next families begin from.

Without --data scenes are generated first, a folder of OUTPUT/data for each robot and task.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.training.backbone.config import BackboneTraining, load_backbone_training
from vla_ros.training.backbone.views import check_pictures
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.generation.settings import load_settings
from vla_ros.training.pictures.training_data import find_datasets
from vla_ros.training.session import DataSource, Session, learn
from vla_ros.training.stages.stage_config import JOINT

if TYPE_CHECKING:
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import TrainingResult


def train_backbone(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    config = _config(request)
    folders = [request.output / "data" / Path(source.settings).stem for source in config.data]

    def check() -> None:
        for source in config.data:
            maker.check(source.settings)

    def train(data: tuple[Path, ...], distributed: DistributedContext, session: Session) -> TrainingResult:
        from vla_ros.training.backbone.train import train

        return train(config, data, request.output, session.on_event, distributed, session.stop)

    source = DataSource(_found, check, folders, lambda: _made(maker, config, folders))
    samples = {JOINT: (config.joint.steps, config.joint.batch)}
    return learn(request, source, samples, learned_by(config, ("data",)), train)


def _made(maker: DataMaker, config: BackboneTraining, folders: list[Path]) -> bool:
    """Generate what is missing; tell whether all is there."""
    for source, folder in zip(config.data, folders, strict=True):
        contract = load_settings(source.settings).contract
        if not maker.make(source.settings, 0, source.scenes, folder, contract):
            return False
    return True


def _found(roots: Sequence[Path]) -> tuple[Path, ...]:
    """Return the datasets of boxes alone. Raises ConfigError where there is none, and for one that shows no boxes."""
    datasets = find_datasets(roots, boxes_do=True).grounding
    if not datasets:
        raise ConfigError(f"{roots[0]}: holds demonstrations alone: give a folder of vla generate --grounding")
    for root in datasets:
        check_pictures(root)
    return datasets


def _config(request: TrainingRequest) -> BackboneTraining:
    config = request.threaded(load_backbone_training(request.config))
    if request.generate is None:
        return config
    if request.generate.episodes or not request.generate.scenes:
        amounts = f"{request.generate.episodes}:{request.generate.scenes}"
        raise ConfigError(f"--generate {amounts}: a backbone learns from scenes with boxes alone: give 0:SCENES")
    share = request.generate.scenes / sum(source.scenes for source in config.data)
    sources = tuple(dataclasses.replace(s, scenes=max(1, round(s.scenes * share))) for s in config.data)
    return dataclasses.replace(config, data=sources)
