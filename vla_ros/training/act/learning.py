# SPDX-License-Identifier: Apache-2.0
"""`vla train` of ACT: from datasets, or from nothing, to a checkpoint.

Without --data demonstrations are generated first, into OUTPUT/data.
"""

from __future__ import annotations

import dataclasses
import json

from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.output_file import write_output
from vla_ros.policies.contract import load_contract
from vla_ros.policies.learning import DataMaker, TrainingRequest
from vla_ros.training.act.config import ActTraining, load_act_training, needed_columns
from vla_ros.training.graspvla.datasets import check_dataset
from vla_ros.training.graspvla.training_data import TrainingData, find_datasets
from vla_ros.training.output_lock import taken
from vla_ros.training.session import watched


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
    from vla_ros.training.graspvla.progress import print_result
    from vla_ros.training.graspvla.train import TrainingResult

    output = request.output
    with join_processes() as distributed, taken(output, distributed):
        if data is None:
            with distributed.leader_first():
                if distributed.leads and not maker.make(
                    config.generation, config.episodes, 0, output / "data", config.contract
                ):
                    return 130
            data = _checked(find_datasets([output / "data"]), config)
        console = Console(quiet=not distributed.leads)
        with watched(output, {KIND: (config.act.steps, config.act.batch)}, console, distributed) as session:
            try:
                result = train(config, data, output, session.on_event, distributed, session.stop)
            except KeyboardInterrupt:  # while data was prepared, or pressed twice
                result = TrainingResult(interrupted=True)
        print_result(result, output, console)
        if distributed.leads and request.json is not None:
            write_output("--json", request.json, json.dumps(result.figures, indent=2) + "\n")
    return 130 if result.interrupted else 0


def _config(request: TrainingRequest) -> ActTraining:
    config = load_act_training(request.config)
    if request.threads is not None:
        config = dataclasses.replace(config, threads=request.threads)
    if request.generate is None:
        return config
    if request.data is not None:
        raise ConfigError("--generate and --data: give one of them")
    if request.generate.scenes:
        raise ConfigError(f"--generate …:{request.generate.scenes}: ACT learns from demonstrations alone: give …:0")
    return dataclasses.replace(config, episodes=request.generate.episodes)


def _checked(data: TrainingData, config: ActTraining) -> TrainingData:
    contract = load_contract(config.contract)
    for root in data.action:
        check_dataset(root, contract, needed_columns(contract))
    return data
