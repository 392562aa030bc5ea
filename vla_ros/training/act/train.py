# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint of ACT, top to bottom: choose frames, train, judge, save."""

from __future__ import annotations

import copy
import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vla_ros.policies.act.checkpoint import new_network, save_act
from vla_ros.policies.act.config import KIND, ActConfig
from vla_ros.policies.act.policy import ActPolicy
from vla_ros.policies.actions.normalisation import Normaliser, Statistics
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.families.stored_views import stored_views
from vla_ros.policies.needs import Needs
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.act.config import ActTraining, read_channels
from vla_ros.training.act.loss import ActBatches, act_loss, judge_act
from vla_ros.training.act.samples import ActSamples, read_samples
from vla_ros.training.graspvla.rollouts import RollOuts
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.mixture import MixturePart, draw, parts_of
from vla_ros.training.stages.stage import PeriodicEvaluation, Stage

JUDGED = 300  # frames at most


def train(
    config: ActTraining,
    data: TrainingData,
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train on the demonstrations of data whose columns have been checked, then write the checkpoint.

    What an earlier run has done is kept and gone on from. `stop` is asked after each step; `on_event` may raise while
    data is prepared. Raises ConfigError when there is too little data, or a file that cannot be gone on from.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work, contract = output / "training", load_contract(config.contract)
    with distributed.leader_first():
        samples = read_samples(
            data.action,
            contract,
            config,
            work / "frames",
            lambda done, total: on_event(TrainingEvent("cutting frames", done, total)),
        )
    states, actions = Normaliser.of(samples.states), Normaliser.of(samples.actions[samples.counts > 0])
    made = _checkpoint_config(config, contract, states, actions)
    stage = _stage(config, samples, made, work, on_event, distributed, stop)
    network = stage.run()
    figures = {f"{KIND}.{name}": value for name, value in stage.figures.items()}
    if not stage.done:
        return TrainingResult(figures, interrupted=True)
    if distributed.leads:
        training = _provenance(config, samples, stage.figures)
        save_act(output, network.cpu(), dataclasses.replace(made, training=training))  # type: ignore[arg-type]
    return TrainingResult(figures)


def _stage(
    config: ActTraining,
    samples: ActSamples,
    made: ActConfig,
    work: Path,
    on_event: OnEvent,
    distributed: DistributedContext,
    stop: Callable[[], bool],
) -> Stage:
    mixture = [MixturePart(len(samples), config.validation, episodes=samples.episodes)]
    groups = parts_of(mixture, lambda rows: np.ones(len(rows), dtype=bool))
    actions = made.action_statistics.normaliser()
    batches = ActBatches(samples, made.state_statistics.normaliser(), actions)
    size = max(1, config.act.batch // distributed.size)
    held = groups[0].held[:: max(1, len(groups[0].held) // JUDGED)]

    def batch(step: int) -> object:
        return batches.of(draw(groups, size, np.random.default_rng((config.seed, step, distributed.rank))))

    def judge(network: nn.Module) -> dict[str, float]:
        return judge_act(network, batches, held, actions, bool(made.action.arms))  # type: ignore[arg-type]

    return Stage(
        KIND,
        new_network(made),
        config.act,
        work,
        batch,
        lambda network, given, rng: act_loss(network, given, config.kl_weight, rng),  # type: ignore[arg-type]
        judge,
        on_event,
        distributed,
        stop,
        _evaluation(config, made),
    )


def _evaluation(config: ActTraining, made: ActConfig) -> PeriodicEvaluation | None:
    """Return roll-outs of the network under way, as the small GraspVLA has them."""
    if not config.rollouts.episodes:
        return None
    robot, needs = load_embodiment(config.robot), Needs(stored_views(made.cameras, made.contract))
    rollouts = RollOuts(config.robot, needs, config.rollouts.episodes)

    def judge(network: nn.Module) -> dict[str, float]:
        tried = copy.deepcopy(network).cpu()
        return rollouts.judge_policy(ActPolicy(tried, made, robot))  # type: ignore[arg-type]

    return PeriodicEvaluation(config.rollouts.every, judge, "success")


def _checkpoint_config(
    config: ActTraining, contract: DataContract, states: Normaliser, actions: Normaliser
) -> ActConfig:
    return ActConfig(
        robot=config.robot,
        contract=config.contract,
        cameras=tuple(contract.cameras),
        state=read_channels(contract),
        state_statistics=Statistics(tuple(states.mean.tolist()), tuple(states.std.tolist())),
        action=dataclasses.replace(contract.action, horizon=config.horizon),
        action_statistics=Statistics(tuple(actions.mean.tolist()), tuple(actions.std.tolist())),
        frame_id=load_embodiment(config.robot).base_frame,
        period=contract.period,
        network=config.network,
    )


def _provenance(config: ActTraining, samples: ActSamples, figures: dict[str, float]) -> dict[str, Any]:
    said = {
        "config": dataclasses.asdict(config),
        "frames": len(samples),
        "validation": {name: round(value, 4) for name, value in figures.items()},
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
    }
    return json.loads(json.dumps(said))
