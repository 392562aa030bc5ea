# SPDX-License-Identifier: Apache-2.0
"""`vla train latent_actions`: videos of datasets, with or without actions, to a latent-action tokenizer.

Without --data demonstrations are generated first, into OUTPUT/data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.policies.gear_vla.latent_actions.config import KIND
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.gear_vla.latent_actions.config import GENERATED, LatentActionTraining, load_latent_action_training
from vla_ros.training.generation.settings import load_settings
from vla_ros.training.pictures.training_data import find_datasets
from vla_ros.training.session import DataSource, Session, learn

if TYPE_CHECKING:
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import TrainingResult


def train_latent_actions(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    config, folder = _config(request), request.output / "data"

    def make() -> bool:
        contract = load_settings(config.generation).contract
        return maker.make(config.generation, config.episodes, 0, folder, contract)

    def train(data: tuple[Path, ...], distributed: DistributedContext, session: Session) -> TrainingResult:
        from vla_ros.training.gear_vla.latent_actions.train import train

        return train(config, data, request.output, session.on_event, distributed, session.stop)

    source = DataSource(_found, lambda: maker.check(config.generation), (folder,), make)
    settings = learned_by(config, GENERATED)
    return learn(request, source, {KIND: (config.codes.steps, config.codes.batch)}, settings, train)


def _found(roots: Sequence[Path]) -> tuple[Path, ...]:
    """Return the datasets: those with actions first."""
    found = find_datasets(roots, boxes_do=True)
    return (*found.action, *found.grounding)


def _config(request: TrainingRequest) -> LatentActionTraining:
    config = request.threaded(load_latent_action_training(request.config))
    if request.generate is None:
        return config
    if request.generate.scenes or not request.generate.episodes:
        amounts = f"{request.generate.episodes}:{request.generate.scenes}"
        raise ConfigError(f"--generate {amounts}: latent actions are learned from what moves: give EPISODES:0")
    return dataclasses.replace(config, episodes=request.generate.episodes)
