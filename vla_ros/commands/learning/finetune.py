# SPDX-License-Identifier: Apache-2.0
"""Fine-tune a checkpoint of the small GraspVLA on demonstrations of a task, or on boxes alone.

The chain's links (proposals, matching, grasp, expert) go on from the checkpoint's weights, at a low rate, on the task's
data and on data like that they have learned from: without --original that is generated first, a little of it, into
OUTPUT/original. Recordings (`vla convert`) are labelled from what they show, into OUTPUT/labelled: the grasp from
where the fingers closed, boxes from the checkpoint's own proposals that show that place. Started again, or after Ctrl-C
or a kill, the same command goes on where it was. --evaluate runs both checkpoints in the same scenes.
docs/finetuning.md says more.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from controllers.errors import ConfigError
from vla_ros.commands.learning.finetune_full import is_full, run_full
from vla_ros.commands.learning.train import THREADS_MAX, generate_data, require_packages, taken
from vla_ros.commands.learning.training_session import watched
from vla_ros.output_file import OutputFile, check_output_folder

if TYPE_CHECKING:
    from rich.console import Console

    from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig
    from vla_ros.training.finetuning.config import FinetuneConfig
    from vla_ros.training.finetuning.evaluation import Exam
    from vla_ros.training.finetuning.finetune import Base
    from vla_ros.training.graspvla.team import Team
    from vla_ros.training.graspvla.train import TrainingResult
    from vla_ros.training.graspvla.training_data import TrainingData

DEFAULT = "graspvla_small"
PART_STAGES = ("matching", "grasp")
EVALUATED, SEED = 50, 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line."""
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT",
                        help="folder to go on from, such as checkpoints/graspvla_small")  # fmt: skip
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET",
                        help="demonstrations: of `vla convert`, of `vla generate`, or boxes alone")  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="where the new checkpoint goes")
    parser.add_argument("--original", nargs="+", type=Path, metavar="ROOT",
                        help="data not to be forgotten (default: generate a little into OUTPUT/original)")  # fmt: skip
    parser.add_argument("--generate", metavar="EPISODES:SCENES",
                        help="how much original data is generated; 0:0: none, and it may be forgotten")  # fmt: skip
    parser.add_argument("--config", default=DEFAULT, metavar="NAME",
                        help=f"a name from config/finetune, or a .yaml file ({DEFAULT})")  # fmt: skip
    parser.add_argument("--stages", metavar="A,B", help="links that learn: of proposals, matching, grasp, expert")
    parser.add_argument("--boxes-only", action="store_true",
                        help="learn from boxes alone: proposals and matching; needs no actions")  # fmt: skip
    parser.add_argument("--label-anew", action="store_true",
                        help="derive labels even where the dataset has its own")  # fmt: skip
    parser.add_argument("--threads", type=int, metavar="N", help="of a process (default: the file's)")
    parser.add_argument("--evaluate", nargs="?", type=int, const=EVALUATED, default=0, metavar="N",
                        help=f"run both checkpoints in N scenes of the task and of basic ({EVALUATED})")  # fmt: skip
    parser.add_argument("--objects", metavar="DIR", help="--evaluate: the task's objects; docs/objects.md")
    parser.add_argument("--set", dest="set_name", default="basic", help="--evaluate: the task's set of scenes")
    parser.add_argument("--by-part", action="store_true", help="--evaluate: objects are asked for by a part")
    parser.add_argument("--wording", default="common", help="--evaluate: words of the task's instructions")
    parser.add_argument("--seed", type=int, default=SEED, metavar="S", help=f"--evaluate: first scene ({SEED})")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="--evaluate: processes, one a core")
    parser.add_argument("--json", action=OutputFile, metavar="FILE", help="write the figures, name → number")


