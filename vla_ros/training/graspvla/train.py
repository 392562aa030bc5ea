# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint, top to bottom: cut frames, train each network of the chain, judge it, save."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from controllers.errors import ConfigError
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.backbone.checkpoint_config import KIND as BACKBONE
from vla_ros.policies.contract import load_contract
from vla_ros.policies.families.table import said_kind
from vla_ros.policies.graspvla.small.checkpoint import load_networks, save_checkpoint
from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig, NetworkSizes, read_config
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.policies.graspvla.small.specification import shown
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.backbone.beginning import OTHER_SIZES, begin_from
from vla_ros.training.backbone.pretrained_trunk import begin_pretrained
from vla_ros.training.graspvla.config import TrainConfig
from vla_ros.training.graspvla.direct import direct_stage, row_starts, shown_motion
from vla_ros.training.graspvla.joint import JointData, joint_stage
from vla_ros.training.graspvla.motion import MotionSamples, read_motion
from vla_ros.training.graspvla.rollouts import RollOuts
from vla_ros.training.pictures.cache import cut_frames, piece_name
from vla_ros.training.pictures.frames import contract_views
from vla_ros.training.pictures.samples import Samples
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.run import Run
from vla_ros.training.stages.stage import PeriodicEvaluation


def train(
    config: TrainConfig,
    data: TrainingData,
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train on data that `check_datasets` has seen, and write the checkpoint.

    What an earlier run has done is kept and gone on from. `stop` is asked again and again; `on_event` may raise while
    data is prepared. Raises ConfigError when there is too little data, or a file that cannot be gone on from.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    contract = load_contract(config.contract)
    views = contract_views(contract)
    networks = _networks(config)
    _begin(networks, config)
    networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    motion = all_motion(data.action, networks.sizes.horizon, on_event)
    if not config.begin:
        statistics = motion.actions[motion.counts > 0]
        networks.mean.copy_(torch.from_numpy(statistics.mean(axis=0)))
        networks.spread.copy_(torch.from_numpy(statistics.std(axis=0)).clamp(min=1e-4))
    with distributed.leader_first():
        folders = cut_frames(
            [*data.action, *data.grounding],
            work / "frames",
            config.frames_an_episode,
            config.threads,
            views,
            lambda done, total: on_event(TrainingEvent("cutting frames", done, total)),
            crop=config.crop,
        )
    samples = Samples(folders)
    (name,) = config.stages
    run = Run(config.seed, {name: getattr(config, name)}, work, on_event, distributed, stop)
    if config.conditioning:
        evaluation = None
        if config.rollouts.episodes:
            rollouts = RollOuts(config.robot, shown(views, config.contract), config.rollouts.episodes)
            evaluation = PeriodicEvaluation(config.rollouts.every, rollouts.judge, "success")
        stage = joint_stage(networks, JointData(samples, motion), config.validation, config.joint, run, evaluation)
        networks.load_state_dict(stage.run().state_dict())
    else:
        names = {root: piece_name(root, config.frames_an_episode, views, crop=config.crop) for root in data.action}
        pieces = {root: [f for f in folders if f.name.startswith(begins)] for root, begins in names.items()}
        stage = direct_stage(networks, shown_motion(pieces, samples, motion, views), config.validation, run)
        networks.expert.load_state_dict(stage.run().state_dict())
    networks.cpu()
    figures = {f"{name}.{key}": value for key, value in stage.figures.items()}
    if not stage.done:
        return TrainingResult(figures, interrupted=True)
    if distributed.leads:
        save_checkpoint(output, _checkpoint_config(config, networks, motion, samples, figures), networks)
    return TrainingResult(figures)


def _networks(config: TrainConfig) -> SmallGraspVla:
    catalogue = load_catalogue()
    return SmallGraspVla(
        NetworkSizes(
            len(catalogue.categories),
            len(catalogue.colors),
            match_depth=config.match_depth,
            trunk_width=config.trunk_width,
            crop=config.crop,
            conditioning=config.conditioning,
        )
    )


def _begin(networks: SmallGraspVla, config: TrainConfig) -> None:
    """Give networks the weights that they begin with. Raises ConfigError for those of other sizes."""
    folder = Path(config.begin)
    if config.begin and config.conditioning and said_kind(folder) == BACKBONE:
        begin_from(folder, networks.backbone, networks.sizes.backbone)
    elif config.begin:
        theirs = read_config(folder)
        if dataclasses.replace(theirs.networks, conditioning=config.conditioning) != networks.sizes:
            raise ConfigError(f"begin: {folder}: {OTHER_SIZES}")
        networks.load_state_dict(load_networks(folder, theirs).state_dict())
    if not config.pretrained or not config.conditioning:
        return
    trunk = networks.matching.crops.trunk
    if not config.begin:
        begin_pretrained(trunk)
    trunk.keep_still(config.trunk_still)


def all_motion(action: Sequence[Path], horizon: int, on_event: OnEvent) -> MotionSamples:
    """Read the motion of datasets, whose rows and episodes are counted on.

    Raises ConfigError where none is worth imitating.
    """
    parts = [
        read_motion(
            root, horizon, seed, progress=lambda done, total: on_event(TrainingEvent("reading motion", done, total))
        )
        for seed, root in enumerate(action)
    ]
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in dataclasses.fields(parts[0])}
    starts = row_starts(action)
    columns["rows"] = np.concatenate([start + part.rows for start, part in zip(starts, parts, strict=True)])
    before = np.cumsum([0, *(len(load_metadata(root).episodes) for root in action)])[:-1]
    columns["episodes"] = np.concatenate([start + part.episodes for start, part in zip(before, parts, strict=True)])
    if not len(columns["actions"]):
        raise ConfigError(f"{action[0]}: holds no action worth imitating: generate more episodes")
    return MotionSamples(**columns)


def _checkpoint_config(
    config: TrainConfig,
    networks: SmallGraspVla,
    motion: MotionSamples,
    samples: Samples,
    figures: dict[str, float],
) -> CheckpointConfig:
    training = {
        "config": dataclasses.asdict(config),
        "frames_with_actions": len(motion.actions),
        "frames_looked_at": len(samples),
        "validation": {name: round(value, 4) for name, value in figures.items()},
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
    }
    contract = load_contract(config.contract)
    return CheckpointConfig(
        robot=config.robot,
        contract=config.contract,
        cameras=contract_views(contract),
        action=dataclasses.replace(contract.action, horizon=networks.sizes.horizon),
        frame_id=load_embodiment(config.robot).base_frame,
        period=contract.period,
        mean=tuple(float(v) for v in networks.mean),
        spread=tuple(float(v) for v in networks.spread),
        networks=networks.sizes,
        training=json.loads(json.dumps(training)),
    )
