# SPDX-License-Identifier: Apache-2.0
"""`vla finetune` of a full-size GraspVLA: its projectors, then everything but the vision towers."""

from __future__ import annotations

import dataclasses
import json

from rich.console import Console

from vla_ros.output_file import write_output
from vla_ros.policies.families.learning import DataMaker, FinetuningRequest
from vla_ros.training.finetuning.identity import identity_of, keep_identity, keep_settings
from vla_ros.training.output_lock import taken
from vla_ros.training.pictures.training_data import TrainingData, find_datasets
from vla_ros.training.session import watched


def finetune_full_size(request: FinetuningRequest, maker: DataMaker) -> int:
    """Fine-tune in two stages; the checkpoint goes to OUTPUT/checkpoint. 0 when done, 130 when interrupted."""
    from vla_ros.policies.graspvla.full.checkpoint import load_checkpoint
    from vla_ros.training.finetuning.two_stage import STAGES, finetune_full, load_two_stage_config
    from vla_ros.training.stages.distributed import join_processes
    from vla_ros.training.stages.events import TrainingResult
    from vla_ros.training.stages.progress import print_result

    config = load_two_stage_config(request.config)
    if request.threads is not None:
        config = dataclasses.replace(config, threads=request.threads)
    task = find_datasets(request.datasets, boxes_do=request.boxes_only)
    original = TrainingData((), ()) if request.original is None else find_datasets(request.original)
    checkpoint = load_checkpoint(request.checkpoint)
    output = request.output
    with join_processes() as distributed, taken(output, distributed, "finetune"):
        console = Console(quiet=not distributed.leads)
        if distributed.leads:
            keep_identity(output, identity_of(request.checkpoint, request.datasets, request.original))
            keep_settings(output, config, boxes_only=request.boxes_only)
        samples = {name: (getattr(config, name).steps, getattr(config, name).batch) for name in STAGES}
        with watched(output, samples, console, distributed) as session:
            try:
                result = finetune_full(
                    config,
                    checkpoint,
                    task,
                    original,
                    output,
                    session.on_event,
                    distributed,
                    session.stop,
                    request.boxes_only,
                )
            except KeyboardInterrupt:  # pressed twice
                result = TrainingResult(interrupted=True)
        print_result(result, output / "checkpoint", console)
    if distributed.leads and request.json is not None:
        write_output("--json", request.json, json.dumps(result.figures, indent=2) + "\n")
    return 130 if result.interrupted else 0
