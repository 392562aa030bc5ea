# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint of the small GR-3, top to bottom: look at frames, train, judge, save."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vla_ros.configuration import shared_path
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.backbone.checkpoint import save_backbone
from vla_ros.policies.backbone.checkpoint_config import BackboneConfig, BackboneSizes
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.gr3.small.checkpoint import save_small_gr3
from vla_ros.policies.gr3.small.config import KIND, SmallConfig
from vla_ros.policies.gr3.small.network import SmallGr3
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.gr3.beginning import begin_gr3
from vla_ros.training.gr3.config import Gr3Training, read_channels
from vla_ros.training.gr3.loss import Gr3Batches, gr3_loss, judge_gr3
from vla_ros.training.gr3.samples import Gr3Samples, read_samples
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.mixture import MixturePart, Rows, draw, parts_of
from vla_ros.training.stages.stage import Stage

JUDGED = 600  # frames at most
STILL = ("backbone.proposals", "backbone.matching.crops")  # frames are looked at once, so what looks does not learn


def train(
    config: Gr3Training,
    data: TrainingData,
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train on data whose columns have been checked, then write the checkpoint.

    What an earlier run has done is kept and gone on from. `stop` is asked after each step; `on_event` may raise while
    data is prepared. Raises ConfigError when there is too little data, or a file that cannot be gone on from.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work, contract = output / "training", load_contract(config.contract)
    beginning = begin_gr3(shared_path(config.begin), config, contract)
    with distributed.leader_first():
        if not (work / "backbone" / "config.json").is_file():
            save_backbone(work / "backbone", beginning.backbone, BackboneConfig(beginning.sizes))
        samples = read_samples(
            data.action,
            data.grounding if config.mixing.grounding else (),
            contract,
            config,
            work / "backbone",
            work / "frames",
            lambda done, total: on_event(TrainingEvent("looking at frames", done, total)),
        )
    # Of robots alone: what hands did not measure is zero.
    states, actions = samples.action.of_robots()
    begun = beginning.statistics
    statistics = (begun[0], begun[1].moved_by(actions)) if begun else (Statistics.of(states), Statistics.of(actions))
    made = _checkpoint_config(config, contract, beginning.sizes, *statistics)
    network = beginning.network(made)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not name.startswith(STILL))
    stage = _stage(config, samples, made, network, work, on_event, distributed, stop)
    trained = stage.run()
    figures = {f"{KIND}.{name}": value for name, value in stage.figures.items()}
    if not stage.done:
        return TrainingResult(figures, interrupted=True)
    if distributed.leads:
        acting = dataclasses.replace(made.acting, training=_provenance(config, samples, stage.figures))
        save_small_gr3(output, trained.cpu(), dataclasses.replace(made, acting=acting))  # type: ignore[arg-type]
    return TrainingResult(figures)


def _stage(
    config: Gr3Training,
    samples: Gr3Samples,
    made: SmallConfig,
    network: SmallGr3,
    work: Path,
    on_event: OnEvent,
    distributed: DistributedContext,
    stop: Callable[[], bool],
) -> Stage:
    acting, mixing = made.acting, config.mixing
    actions = acting.action_statistics.normaliser()
    batches = Gr3Batches(samples, acting.state_statistics.normaliser(), actions, acting.transformer.status)
    robots = _action_rows(samples.action.hands, config, samples.episodes)
    cut, shown = len(samples.grasps), samples.grounding
    of = samples.episodes[samples.grasps.frames]
    grasps = _rows(config.validation, np.ones(cut, dtype=bool), of) if cut else None
    named = None if shown is None else np.array([bool(texts) for texts in shown.texts])
    pictures = None if named is None else _rows(config.validation, named, samples.grounding_episodes)
    of_pictures = round(config.gr3.batch * mixing.grounding) if pictures else 0
    size = max(1, (config.gr3.batch - of_pictures) // distributed.size)

    def batch(step: int) -> object:
        rng = np.random.default_rng((config.seed, step, distributed.rank))
        given: dict[str, Any] = {"robots": batches.robots(draw(robots, size, rng), mixing, rng)}
        given |= {"pictures": {}, "grasps": {}}
        if pictures:
            given["pictures"] = batches.pictures(draw(pictures, max(1, of_pictures // distributed.size), rng), rng)
        if grasps:
            given["grasps"] = batches.grasps(draw(grasps, max(1, config.grasps // distributed.size), rng), rng)
        return given

    def judge(network: nn.Module) -> dict[str, float]:
        shown, hands = _judged(pictures or []), _judged(robots[1:])
        tools = len(acting.action.arms)
        cut = _judged(grasps or [])
        return judge_gr3(network, batches, _judged(robots[:1]), hands, shown, cut, actions, tools)  # type: ignore[arg-type]

    return Stage(
        KIND,
        network,
        config.gr3,
        work,
        batch,
        lambda network, given, rng: gr3_loss(network, given, mixing.times, rng),  # type: ignore[arg-type]
        judge,
        on_event,
        distributed,
        stop,
        # What was learned elsewhere changes more slowly; what finds grasps has few weights.
        rates={"backbone": 0.3, "grasp": 3.0},
    )


def _action_rows(hands: np.ndarray, config: Gr3Training, episodes: np.ndarray) -> list[Rows]:
    """Return the rows of robots and, behind them and where there are any, those of `hands` (F,)."""
    share, count = config.mixing.hands, int(hands.sum())
    robots = len(hands) - count
    mixture = [MixturePart(robots, config.validation, 1.0 - share, episodes=episodes[:robots])]
    if count:
        mixture.append(MixturePart(count, config.validation, share, "hands_", episodes[robots:]))
    return parts_of(mixture, lambda rows: np.ones(len(rows), dtype=bool))


def _judged(groups: list[Rows]) -> np.ndarray:
    """Return some of the rows that were kept back of a source, if there is any."""
    held = groups[0].held if groups else np.array([], dtype=int)
    return held[:: max(1, len(held) // JUDGED)]


def _rows(validation: float, usable: np.ndarray, episodes: np.ndarray) -> list[Rows]:
    return parts_of([MixturePart(len(usable), validation, episodes=episodes)], lambda rows: usable[rows])


def _checkpoint_config(
    config: Gr3Training, contract: DataContract, sizes: BackboneSizes, states: Statistics, actions: Statistics
) -> SmallConfig:
    acting = ActingConfig(
        robot=config.robot,
        contract=config.contract,
        cameras=tuple(contract.cameras),
        state=read_channels(contract),
        state_statistics=states,
        action=dataclasses.replace(contract.action, horizon=config.horizon),
        action_statistics=actions,
        frame_id=load_embodiment(config.robot).base_frame,
        period=contract.period,
        transformer=config.transformer,
    )
    return SmallConfig(acting, sizes, config.surface, config.later)


def _provenance(config: Gr3Training, samples: Gr3Samples, figures: dict[str, float]) -> dict[str, Any]:
    hands = int(samples.action.hands.sum())
    said = {
        "config": dataclasses.asdict(config),
        "frames": {
            "robots": len(samples.action) - hands,
            "hands": hands,
            "pictures": len(samples.grounding) if samples.grounding else 0,
        },
        "validation": {name: round(value, 4) for name, value in figures.items()},
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
    }
    return json.loads(json.dumps(said))
