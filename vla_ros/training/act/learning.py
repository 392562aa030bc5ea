# SPDX-License-Identifier: Apache-2.0
"""`vla train` of ACT: from datasets, or from nothing, to a checkpoint.

Without --data demonstrations are generated first, into OUTPUT/data.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.data.datasets.features import IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.masks import require_measured
from vla_ros.policies.act.config import KIND
from vla_ros.policies.contract import load_contract
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.training.act.config import ActTraining, load_act_training, needed_columns
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.pictures.datasets import check_dataset
from vla_ros.training.pictures.training_data import TrainingData, find_datasets
from vla_ros.training.session import DataSource, Session, learn

if TYPE_CHECKING:
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import TrainingResult


def train_act(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    config, folder = _config(request), request.output / "data"
    source = DataSource(
        lambda roots: _checked(find_datasets(roots), config),
        lambda: maker.check(config.generation),
        (folder,),
        lambda: maker.make(config.generation, config.episodes, 0, folder, config.contract),
    )

    def train(data: TrainingData, distributed: DistributedContext, session: Session) -> TrainingResult:
        from vla_ros.training.act.train import train

        return train(config, data, request.output, session.on_event, distributed, session.stop)

    settings = learned_by(config, ("generation", "episodes", "rollouts"))
    return learn(request, source, {KIND: (config.act.steps, config.act.batch)}, settings, train)


def _config(request: TrainingRequest) -> ActTraining:
    config = request.threaded(load_act_training(request.config))
    if request.generate is None:
        return config
    if request.generate.scenes:
        raise ConfigError(f"--generate …:{request.generate.scenes}: ACT learns from demonstrations alone: give …:0")
    return dataclasses.replace(config, episodes=request.generate.episodes)


def _checked(data: TrainingData, config: ActTraining) -> TrainingData:
    contract = load_contract(config.contract)
    for root in data.action:
        check_dataset(root, contract, needed_columns(contract))
        with LeRobotReader(root) as reader:
            require_measured(reader, dict.fromkeys((*(IMAGES + camera for camera in contract.cameras), STATE)))
    return data
