# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint, top to bottom: cut frames, train each network of the chain, judge it, save."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.contract import load_contract
from vla_ros.policies.graspvla.small.checkpoint import save_checkpoint
from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig, NetworkSizes
from vla_ros.policies.graspvla.small.networks import SmallGraspVla
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.graspvla.cache import cut_frames, piece_name
from vla_ros.training.graspvla.chain_stages import Run, chain_evaluation, expert_stage, looking_stage
from vla_ros.training.graspvla.config import STAGES, TrainConfig
from vla_ros.training.graspvla.direct import direct_stage, row_starts, shown_motion
from vla_ros.training.graspvla.distributed import DistributedContext
from vla_ros.training.graspvla.events import OnEvent, TrainingEvent
from vla_ros.training.graspvla.frames import contract_views
from vla_ros.training.graspvla.mixture import MixturePart
from vla_ros.training.graspvla.motion import MotionSamples, read_motion
from vla_ros.training.graspvla.perception import Samples
from vla_ros.training.graspvla.stage import Stage, read_state, state_path
from vla_ros.training.graspvla.training_data import TrainingData


@dataclass(frozen=True)
class TrainingResult:
    """How a training ended."""

    figures: dict[str, float] = field(default_factory=dict)  # of the last validations
    interrupted: bool = False
    missing: tuple[str, ...] = ()  # stages that no run has finished yet: there is no checkpoint without them


def train(
    config: TrainConfig,
    data: TrainingData,
    output: Path,
    on_event: OnEvent = lambda event: None,
    stages: Sequence[str] | None = None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train the stages, all of them when None, on data that `check_datasets` has seen; once all are there, write the
    checkpoint.

    What an earlier run has done is kept and gone on from. `stop` is asked again and again; `on_event` may raise while
    data is prepared. Raises ConfigError when there is too little data, or a file that cannot be gone on from.
    """
    distributed = distributed or DistributedContext()
    stages = config.stages if stages is None else stages
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    catalogue, views = load_catalogue(), contract_views(load_contract(config.contract))
    networks = SmallGraspVla(
        NetworkSizes(len(catalogue.categories), len(catalogue.colors), conditioning=config.conditioning)
    )
    networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    motion = all_motion(data.action, networks.sizes.horizon, on_event)
    statistics = motion.actions[motion.counts > 0]
    networks.mean.copy_(torch.from_numpy(statistics.mean(axis=0)))
    networks.spread.copy_(torch.from_numpy(statistics.std(axis=0)).clamp(min=1e-4))

    samples, folders = None, []
    if set(stages) != {"expert"} or not config.conditioning:
        with distributed.leader_first():
            folders = cut_frames(
                [*data.action, *data.grounding],
                work / "frames",
                config.frames_an_episode,
                config.threads,
                views,
                lambda done, total: on_event(TrainingEvent("cutting frames", done, total)),
            )
        samples = Samples(folders)
    run = Run(config.seed, {name: getattr(config, name) for name in config.stages}, work, on_event, distributed, stop)
    figures: dict[str, float] = {}
    missing: list[str] = []

    def begin(name: str) -> Stage:
        if name == "expert" and config.conditioning:
            return expert_stage(networks, motion, [MixturePart(len(motion.actions), config.validation)], run)
        assert samples is not None
        if name == "expert":
            names = {root: piece_name(root, config.frames_an_episode, views) for root in data.action}
            pieces = {root: [f for f in folders if f.name.startswith(begins)] for root, begins in names.items()}
            return direct_stage(networks, shown_motion(pieces, samples, motion, views), config.validation, run)
        evaluation = None
        if name == STAGES[-1] and config.rollouts.episodes and not missing:  # the others have come to their end
            evaluation = chain_evaluation(
                name, networks, config.robot, views, config.rollouts.episodes, config.rollouts.every
            )
        return looking_stage(name, networks, samples, [MixturePart(len(samples), config.validation)], run, evaluation)

    for name in config.stages:
        network = getattr(networks, name)
        if name in stages:
            stage = begin(name)
            network.load_state_dict(stage.run().state_dict())
            networks.cpu()
            judged, done = stage.figures, stage.done
        else:
            judged, done = _earlier(work, name, network)
        if name in stages and not done:
            return TrainingResult(figures, interrupted=True)
        if not done:
            missing.append(name)
        figures |= {f"{name}.{key}": value for key, value in judged.items()}
    if not missing and distributed.leads:
        save_checkpoint(output, _checkpoint_config(config, networks, motion, samples, figures), networks)
    return TrainingResult(figures, missing=tuple(missing))


def _earlier(work: Path, name: str, network: nn.Module) -> tuple[dict[str, float], bool]:
    """Take what an earlier run has trained of a stage; return its figures, and whether it came to an end."""
    path = state_path(work, name)
    if not path.exists():
        return {}, False
    state = read_state(path)
    network.load_state_dict(state["average"] if state["best"] is None else state["best"]["network"])
    return state["figures"], state["step"] >= state["config"]["steps"]


def all_motion(action: Sequence[Path], horizon: int, on_event: OnEvent) -> MotionSamples:
    """Read the motion of datasets, whose rows are counted on. Raises ConfigError where none is worth imitating."""
    parts = [
        read_motion(
            root, horizon, seed, progress=lambda done, total: on_event(TrainingEvent("reading motion", done, total))
        )
        for seed, root in enumerate(action)
    ]
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in dataclasses.fields(parts[0])}
    starts = row_starts(action)
    columns["rows"] = np.concatenate([start + part.rows for start, part in zip(starts, parts, strict=True)])
    if not len(columns["actions"]):
        raise ConfigError(f"{action[0]}: holds no action worth imitating: generate more episodes")
    return MotionSamples(**columns)


def _checkpoint_config(
    config: TrainConfig,
    networks: SmallGraspVla,
    motion: MotionSamples,
    samples: Samples | None,
    figures: dict[str, float],
) -> CheckpointConfig:
    training = {
        "config": dataclasses.asdict(config),
        "frames_with_actions": len(motion.actions),
        "frames_looked_at": 0 if samples is None else len(samples),
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
