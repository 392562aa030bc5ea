# SPDX-License-Identifier: Apache-2.0
"""From datasets to a checkpoint of the small GEAR-VLA, top to bottom: tokenizers, tokens, then actions as well.

Coarse to fine (section 3.1): what will change in the picture and FAST tokens are learned first, then the action
transformer with them.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.actions.fast.tokenizer import FastTokenizer
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.contract import DataContract, load_contract
from vla_ros.policies.families.table import CONFIG
from vla_ros.policies.gear_vla.checkpoint import save_gear_vla
from vla_ros.policies.gear_vla.config import KIND, GearVlaConfig, TokenSizes
from vla_ros.policies.gear_vla.latent_actions.config import KIND as LATENT_ACTIONS
from vla_ros.policies.gear_vla.latent_actions.tokenizer import LatentActionTokenizer
from vla_ros.policies.gear_vla.network import GearVlaNetwork
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.training.gear_vla.latent_actions.config import LatentActionTraining
from vla_ros.training.gear_vla.latent_actions.train import train as train_tokenizer
from vla_ros.training.gear_vla.policy.beginning import FAST, begin_gear_vla, learn_projectors_alone
from vla_ros.training.gear_vla.policy.config import PROJECTORS, TOKENS, GearVlaTraining
from vla_ros.training.gear_vla.policy.loss import GearVlaBatches, gear_vla_loss, judge_actions, judge_tokens
from vla_ros.training.gear_vla.policy.samples import GearVlaSamples, read_samples
from vla_ros.training.pictures.training_data import TrainingData
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.stage import Stage
from vla_ros.training.stages.stage_config import StageConfig

JUDGED = 400  # frames at most
FAST_FITTED = 20_000  # chunks at most that the FAST tokenizer is fitted on
FAST_ROOM = 1.5  # how many more tokens than the longest chunk seen a chunk may have


def train(
    config: GearVlaTraining,
    tokenizer: Path | LatentActionTraining,
    data: TrainingData,
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train on demonstrations whose columns have been checked, then write the checkpoint.

    `tokenizer` is the folder of the latent-action tokenizer, or how one is trained. What an earlier run has done is
    kept and gone on from. `stop` is asked after each step; `on_event` may raise while data is prepared. Raises
    ConfigError when there is too little data, or a file that cannot be gone on from.
    """
    distributed = distributed or DistributedContext()
    figures: dict[str, float] = {}
    if isinstance(tokenizer, LatentActionTraining):
        folder = output / LATENT_ACTIONS
        if not (folder / CONFIG).is_file():
            result = train_tokenizer(tokenizer, data.action, folder, on_event, distributed, stop)
            figures |= result.figures
            if result.interrupted:
                return result
    else:
        folder = tokenizer
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    work, contract = output / "training", load_contract(config.contract)
    latent, beginning = LatentActionTokenizer.load(folder), begin_gear_vla(config, contract)
    with distributed.leader_first():
        samples = read_samples(
            data.action,
            contract,
            config,
            beginning.eye,
            beginning.geometry,
            latent,
            work / "frames",
            lambda done, total: on_event(TrainingEvent("looking at episodes", done, total)),
        )
    states = Statistics.of(samples.states)
    # Where one goes on from another robot its actions mean what they did.
    known, begun = samples.actions[samples.counts > 0], beginning.actions
    actions = begun.moved_by(known) if begun else Statistics.of(known)
    fitted = samples.actions[:: -(-len(samples) // FAST_FITTED)]
    fast = beginning.fast or FastTokenizer.fit(fitted, scale=config.fast_scale)
    # Of another robot a chunk may take more tokens than any that the network has met.
    room = None if beginning.tokens is None else beginning.tokens.fast_most
    batches = GearVlaBatches(samples, states.normaliser(), actions.normaliser(), fast, room)
    tokens = beginning.tokens or TokenSizes(
        latent_actions=samples.latent.shape[1],
        latent_vocabulary=latent.config.vocabulary,
        fast_vocabulary=fast.vocabulary,
        fast_most=round(FAST_ROOM * batches.fast_most),
    )
    acting = _acting_config(config, contract, states, actions)
    sizes = dataclasses.replace(config.network, eye_width=beginning.eye_width)
    geometry = None if beginning.geometry is None else beginning.geometry.config
    made = GearVlaConfig(acting, sizes, tokens, config.reads, geometry)
    network = beginning.network(made)
    kept, held = samples.split(config.validation)
    held = held[:: max(1, len(held) // JUDGED)]
    material = _Material(config, made, batches, kept, held)
    first = TOKENS if beginning.whole is None else PROJECTORS
    for name, settings in ((first, config.tokens), (KIND, config.gear_vla)):
        stage = _stage(name, settings, network, material, work, on_event, distributed, stop)
        network = stage.run()  # type: ignore[assignment]
        figures |= {f"{name}.{figure}": value for figure, value in stage.figures.items()}
        if not stage.done:
            return TrainingResult(figures, interrupted=True)
    if distributed.leads:
        fast.save(output / FAST)
        latent.save(output / LATENT_ACTIONS)
        acting = dataclasses.replace(acting, training=_provenance(config, samples, figures))
        save_gear_vla(output, network.cpu(), dataclasses.replace(made, acting=acting))
    return TrainingResult(figures)


@dataclass(frozen=True, eq=False)
class _Material:
    """What both stages learn from."""

    config: GearVlaTraining
    made: GearVlaConfig
    batches: GearVlaBatches
    kept: np.ndarray  # rows
    held: np.ndarray  # rows that are judged


def _stage(
    name: str,
    settings: StageConfig,
    network: GearVlaNetwork,
    material: _Material,
    work: Path,
    on_event: OnEvent,
    distributed: DistributedContext,
    stop: Callable[[], bool],
) -> Stage:
    config, batches, held = material.config, material.batches, material.held
    acts = name != TOKENS
    network.requires_grad_(True)  # what an earlier stage returns learns no more
    network.eye.requires_grad_(False)  # the paper's 2D encoder is frozen as well
    if network.geometry is not None:
        network.geometry.requires_grad_(False)
    network.transformer.requires_grad_(acts)
    if name == PROJECTORS:
        learn_projectors_alone(network)
    size = max(1, settings.batch // distributed.size)
    acting = material.made.acting
    actions, contract = acting.action_statistics.normaliser(), acting.action

    def batch(step: int) -> object:
        return batches.of(
            np.random.default_rng((config.seed, name == KIND, step, distributed.rank)).choice(material.kept, size)
        )

    def judge(network: nn.Module) -> dict[str, float]:
        found = judge_tokens(network, batches, held)  # type: ignore[arg-type]
        if acts and contract.arms:
            found |= judge_actions(network, batches, held, actions, contract)  # type: ignore[arg-type]
        return found

    return Stage(
        name,
        network,
        settings,
        work,
        batch,
        lambda network, given, rng: gear_vla_loss(network, given, config.objectives, config.dropping, acts, rng),  # type: ignore[arg-type]
        judge,
        on_event,
        distributed,
        stop,
    )


def _acting_config(
    config: GearVlaTraining, contract: DataContract, states: Statistics, actions: Statistics
) -> ActingConfig:
    return ActingConfig(
        robot=config.robot,
        contract=config.contract,
        cameras=tuple(contract.cameras),
        state=tuple(contract.state),
        state_statistics=states,
        action=contract.action,
        action_statistics=actions,
        frame_id=load_embodiment(config.robot).base_frame,
        period=contract.period,
        transformer=config.transformer,
    )


def _provenance(config: GearVlaTraining, samples: GearVlaSamples, figures: dict[str, float]) -> dict[str, Any]:
    said = {
        "config": dataclasses.asdict(config),
        "frames": len(samples),
        "episodes": len(np.unique(samples.episodes)),
        "validation": {name: round(value, 4) for name, value in figures.items()},
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
    }
    return json.loads(json.dumps(said))