def run(arguments: argparse.Namespace) -> int:
    """Fine-tune, then evaluate if asked to; 0 when done, 130 when interrupted."""
    require_packages()
    # Everything that was named is looked at before anything is written, and before PyTorch is loaded.
    output: Path = arguments.output
    check_output_folder("--output", output)
    if is_full(arguments.checkpoint):
        return run_full(arguments, None if arguments.config == DEFAULT else arguments.config)
    _check_checkpoint(arguments.checkpoint)
    config, task = _config(arguments), _found(arguments)
    exams = _exams(arguments)
    from rich.console import Console

    from vla_ros.commands.data.dataset import write_json
    from vla_ros.training.graspvla.team import join_team

    base = _base(arguments.checkpoint, task)
    if output.resolve() == arguments.checkpoint.resolve():
        raise ConfigError(f"{output}: is the checkpoint that is gone on from: give another folder")
    config = _for_parts(arguments, config, task)
    _check(arguments, base, task, config.stages)
    with join_team() as team:
        console = Console(quiet=not team.leads)
        with taken(output, team, "finetune"):
            result = _finetune(arguments, config, base, task, output, team, console)
            if result is None or result.interrupted:
                return 130
            figures = dict(result.figures)
            for exam in exams if team.leads else ():
                marks = _examine(exam, arguments.checkpoint, output, console)
                if marks is None:
                    return 130
                figures |= marks
        if team.leads:
            write_json(arguments.json, figures)
    return 0


def _config(arguments: argparse.Namespace) -> FinetuneConfig:
    from vla_ros.training.finetuning.config import BOX_STAGES, load_finetune_config
    from vla_ros.training.graspvla.config import chosen_stages

    config = load_finetune_config(arguments.config)
    if arguments.threads is not None:
        if not 1 <= arguments.threads <= THREADS_MAX:
            raise ConfigError(f"--threads must be 1 to {THREADS_MAX}, got {arguments.threads}")
        config = dataclasses.replace(config, threads=arguments.threads)
    if arguments.stages is not None:
        config = dataclasses.replace(config, stages=chosen_stages(arguments.stages))
    if arguments.boxes_only:
        if arguments.stages is not None and set(config.stages) - set(BOX_STAGES):
            raise ConfigError(f"--boxes-only teaches {' and '.join(BOX_STAGES)}: leave out the other --stages")
        stages = tuple(name for name in config.ordered if name in BOX_STAGES)
        config = dataclasses.replace(config, stages=stages or BOX_STAGES)
    if arguments.generate is None:
        return config
    if arguments.original is not None:
        raise ConfigError("--generate and --original: give one of them")
    episodes, colon, scenes = arguments.generate.partition(":")
    if not (episodes.isdecimal() and colon and scenes.isdecimal()):
        raise ConfigError(f"--generate {arguments.generate}: give EPISODES:SCENES, such as 60:240, or 0:0 for none")
    if int(episodes) == 0:
        return dataclasses.replace(config, original=dataclasses.replace(config.original, share=0.0))
    amounts = dataclasses.replace(config.original, episodes=int(episodes), grounding=int(scenes))
    return dataclasses.replace(config, original=amounts)


def _exams(arguments: argparse.Namespace) -> list[Exam]:
    from vla_ros.evaluation.settings import EpisodeSettings
    from vla_ros.launching.egl import require_egl
    from vla_ros.training.finetuning.evaluation import POLICY, exams

    if not arguments.evaluate:
        return []
    task = EpisodeSettings(
        POLICY,
        set_name=arguments.set_name,
        objects=arguments.objects,
        wording=arguments.wording,
        by_part=arguments.by_part,
    )
    made = exams(task, arguments.evaluate, arguments.seed, arguments.workers)
    for exam in made:
        exam.settings.check()
    require_egl()  # now, not after the training
    return made


def _check_checkpoint(checkpoint: Path) -> CheckpointConfig:
    """Return what a checkpoint says of itself. Raises ConfigError for one that nothing can go on from."""
    from vla_ros.policies.graspvla.small.checkpoint_check import check_checkpoint, require_chain
    from vla_ros.policies.graspvla.small.checkpoint_config import check_weights, read_config
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


