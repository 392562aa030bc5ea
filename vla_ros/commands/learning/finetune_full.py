# SPDX-License-Identifier: Apache-2.0
"""`vla finetune` of a full-size GraspVLA: its projectors, then everything but the vision towers."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.commands.learning.train import taken
from vla_ros.commands.learning.training_session import watched
from vla_ros.documents import read_json

FORMAT = "graspvla_full"  # as its config.json says


def is_full(checkpoint: Path) -> bool:
    """Say whether a folder holds a full-size GraspVLA; what is wrong with it is told by what reads it."""
    try:
        values = read_json(checkpoint / "config.json")
    except ConfigError:
        return False
    return isinstance(values, dict) and values.get("format") == FORMAT


def run_full(arguments: argparse.Namespace, config_name: str | None) -> int:
    """Fine-tune in two stages; the checkpoint goes to OUTPUT/checkpoint. 0 when done, 130 when interrupted."""
    from rich.console import Console

    from vla_ros.commands.data.dataset import write_json
    from vla_ros.policies.graspvla.full.checkpoint import load_checkpoint
    from vla_ros.training.finetuning.identity import identity_of, keep_identity
    from vla_ros.training.finetuning.two_stage import DEFAULT, STAGES, finetune_full, load_two_stage_config
    from vla_ros.training.graspvla.progress import print_result
    from vla_ros.training.graspvla.team import join_team
    from vla_ros.training.graspvla.train import TrainingResult
    from vla_ros.training.graspvla.training_data import TrainingData, find_datasets

    if arguments.evaluate or arguments.stages or arguments.label_anew or arguments.generate:
        raise ConfigError(
            "--evaluate, --stages, --label-anew and --generate are for the small GraspVLA: leave them out"
        )
    config = load_two_stage_config(config_name or DEFAULT)
    if arguments.threads is not None:
        config = dataclasses.replace(config, threads=arguments.threads)
    task = find_datasets(arguments.datasets, boxes_do=arguments.boxes_only)
    original = TrainingData((), ()) if arguments.original is None else find_datasets(arguments.original)
    checkpoint = load_checkpoint(arguments.checkpoint)
    output: Path = arguments.output
    console = Console()
    with join_team() as team, taken(output, team, "finetune"):
        keep_identity(output, identity_of(arguments.checkpoint, arguments.datasets, arguments.original))
        samples = {name: (getattr(config, name).steps, getattr(config, name).batch) for name in STAGES}
        with watched(output, samples, console, team) as session:
            try:
                result = finetune_full(
                    config, checkpoint, task, original, output, session.tell, team, session.stop, arguments.boxes_only
                )
            except KeyboardInterrupt:  # pressed twice
                result = TrainingResult(interrupted=True)
        print_result(result, output / "checkpoint", console)
    write_json(arguments.json, result.figures)
    return 130 if result.interrupted else 0
