# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint, top to bottom: cut frames, train each link of the chain, judge it, save."""

from __future__ import annotations

import copy
import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.actions import ActionSpecification
from vla_ros.policies.graspvla.small.checkpoint import CheckpointConfig, save_checkpoint
from vla_ros.policies.graspvla.small.networks import NetworkSizes, SmallGraspVla
from vla_ros.training.graspvla import perception, validation
from vla_ros.training.graspvla.cache import cut_frames
from vla_ros.training.graspvla.config import STAGES, TrainConfig
from vla_ros.training.graspvla.datasets import TrainingData
from vla_ros.training.graspvla.frames import VIEWS
from vla_ros.training.graspvla.motion import MotionSamples, flow_loss, motion_batch, read_motion
from vla_ros.training.graspvla.news import News, Tell
from vla_ros.training.graspvla.perception import Samples
from vla_ros.training.graspvla.rollouts import RollOuts
from vla_ros.training.graspvla.stage import Stage, StageConfig, Trial, read_state, state_path
from vla_ros.training.graspvla.team import Team


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
    tell: Tell = lambda news: None,
    stages: Sequence[str] = STAGES,
    team: Team | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train the stages on data that `check_datasets` has seen; once all four are there, write the checkpoint.

    What an earlier run has done is kept and gone on from. `stop` is asked again and again; `tell` may raise while
    data is prepared. Raises ConfigError when there is too little data, or a file that cannot be gone on from.
    """
    team = team or Team()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    catalogue = load_catalogue()
    networks = SmallGraspVla(NetworkSizes(len(catalogue.categories), len(catalogue.colors), links=config.links))
    networks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it

    motion = _motion(data.action, networks.sizes.horizon, tell)
    statistics = motion.actions[motion.counts > 0]
    networks.mean.copy_(torch.from_numpy(statistics.mean(axis=0)))
    networks.spread.copy_(torch.from_numpy(statistics.std(axis=0)).clamp(min=1e-4))

    samples = None
    if set(stages) != {"expert"}:
        with team.leader_first():
            folders = cut_frames(
                [*data.action, *data.grounding],
                work / "frames",
                config.frames_an_episode,
                config.threads,
                lambda done, total: tell(News("cutting frames", done, total)),
            )
        samples = Samples(folders)
    run = _Run(config, work, tell, team, stop)
    figures: dict[str, float] = {}
    missing: list[str] = []
    for name in STAGES:
        network = getattr(networks, name)
        if name in stages:
            if name == "expert" or samples is None:
                stage = _expert_stage(networks, motion, config, run)
            else:
                stage = _looking_stage(name, networks, samples, config, run, whole=not missing)
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
    if not missing and team.leads:
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


def _motion(action: Sequence[Path], horizon: int, tell: Tell) -> MotionSamples:
    parts = [
        read_motion(root, horizon, seed, progress=lambda done, total: tell(News("reading motion", done, total)))
        for seed, root in enumerate(action)
    ]
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in dataclasses.fields(parts[0])}
    if not len(columns["actions"]):
        raise ConfigError(f"{action[0]}: holds no action worth imitating: generate more episodes")
    return MotionSamples(**columns)


@dataclass(frozen=True)
class _Run:
    """What all stages of a training share."""

    config: TrainConfig
    work: Path
    tell: Tell
    team: Team
    stop: Callable[[], bool]

    def stage(
        self, name: str, network: nn.Module, batch: Any, loss: Any, judge: Any, trial: Trial | None = None
    ) -> Stage:
        """Return a stage by its name."""
        settings: StageConfig = getattr(self.config, name)
        return Stage(name, network, settings, self.work, batch, loss, judge, self.tell, self.team, self.stop, trial)

    def random(self, purpose: int, step: int) -> np.random.Generator:
        """Return what this process draws a step's batch with."""
        return np.random.default_rng((self.config.seed, purpose, step, self.team.rank))

    def share(self, batch: int) -> int:
        """Return how many samples of a batch are this process's."""
        return max(1, batch // self.team.size)


def _expert_stage(networks: SmallGraspVla, motion: MotionSamples, config: TrainConfig, run: _Run) -> Stage:
    kept, held = _split(len(motion.actions), config.validation)
    held = held[:2000]
    mean, spread = networks.mean.clone(), networks.spread.clone()

    def batch(step: int) -> object:
        rng = run.random(1, step)
        return motion_batch(motion, rng.choice(kept, run.share(config.expert.batch)), rng)

    return run.stage(
        "expert",
        networks.expert,
        batch,
        lambda network, made, rng: flow_loss(network, made, mean, spread, rng),
        lambda network: validation.judge_actions(network, motion, held, mean.numpy(), spread.numpy()),
    )


def _looking_stage(
    name: str, networks: SmallGraspVla, samples: Samples, config: TrainConfig, run: _Run, whole: bool
) -> Stage:
    """Return a stage that looks at pictures; `whole`: all stages before it have come to their end."""
    kept, held = _split(len(samples), config.validation)
    # Once the fingers are closed the chain remembers the grasp.
    grasps = (samples.columns["options"][:, :, 8].max(axis=1) > 0) & (samples.columns["closed"] == 0)
    settings = getattr(config, name)
    if name == "grasp":
        kept, held = kept[grasps[kept]], held[grasps[held]]
    if name == "matching":
        kept = np.array([row for row in kept if samples.texts[row]])
        held = np.array([row for row in held if samples.texts[row]])
    if len(kept) == 0 or len(held) == 0:
        raise ConfigError(f"stage {name}: no frame it can learn from or be judged by: generate more episodes")
    held = held[:: max(1, len(held) // 300)]

    def rows(step: int) -> tuple[np.ndarray, np.random.Generator]:
        rng = run.random(2, step)
        return rng.choice(kept, run.share(settings.batch)), rng

    made: dict[str, tuple[Any, Any, Any]] = {
        "proposals": (
            lambda step: rows(step)[0],
            lambda network, made, rng: perception.proposal_step(network, samples, made, rng),
            validation.judge_proposals,
        ),
        "matching": (lambda step: perception.match_batch(samples, *rows(step)), perception.match_step,
                     validation.judge_matching),
        "grasp": (lambda step: perception.grasp_batch(samples, *rows(step)), perception.grasp_step,
                  validation.judge_grasps),
    }  # fmt: skip
    batch, loss, judge = made[name]
    trial = _trial(name, networks, config) if whole and name == STAGES[-1] and config.rollouts.episodes else None
    return run.stage(name, getattr(networks, name), batch, loss, lambda net: judge(net, samples, held), trial)


def _trial(name: str, networks: SmallGraspVla, config: TrainConfig) -> Trial:
    rollouts = RollOuts(config.robot, VIEWS, config.rollouts.episodes)

    def judge(network: nn.Module) -> dict[str, float]:
        tried = copy.deepcopy(networks)
        getattr(tried, name).load_state_dict(network.state_dict())
        return rollouts.judge(tried)

    return Trial(config.rollouts.every, judge, "success")


def _split(count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from and rows kept back: whole stretches, so that no scene is in both."""
    if count < 8:
        raise ConfigError(f"{count} frames are too few to train and validate with: generate more episodes")
    rows, stretch = np.arange(count), min(50, count // 4)
    held = (rows // stretch) % max(2, round(1 / share)) == 0
    return rows[~held], rows[held]


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
    return CheckpointConfig(
        robot=config.robot,
        contract=config.contract,
        cameras=VIEWS,
        action=ActionSpecification(horizon=networks.sizes.horizon),
        mean=tuple(float(v) for v in networks.mean),
        spread=tuple(float(v) for v in networks.spread),
        networks=networks.sizes,
        training=json.loads(json.dumps(training)),
    )
