# SPDX-License-Identifier: Apache-2.0
"""`vla train` of the small GraspVLA: from datasets, or from nothing, to a checkpoint.

Without --data what is missing is generated first, into OUTPUT/data.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from vla_ros.policies.contract import load_contract
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.graspvla.config import TrainConfig, load_train_config
from vla_ros.training.pictures.datasets import check_datasets
from vla_ros.training.pictures.training_data import TrainingData, find_datasets
from vla_ros.training.session import DataSource, Session, learn

if TYPE_CHECKING:
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import TrainingResult


def train_small(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    config, folder = _config(request), request.output / "data"
    amounts = config.data
    source = DataSource(
        lambda roots: _checked(find_datasets(roots), config),
        lambda: maker.check(amounts.settings),
        (folder,),
        lambda: maker.make(amounts.settings, amounts.episodes, amounts.grounding, folder, config.contract),
    )

    def train(data: TrainingData, distributed: DistributedContext, session: Session) -> TrainingResult:
        from vla_ros.training.graspvla.train import train

        return train(config, data, request.output, session.on_event, distributed, session.stop)

    samples = {name: (getattr(config, name).steps, getattr(config, name).batch) for name in config.stages}
    return learn(request, source, samples, learned_by(config, ("data", "rollouts")), train)


def _config(request: TrainingRequest) -> TrainConfig:
    config = request.threaded(load_train_config(request.config))
    if request.generate is None:
        return config
    amounts = dataclasses.replace(config.data, episodes=request.generate.episodes, grounding=request.generate.scenes)
    return dataclasses.replace(config, data=amounts)


def _checked(data: TrainingData, config: TrainConfig) -> TrainingData:
    check_datasets(data, load_contract(config.contract))
    return data
