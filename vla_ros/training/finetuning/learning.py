# SPDX-License-Identifier: Apache-2.0
"""`vla finetune` of the small GraspVLA: on demonstrations of a task, or on boxes alone.

The chain's networks (proposals, matching, grasp, expert) go on from the checkpoint's weights, at a low rate, on the
task's data and on data like that they have learned from: without --original that is generated first, a little of it,
into OUTPUT/original. Recordings (`vla convert`) are labelled from what they show, into OUTPUT/labelled: the grasp from
where the fingers closed, boxes from the checkpoint's own proposals that show that place.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from controllers.errors import ConfigError
from vla_ros.output_file import write_output
from vla_ros.policies.families.learning import DataMaker, FinetuningRequest
from vla_ros.training.output_lock import taken
from vla_ros.training.pictures.training_data import TrainingData, find_datasets
from vla_ros.training.session import watched

if TYPE_CHECKING:
    from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig
    from vla_ros.training.finetuning.config import FinetuneConfig
    from vla_ros.training.finetuning.evaluation import EvaluationSuite
    from vla_ros.training.finetuning.finetune import Base
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import TrainingResult

PART_STAGES = ("matching", "grasp")


def finetune_small(request: FinetuningRequest, maker: DataMaker) -> int:
    """Fine-tune, then evaluate if asked to; 0 when done, 130 when interrupted."""
    # Everything that was named is looked at before anything is written, and before PyTorch is loaded.
    output = request.output
    _check_checkpoint(request.checkpoint)
    config, task = _config(request), _found(request)
    suites = _suites(request, maker)
    base = _base(request.checkpoint, task)
    config = _for_parts(request, config, task)
    _check(request, base, task, config.stages)
    from vla_ros.training.stages.distributed import join_processes

    with join_processes() as distributed:
        console = Console(quiet=not distributed.leads)
        with taken(output, distributed, "finetune"):
            result = _finetune(request, maker, config, base, task, distributed, console)
            if result is None or result.interrupted:
                return 130
            figures = dict(result.figures)
            for suite in suites if distributed.leads else ():
                measured = _evaluate(suite, request.checkpoint, output, console)
                if measured is None:
                    return 130
                figures |= measured
        if distributed.leads and request.json is not None:
            write_output("--json", request.json, json.dumps(figures, indent=2) + "\n")
    return 0


def _config(request: FinetuningRequest) -> FinetuneConfig:
    from vla_ros.training.finetuning.config import chosen_stages, load_finetune_config
    from vla_ros.training.stages.stage_config import BOXES

    config = load_finetune_config(request.config)
    if request.threads is not None:
        config = dataclasses.replace(config, threads=request.threads)
    if request.stages is not None:
        config = dataclasses.replace(config, stages=chosen_stages(request.stages))
    if request.boxes_only:
        if request.stages is not None and set(config.stages) - set(BOXES):
            raise ConfigError(f"--boxes-only teaches {' and '.join(BOXES)}: leave out the other --stages")
        stages = tuple(name for name in config.ordered if name in BOXES)
        config = dataclasses.replace(config, stages=stages or BOXES)
    if request.generate is None:
        return config
    if request.original is not None:
        raise ConfigError("--generate and --original: give one of them")
    episodes, scenes = request.generate.episodes, request.generate.scenes
    if episodes == 0:
        return dataclasses.replace(config, original=dataclasses.replace(config.original, share=0.0))
    original = dataclasses.replace(config.original, episodes=episodes, grounding=scenes)
    return dataclasses.replace(config, original=original)


def _suites(request: FinetuningRequest, maker: DataMaker) -> list[EvaluationSuite]:
    from vla_ros.evaluation.settings import EpisodeSettings
    from vla_ros.training.finetuning.evaluation import POLICY, suites

    if not request.evaluate:
        return []
    task = EpisodeSettings(
        POLICY,
        set_name=request.set_name,
        objects=request.objects,
        wording=request.wording,
        by_part=request.by_part,
    )
    made = suites(task, request.evaluate, request.seed, request.workers)
    for suite in made:
        suite.settings.check()
    maker.check()  # now, not after the training: scenes are rendered
    return made


def _check_checkpoint(checkpoint: Path) -> CheckpointConfig:
    """Return what a checkpoint says of itself. Raises ConfigError for one that nothing can go on from."""
    from vla_ros.policies.contract_checks import check_checkpoint
    from vla_ros.policies.graspvla.small.checkpoint_config import check_weights, read_config, require_chain
    from vla_ros.robots.embodiment import load_embodiment

    config = read_config(checkpoint)
    check_checkpoint(checkpoint, config, load_embodiment(config.robot))
    check_weights(checkpoint, config)
    require_chain(checkpoint, config)
    return config


def _base(checkpoint: Path, task: TrainingData) -> Base:
    """Return what is gone on from, for the cameras of the task's datasets."""
    from vla_ros.data.datasets.metadata import load_metadata
    from vla_ros.policies.graspvla.small.checkpoint import load_networks
    from vla_ros.training.finetuning.finetune import Base
    from vla_ros.training.finetuning.views import adapted

    config = _check_checkpoint(checkpoint)
    new, view = adapted(config, [load_metadata(root) for root in task.action])
    return Base(checkpoint, new, load_networks(checkpoint, config), view)


