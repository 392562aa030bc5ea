# SPDX-License-Identifier: Apache-2.0
"""`vla train` of the small GraspVLA: from datasets, or from nothing, to a checkpoint.

Without --data what is missing is generated first, into OUTPUT/data.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from vla_ros.policies.contract import load_contract
from vla_ros.policies.learning import DataMaker, TrainingRequest
from vla_ros.training.graspvla.config import TrainConfig, load_train_config
from vla_ros.training.graspvla.datasets import check_datasets
from vla_ros.training.graspvla.training_data import TrainingData, find_datasets
from vla_ros.training.output_lock import taken
from vla_ros.training.session import carry_out

if TYPE_CHECKING:
    from vla_ros.training.graspvla.distributed import DistributedContext


def train_small(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    # Everything that was named is looked at before anything is written, and before PyTorch is loaded.
    config = load_train_config(request.config)
    if request.threads is not None:
        config = dataclasses.replace(config, threads=request.threads)
    if request.generate is not None:
        amounts = dataclasses.replace(
            config.data, episodes=request.generate.episodes, grounding=request.generate.scenes
        )
        config = dataclasses.replace(config, data=amounts)
    data = None if request.data is None else find_datasets(request.data)
    if data is None:
        maker.check(config.data.settings)
    output = request.output
    from vla_ros.training.graspvla.distributed import join_processes

    with join_processes() as distributed:
        if data is not None:
            _check_data(data, config, distributed)
        with taken(output, distributed):
            if data is None:
                with distributed.leader_first():
                    amounts, folder = config.data, output / "data"
                    if distributed.leads and not maker.make(
                        amounts.settings, amounts.episodes, amounts.grounding, folder, config.contract
                    ):
                        return 130
                data = find_datasets([output / "data"])
                _check_data(data, config, distributed)
            return _train(request, config, data, distributed)


def _check_data(data: TrainingData, config: TrainConfig, distributed: DistributedContext) -> None:
    if distributed.leads:
        check_datasets(data, load_contract(config.contract))


def _train(
    request: TrainingRequest,
    config: TrainConfig,
    data: TrainingData,
    distributed: DistributedContext,
) -> int:
    from vla_ros.training.graspvla.train import train

    samples = {name: (getattr(config, name).steps, getattr(config, name).batch) for name in config.stages}
    return carry_out(
        request,
        samples,
        distributed,
        lambda session: train(config, data, request.output, session.on_event, distributed, session.stop),
    )
