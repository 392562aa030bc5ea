# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint, top to bottom: cut frames, train each link of the chain, judge it, save."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.actions import ActionSpecification
from vla_ros.policies.graspvla.small.checkpoint import CheckpointConfig, save_checkpoint
from vla_ros.policies.graspvla.small.networks import NetworkSizes, SmallGraspVla
from vla_ros.training.graspvla import perception, validation
from vla_ros.training.graspvla.cache import cut_frames
from vla_ros.training.graspvla.config import TrainConfig
from vla_ros.training.graspvla.frames import VIEWS
from vla_ros.training.graspvla.motion import MotionSamples, flow_loss, motion_batch, read_motion
from vla_ros.training.graspvla.perception import Samples
from vla_ros.training.graspvla.stage import Stage

STAGES = ("expert", "proposals", "grasp", "matching")
Show = Callable[[str, int, int, dict[str, float]], None]


def train(
    config: TrainConfig,
    action: Sequence[Path],
    grounding: Sequence[Path],
    output: Path,
    show: Show,
    stages: Sequence[str] = STAGES,
) -> dict[str, float]:
    """Train the stages and write the checkpoint to `output`; what an earlier run has done is kept.

    Returns the last validation figures. Raises ConfigError for data that cannot be trained on.
    """
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work = output / "training"
    catalogue = load_catalogue()
    networks = SmallGraspVla(NetworkSizes(len(catalogue.categories), len(catalogue.colors)))
    networks.to(memory_format=torch.channels_last)

    motion = _motion(action, networks.sizes.horizon)
    statistics = motion.actions[motion.counts > 0]
    networks.mean.copy_(torch.from_numpy(statistics.mean(axis=0)))
    networks.spread.copy_(torch.from_numpy(statistics.std(axis=0)).clamp(min=1e-4))

    looking = [stage for stage in stages if stage != "expert"]
    samples = None
    if looking:
        folders = cut_frames(
            [*action, *grounding],
            work / "frames",
            config.frames_an_episode,
            config.threads,
            lambda done, total: show("cutting frames", done, total, {}),
        )
        samples = Samples(folders)
    figures: dict[str, float] = {}
    for name in stages:
        if name == "expert":
            stage = _expert_stage(networks, motion, config, work, show)
        else:
            stage = _looking_stage(name, networks, samples, config, work, show)
        getattr(networks, name).load_state_dict(stage.run().state_dict())
        figures |= {f"{name}.{key}": value for key, value in stage.figures.items()}
    save_checkpoint(output, _checkpoint_config(config, networks, motion, samples, figures), networks)
    return figures


def _motion(action: Sequence[Path], horizon: int) -> MotionSamples:
    if not action:
        raise ConfigError("no dataset with actions: give one made by `vla generate`")
    parts = [read_motion(root, horizon, seed) for seed, root in enumerate(action)]
    columns = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in dataclasses.fields(parts[0])}
    return MotionSamples(**columns)


def _expert_stage(networks: SmallGraspVla, motion: MotionSamples, config: TrainConfig, work: Path, show: Show) -> Stage:
    kept, held = _split(len(motion.actions), config.validation)
    held = held[:2000]
    mean, spread = networks.mean, networks.spread

    def batch(step: int) -> object:
        rng = np.random.default_rng((config.seed, 1, step))
        return motion_batch(motion, rng.choice(kept, config.expert.batch), rng)

    return Stage(
        "expert",
        networks.expert,
        config.expert,
        work,
        batch,
        lambda network, made, rng: flow_loss(network, made, mean, spread, rng),
        lambda network: validation.judge_actions(network, motion, held, mean.numpy(), spread.numpy()),
        show,
    )


def _looking_stage(
    name: str, networks: SmallGraspVla, samples: Samples, config: TrainConfig, work: Path, show: Show
) -> Stage:
    kept, held = _split(len(samples), config.validation)
    # Once the fingers are closed the chain remembers the grasp.
    grasps = (samples.columns["options"][:, :, 8].max(axis=1) > 0) & (samples.columns["closed"] == 0)
    settings = getattr(config, name)
    if name == "grasp":
        kept, held = kept[grasps[kept]], held[grasps[held]]
    if name == "matching":
        kept = np.array([row for row in kept if samples.texts[row]])
        held = np.array([row for row in held if samples.texts[row]])
    held = held[:: max(1, len(held) // 300)]

    def rows(step: int) -> tuple[np.ndarray, np.random.Generator]:
        rng = np.random.default_rng((config.seed, 2, step))
        return rng.choice(kept, settings.batch), rng

    batch, loss, judge = {
        "proposals": (
            lambda step: rows(step)[0],
            lambda network, made, rng: perception.proposal_step(network, samples, made, rng),
            validation.judge_proposals,
        ),
        "matching": (lambda step: perception.match_batch(samples, *rows(step)), perception.match_step,
                     validation.judge_matching),
        "grasp": (lambda step: perception.grasp_batch(samples, *rows(step)), perception.grasp_step,
                  validation.judge_grasps),
    }[name]  # fmt: skip
    network = getattr(networks, name)
    return Stage(name, network, settings, work, batch, loss, lambda net: judge(net, samples, held), show)


def _split(count: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from and rows kept back: whole stretches, so that no scene is in both."""
    rows, stretch = np.arange(count), 50
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