def _found(request: FinetuningRequest) -> TrainingData:
    if request.original is not None:
        find_datasets(request.original, boxes_do=True)
    return find_datasets(request.datasets, boxes_do=request.boxes_only)


def _check(request: FinetuningRequest, base: Base, task: TrainingData, stages: Sequence[str]) -> None:
    """Look at the task's datasets before anything is written; labels may still lack."""
    from vla_ros.training.finetuning.labels.labelled import check_task

    check_task(task, base.config.contract, request.label_anew, stages)


def _for_parts(request: FinetuningRequest, config: FinetuneConfig, task: TrainingData) -> FinetuneConfig:
    """Return the settings for demonstrations by a part: it is looked for in the whole, which is proposed already."""
    from vla_ros.training.finetuning.finetune import names_parts

    if not names_parts(task):
        return config
    if request.stages is None:
        return dataclasses.replace(config, stages=PART_STAGES[:1] if request.boxes_only else PART_STAGES)
    if "proposals" in config.stages:
        raise ConfigError(f"--stages {request.stages}: a part is no thing to propose: name {','.join(PART_STAGES)}")
    return config


def _finetune(
    request: FinetuningRequest,
    maker: DataMaker,
    config: FinetuneConfig,
    base: Base,
    task: TrainingData,
    distributed: DistributedContext,
    console: Console,
) -> TrainingResult | None:
    from vla_ros.policies.contract import load_contract
    from vla_ros.training.finetuning.finetune import finetune, stage_names
    from vla_ros.training.finetuning.identity import identity_of, keep_identity, keep_settings
    from vla_ros.training.finetuning.labels.labelled import labelled_data
    from vla_ros.training.pictures.datasets import check_datasets
    from vla_ros.training.stages.events import TrainingResult
    from vla_ros.training.stages.progress import print_result

    original, output = TrainingData((), ()), request.output
    if config.original.share > 0.0:
        roots: Sequence[Path] = request.original or [output / "original"]
        with distributed.leader_first():
            missing, amounts = distributed.leads and not request.original, config.original
            if missing and not maker.make(
                amounts.settings, amounts.episodes, amounts.grounding, output / "original", base.config.contract
            ):
                return None
        original = find_datasets(roots, boxes_do="expert" not in config.stages)
        check_datasets(original, load_contract(base.config.contract), config.stages)
    if distributed.leads:
        keep_identity(output, identity_of(request.checkpoint, request.datasets, request.original))
        keep_settings(output, config)
    names = stage_names(config, base)
    samples = {name: (getattr(config, name).steps, getattr(config, name).batch) for name in names}
    with watched(output, samples, console, distributed) as session:
        try:
            with distributed.leader_first():
                task, report = labelled_data(
                    task, output / "labelled", base.networks, base.config.views, request.label_anew, session.on_event
                )
            for line in report.lines():
                console.print(line, soft_wrap=True, highlight=False, markup=False)
            result = finetune(config, base, task, original, output, session.on_event, distributed, session.stop)
        except KeyboardInterrupt:  # while data was prepared, or pressed twice
            result = TrainingResult(interrupted=True)
    print_result(result, output, console)
    return result


def _evaluate(suite: EvaluationSuite, checkpoint: Path, output: Path, console: Console) -> dict[str, float] | None:
    """Run both checkpoints in the same scenes and print the difference; None when interrupted."""
    from vla_ros.evaluation.comparison_report import print_comparison
    from vla_ros.evaluation.report import EvaluationProgress, print_report
    from vla_ros.training.finetuning.evaluation import AFTER, SuiteResult, run_suite

    found = []
    for folder in (checkpoint, output):
        with EvaluationProgress(suite.settings, console) as progress:
            found.append(run_suite(suite, folder, output / "evaluation", progress.show))
        if found[-1].interrupted:
            return None
    result = SuiteResult(suite, *found)
    print_report(suite.settings, result.after, console)
    print_comparison(suite.settings.episode, result.comparison, console, ours=AFTER)
    return result.figures()
