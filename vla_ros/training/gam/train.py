# SPDX-License-Identifier: Apache-2.0
"""From labelled candidates to GAM's actor and critic: read, train, judge, save."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from controllers.errors import ConfigError, unknown_name
from vla_ros.new_file import replace_file
from vla_ros.policies.gam.checkpoint import load_gam, save_gam
from vla_ros.policies.gam.checkpoint_config import KIND, GamConfig
from vla_ros.policies.gam.networks.network import GamNetwork
from vla_ros.training.gam.batches import Batch, BatchMaker
from vla_ros.training.gam.calibration_plot import draw_calibration
from vla_ros.training.gam.config import GamTraining
from vla_ros.training.gam.dataset import ObjectTask, read_dataset
from vla_ros.training.gam.loss import gam_loss
from vla_ros.training.gam.validation import judge, some_of
from vla_ros.training.stages.distributed import DistributedContext
from vla_ros.training.stages.events import OnEvent, TrainingEvent, TrainingResult
from vla_ros.training.stages.stage import Stage

JUDGED_OFTEN = 24  # objects, while it learns
CALIBRATION = "calibration.png"
UNSEEN = "unseen_"  # begins the names of figures of tools that were not learned from


def train(
    config: GamTraining,
    roots: Sequence[Path],
    output: Path,
    on_event: OnEvent = lambda event: None,
    distributed: DistributedContext | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainingResult:
    """Train on folders of scenes, then write the checkpoint; what an earlier run has done is gone on from.

    `stop` is asked after each step; `on_event` may raise while scenes are read. Raises ConfigError for data that
    cannot be used.
    """
    distributed = distributed or DistributedContext()
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    tasks = read_dataset(
        roots,
        config,
        lambda done, total: on_event(TrainingEvent("reading scenes", done, total)),
    )
    kept, held, unseen = split(tasks, config)
    maker = BatchMaker(kept, config)
    if not maker.modes:
        raise ConfigError("no scene has a candidate without a collision to learn from: generate more scenes")
    beginning, known = _beginning(config)
    stage = _stage(
        config, beginning, maker, some_of(held, JUDGED_OFTEN), output / "training", on_event, distributed, stop
    )
    network = stage.run().cpu()
    if not stage.done:
        figures = {f"{KIND}.{name}": value for name, value in stage.figures.items()}
        return TrainingResult(figures, interrupted=True)
    if not distributed.leads:
        return TrainingResult()
    tools = tuple(sorted({*known, *(task.labelled.tool for task in kept)}))
    save_gam(output, network, GamConfig(config.sizes, tools, maker.modes))  # type: ignore[arg-type]
    return TrainingResult(_final_figures(network, held, unseen, config.judged, output))  # type: ignore[arg-type]


def split(
    tasks: Sequence[ObjectTask], config: GamTraining
) -> tuple[list[ObjectTask], list[ObjectTask], list[ObjectTask]]:
    """Return tasks to learn from, tasks of other scenes with the same tools, and tasks of those scenes with others.

    Raises ConfigError where there is nothing to learn from or to be judged by.
    """
    tools = sorted({task.labelled.tool for task in tasks})
    for name in config.held_back_tools:
        if name not in tools:
            raise ConfigError(f"held_back_tools: {unknown_name('tool', name, tools)}")
    scenes = sorted({task.seed for task in tasks})
    every = max(2, round(1.0 / config.validation))
    # By their seeds: the same ones whatever is added to a folder, and none that another folder has as well.
    judged = {seed for seed in scenes if seed % every == 0}
    if len(judged) in (0, len(scenes)):
        judged = set(scenes[::every])
    kept = [task for task in tasks if task.seed not in judged and task.labelled.tool not in config.held_back_tools]
    learned = {task.labelled.tool for task in kept}
    others = [task for task in tasks if task.seed in judged]
    seen, unseen = ([task for task in others if (task.labelled.tool in learned) is known] for known in (True, False))
    if not kept or not seen:
        raise ConfigError(
            f"{len(scenes)} scenes with candidates of tools that are not held back are too few to learn from and to "
            "be judged by: generate more scenes"
        )
    return kept, seen, unseen


def _stage(
    config: GamTraining,
    beginning: GamNetwork,
    maker: BatchMaker,
    judged: Sequence[ObjectTask],
    work: Path,
    on_event: OnEvent,
    distributed: DistributedContext,
    stop: Callable[[], bool],
) -> Stage:
    size = max(1, config.gam.batch // distributed.size)

    def batch(step: int) -> Batch:
        return maker.make(size, np.random.default_rng((config.seed, step, distributed.rank)))

    def validate(network: nn.Module) -> dict[str, float]:
        return judge(network, judged).summary()  # type: ignore[arg-type]

    return Stage(
        KIND,
        beginning,
        config.gam,
        work,
        batch,
        lambda network, made, rng: gam_loss(network, made, config.critic_weight, rng),  # type: ignore[arg-type]
        validate,
        on_event,
        distributed,
        stop,
    )


def _beginning(config: GamTraining) -> tuple[GamNetwork, tuple[str, ...]]:
    """Return the network before the first step, and what tools it knows. Raises ConfigError for other sizes."""
    if not config.start:
        return GamNetwork(config.sizes), ()
    network, there = load_gam(Path(config.start))
    if there.sizes != config.sizes:
        different = [name for name, value in vars(there.sizes).items() if value != getattr(config.sizes, name)]
        raise ConfigError(f"start '{config.start}' is of other sizes ({', '.join(different)}): give the same")
    return network.train().requires_grad_(True), there.tools


def _final_figures(
    network: GamNetwork, held: Sequence[ObjectTask], unseen: Sequence[ObjectTask], most: int, output: Path
) -> dict[str, float]:
    """Judge a trained network by all that was held back, and draw its calibration."""
    found = judge(network, some_of(held, most))
    figures = found.figures() | judge(network, some_of(unseen, most)).figures(UNSEEN)
    if pairs := found.pairs():
        replace_file(output / CALIBRATION, draw_calibration(pairs))
    return {f"{KIND}.{name}": value for name, value in figures.items()}
