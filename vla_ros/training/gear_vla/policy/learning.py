# SPDX-License-Identifier: Apache-2.0
"""`vla train gear_vla_small`: from datasets, or from nothing, to a checkpoint.

Without --data demonstrations are generated first, into OUTPUT/data; without a latent-action tokenizer one is trained on
their videos, into OUTPUT/latent_actions.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.configuration import shared_path
from vla_ros.policies.contract import load_contract
from vla_ros.policies.families.checkpoint_config import read_checkpoint_config
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.policies.families.table import CONFIG, said_kind
from vla_ros.policies.gear_vla.config import KIND, read_gear_vla_config
from vla_ros.policies.gear_vla.latent_actions.config import KIND as LATENT_ACTIONS
from vla_ros.policies.gear_vla.latent_actions.config import LatentActionConfig
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.gear_vla.latent_actions.config import GENERATED, LatentActionTraining, load_latent_action_training
from vla_ros.training.gear_vla.policy.config import (
    PROJECTORS,
    TOKENS,
    GearVlaTraining,
    load_gear_vla_training,
    needed_columns,
)
from vla_ros.training.pictures.datasets import check_dataset
from vla_ros.training.pictures.training_data import TrainingData, find_datasets
from vla_ros.training.session import DataSource, Session, learn

if TYPE_CHECKING:
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import TrainingResult


def train_gear_vla(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    config, folder = _config(request), request.output / "data"
    source = DataSource(
        lambda roots: _checked(find_datasets(roots), config),
        lambda: maker.check(config.generation),
        (folder,),
        lambda: maker.make(config.generation, config.episodes, 0, folder, config.contract),
    )
    adapts = said_kind(shared_path(config.begin)) == KIND
    if not (adapts or config.objectives.latent_actions or config.objectives.fast):
        raise ConfigError(
            f"objectives: latent_actions and fast are both 0, and stage {TOKENS} learns nothing else: give one of them"
        )
    tokenizer = _tokenizer(config, adapts)
    settings = learned_by(config, (*GENERATED, "tokenizer"))
    stages = {PROJECTORS if adapts else TOKENS: config.tokens, KIND: config.gear_vla}
    if isinstance(tokenizer, LatentActionTraining):
        stages = {LATENT_ACTIONS: tokenizer.codes, **stages}
        settings["tokenizer"] = learned_by(tokenizer, GENERATED)

    def train(data: TrainingData, distributed: DistributedContext, session: Session) -> TrainingResult:
        from vla_ros.training.gear_vla.policy.train import train

        return train(config, tokenizer, data, request.output, session.on_event, distributed, session.stop)

    samples = {name: (stage.steps, stage.batch) for name, stage in stages.items()}
    return learn(request, source, samples, settings, train)


def _config(request: TrainingRequest) -> GearVlaTraining:
    config = request.threaded(load_gear_vla_training(request.config))
    if request.generate is None:
        return config
    if request.generate.scenes:
        raise ConfigError(f"--generate …:{request.generate.scenes}: GEAR-VLA learns from demonstrations: give …:0")
    return dataclasses.replace(config, episodes=request.generate.episodes)


def _tokenizer(config: GearVlaTraining, adapts: bool) -> Path | LatentActionTraining:
    """Return the folder of the tokenizer that is named or comes with what it begins with, or how one is trained."""
    if not config.latent_actions and not adapts:
        head = next(iter(load_contract(config.contract).cameras))
        return dataclasses.replace(
            load_latent_action_training(config.tokenizer), cameras=(head,), threads=config.threads, seed=config.seed
        )
    folder = shared_path(config.latent_actions) if config.latent_actions else shared_path(config.begin) / LATENT_ACTIONS
    if not (folder / CONFIG).is_file():
        raise ConfigError(f"latent_actions: {folder}: is no tokenizer: train it (vla train latent_actions)")
    if adapts:
        _check_codes(folder, shared_path(config.begin))
    return folder


def _check_codes(tokenizer: Path, begin: Path) -> None:
    """Raise ConfigError where a tokenizer makes other codes than what is gone on with says."""
    sizes = read_checkpoint_config(LatentActionConfig, tokenizer, LATENT_ACTIONS, "a latent-action tokenizer")
    said, made = read_gear_vla_config(begin).tokens, (sizes.transitions * sizes.codes, sizes.vocabulary)
    if made != (said.latent_actions, said.latent_vocabulary):
        raise ConfigError(
            f"latent_actions: {tokenizer}: makes {made[0]} codes of {made[1]}, {begin} says {said.latent_actions} of "
            f"{said.latent_vocabulary}: leave out latent_actions"
        )


def _checked(data: TrainingData, config: GearVlaTraining) -> TrainingData:
    contract = load_contract(config.contract)
    for root in data.action:
        check_dataset(root, contract, needed_columns(contract))
    return data
