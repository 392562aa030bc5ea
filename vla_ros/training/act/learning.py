# SPDX-License-Identifier: Apache-2.0
"""`vla train` of ACT: from datasets, or from nothing, to a checkpoint.

Without --data demonstrations are generated first, into OUTPUT/data.
"""

from __future__ import annotations

import dataclasses

from controllers.errors import ConfigError
from vla_ros.policies.contract import load_contract
from vla_ros.policies.learning import DataMaker, TrainingRequest
from vla_ros.training.act.config import ActTraining, load_act_training, needed_columns
from vla_ros.training.graspvla.datasets import check_dataset
from vla_ros.training.graspvla.training_data import TrainingData, find_datasets
from vla_ros.training.output_lock import taken
from vla_ros.training.session import carry_out


def train_act(request: TrainingRequest, maker: DataMaker) -> int:
    """Generate what is missing, then train; 0 when done, 130 when interrupted."""
    # Everything that was named is looked at before anything is written.
    config = _config(request)
    data = None if request.data is None else _checked(find_datasets(request.data), config)
    if data is None:
        maker.check(config.generation)
    from vla_ros.policies.act.config import KIND
    from vla_ros.training.act.train import train
    from vla_ros.training.graspvla.distributed import join_processes

    output = request.output
    with join_processes() as distributed, taken(output, distributed):
        if data is None:
            with distributed.leader_first():
                if distributed.leads and not maker.make(
                    config.generation, config.episodes, 0, output / "data", config.contract
                ):
                    return 130
            data = _checked(find_datasets([output / "data"]), config)
        found = data
        return carry_out(
            request,
            {KIND: (config.act.steps, config.act.batch)},
            distributed,
            lambda session: train(config, found, output, session.on_event, distributed, session.stop),
        )


def _config(request: TrainingRequest) -> ActTraining:
    config = load_act_training(request.config)
    if request.threads is not None:
        config = dataclasses.replace(config, threads=request.threads)
    if request.generate is None:
        return config
    if request.generate.scenes:
        raise ConfigError(f"--generate …:{request.generate.scenes}: ACT learns from demonstrations alone: give …:0")
    return dataclasses.replace(config, episodes=request.generate.episodes)


def _checked(data: TrainingData, config: ActTraining) -> TrainingData:
    contract = load_contract(config.contract)
    for root in data.action:
        check_dataset(root, contract, needed_columns(contract))
    return data
