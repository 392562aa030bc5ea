# SPDX-License-Identifier: Apache-2.0
"""`vla train` of the small GR-3: from datasets, or from nothing, to a checkpoint.

Without --data demonstrations and scenes with boxes are generated first, into OUTPUT/data.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.hands.masks import is_masked
from vla_ros.policies.contract import load_contract
from vla_ros.policies.families.learning import DataMaker, TrainingRequest
from vla_ros.policies.gr3.small.config import KIND
from vla_ros.training.begun_settings import learned_by
from vla_ros.training.gr3.config import Gr3Training, load_gr3_training, needed_columns
from vla_ros.training.pictures.datasets import check_dataset
from vla_ros.training.pictures.training_data import TrainingData, find_datasets
from vla_ros.training.session import DataSource, Session, learn

if TYPE_CHECKING:
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import TrainingResult


def train_gr3(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    config, folder = _config(request), request.output / "data"
    source = DataSource(
        lambda roots: _checked(find_datasets(roots), config),
        lambda: maker.check(config.generation),
        (folder,),
        lambda: maker.make(config.generation, config.episodes, config.scenes, folder, config.contract),
    )

    def train(data: TrainingData, distributed: DistributedContext, session: Session) -> TrainingResult:
        from vla_ros.training.gr3.train import train

        return train(config, data, request.output, session.on_event, distributed, session.stop)

    settings = learned_by(config, ("generation", "episodes", "scenes"))
    return learn(request, source, {KIND: (config.gr3.steps, config.gr3.batch)}, settings, train)


def _config(request: TrainingRequest) -> Gr3Training:
    config = request.threaded(load_gr3_training(request.config))
    if request.generate is None:
        return config
    return dataclasses.replace(config, episodes=request.generate.episodes, scenes=request.generate.scenes)


def _checked(data: TrainingData, config: Gr3Training) -> TrainingData:
    contract = load_contract(config.contract)
    hands = [root for root in data.action if is_masked(load_metadata(root))]
    if len(hands) == len(data.action):
        raise ConfigError(
            f"{hands[0]}: is of human hands, which say nothing of grippers, base and task status: give robots' "
            "demonstrations as well, such as a folder of vla generate"
        )
    for roots, acts in ((data.action, True), (data.grounding, False)):
        for root in roots:
            check_dataset(root, contract, needed_columns(contract, acts, masked=root in hands))
    if config.mixing.grounding and not data.grounding:
        raise ConfigError(
            f"{data.action[0]}: is all there is, and mixing.grounding is {config.mixing.grounding:g}: add a folder of "
            "vla generate --grounding, or set mixing: {grounding: 0}"
        )
    return data