def _found(arguments: argparse.Namespace) -> TrainingData:
    from vla_ros.training.graspvla.training_data import find_datasets

    if arguments.original is not None:
        find_datasets(arguments.original, boxes_do=True)
    return find_datasets(arguments.datasets, boxes_do=arguments.boxes_only)


def _check(arguments: argparse.Namespace, base: Base, task: TrainingData, stages: Sequence[str]) -> None:
    """Look at the task's datasets before anything is written; labels may still lack."""
    from vla_ros.training.finetuning.labels.labelled import check_task

    check_task(task, base.config.contract, arguments.label_anew, stages)


def _for_parts(arguments: argparse.Namespace, config: FinetuneConfig, task: TrainingData) -> FinetuneConfig:
    """Return the settings for demonstrations by a part: it is looked for in the whole, which is proposed already."""
    from vla_ros.training.finetuning.finetune import names_parts

    if not names_parts(task):
        return config
    if arguments.stages is None:
        return dataclasses.replace(config, stages=PART_STAGES[:1] if arguments.boxes_only else PART_STAGES)
    if "proposals" in config.stages:
        raise ConfigError(f"--stages {arguments.stages}: a part is no thing to propose: name {','.join(PART_STAGES)}")
    return config


def _finetune(
    arguments: argparse.Namespace,
    config: FinetuneConfig,
    base: Base,
    task: TrainingData,
    output: Path,
    team: Team,
    console: Console,
) -> TrainingResult | None:
    from vla_ros.policies.contract import load_contract
    from vla_ros.training.finetuning.finetune import finetune, stage_names
    from vla_ros.training.finetuning.identity import identity_of, keep_identity
    from vla_ros.training.finetuning.labels.labelled import labelled_data
    from vla_ros.training.graspvla.datasets import check_datasets
    from vla_ros.training.graspvla.progress import print_result
    from vla_ros.training.graspvla.train import TrainingResult
    from vla_ros.training.graspvla.training_data import TrainingData, find_datasets

    original = TrainingData((), ())
    if config.original.share > 0.0:
        roots: Sequence[Path] = arguments.original or [output / "original"]
        with team.leader_first():
            missing = team.leads and not arguments.original
            if missing and not generate_data(config.original, output / "original", base.config.contract):
                return None
        original = find_datasets(roots, boxes_do="expert" not in config.stages)
        check_datasets(original, load_contract(base.config.contract), config.stages)
    if team.leads:
        keep_identity(output, identity_of(arguments.checkpoint, arguments.datasets, arguments.original))
    names = stage_names(config, base)
    samples = {name: (getattr(config, name).steps, getattr(config, name).batch) for name in names}
    with watched(output, samples, console, team) as session:
        try:
            with team.leader_first():
                task, report = labelled_data(
                    task, output / "labelled", base.networks, base.config.views, arguments.label_anew, session.tell
                )
            for line in report.lines():
                console.print(line, soft_wrap=True, highlight=False, markup=False)
            result = finetune(config, base, task, original, output, session.tell, team, session.stop)
        except KeyboardInterrupt:  # while data was prepared, or pressed twice
            result = TrainingResult(interrupted=True)
    print_result(result, output, console)
    return result


def _examine(exam: Exam, checkpoint: Path, output: Path, console: Console) -> dict[str, float] | None:
    """Run both checkpoints in the same scenes and print the difference; None when interrupted."""
    from vla_ros.evaluation.comparison_report import print_comparison
    from vla_ros.evaluation.report import EvaluationProgress, print_report
    from vla_ros.training.finetuning.evaluation import AFTER, Marks, run_exam

    found = []
    for folder in (checkpoint, output):
        with EvaluationProgress(exam.settings, console) as progress:
            found.append(run_exam(exam, folder, output / "evaluation", progress.show))
        if found[-1].interrupted:
            return None
    marks = Marks(exam, *found)
    print_report(exam.settings, marks.after, console)
    print_comparison(exam.settings.episode, marks.comparison, console, ours=AFTER)
    return marks.figures()
