# SPDX-License-Identifier: Apache-2.0
"""A training while a person watches: its data, log, bars, and Ctrl-C as a wish."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from rich.console import Console

from vla_ros.output_file import write_output
from vla_ros.training.begun_data import keep_begun_data
from vla_ros.training.begun_settings import keep_begun_settings
from vla_ros.training.output_lock import taken
from vla_ros.training.pictures.training_data import TrainingData

if TYPE_CHECKING:
    from vla_ros.policies.families.learning import TrainingRequest
    from vla_ros.training.stages.distributed import DistributedContext
    from vla_ros.training.stages.events import OnEvent, TrainingResult

D = TypeVar("D", bound=TrainingData | tuple[Path, ...])  # what a training reads


@dataclass(frozen=True)
class Session:
    """What a training is told to report to, and to ask."""

    on_event: OnEvent
    stop: Callable[[], bool]


@dataclass(frozen=True)
class DataSource(Generic[D]):
    """Where a training's data comes from when none is given."""

    find: Callable[[Sequence[Path]], D]  # the data of folders; raises ConfigError for what cannot be learned from
    check: Callable[[], None]  # raises ConfigError where none could be generated
    folders: Sequence[Path]  # that generated data lies in
    make: Callable[[], bool]  # generates what is missing there; False when interrupted


def learn(
    request: TrainingRequest,
    source: DataSource[D],
    samples: Mapping[str, tuple[int, int]],
    settings: dict[str, Any],
    train: Callable[[D, DistributedContext, Session], TrainingResult],
) -> int:
    """Generate what is missing, then train as `carry_out` does; 0 when done, 130 when interrupted.

    Raises ConfigError where the folder has learned from other data, or by other settings.
    """
    # Everything that was named is looked at before anything is written, and before PyTorch is loaded.
    data = None if request.data is None else source.find(request.data)
    if data is None:
        source.check()
    from vla_ros.training.stages.distributed import join_processes

    with join_processes() as distributed, taken(request.output, distributed):
        if data is None:
            with distributed.leader_first():
                if distributed.leads and not source.make():
                    return 130
            data = source.find(source.folders)
        found = data
        if distributed.leads:
            keep_begun_data(request.output, _roots(found))
        return carry_out(request, samples, settings, distributed, lambda session: train(found, distributed, session))


def _roots(data: TrainingData | tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the datasets of what a training reads."""
    return (*data.action, *data.grounding) if isinstance(data, TrainingData) else data


@contextlib.contextmanager
def watched(
    output: Path, samples: Mapping[str, tuple[int, int]], console: Console, distributed: DistributedContext
) -> Iterator[Session]:
    """Keep and show what a training says; `samples` has the steps and the batch of each stage.

    While data is prepared Ctrl-C raises KeyboardInterrupt, since nothing is lost that is not on disk.
    """
    from vla_ros.training.generation.interruption import Interruption
    from vla_ros.training.stages.events import PREPARING, TrainingEvent
    from vla_ros.training.stages.log import TrainingLog
    from vla_ros.training.stages.progress import TrainingProgress

    with (
        TrainingLog(output / "training", writes=distributed.leads) as log,
        TrainingProgress(console, samples) as progress,
        Interruption(patient=distributed.size > 1) as interruption,
    ):

        def on_event(event: TrainingEvent) -> None:
            log.keep(event)
            progress.show(event)
            if event.kind == PREPARING:
                interruption.check()

        yield Session(on_event, lambda: interruption.asked)


def carry_out(
    request: TrainingRequest,
    samples: Mapping[str, tuple[int, int]],
    settings: dict[str, Any],
    distributed: DistributedContext,
    train: Callable[[Session], TrainingResult],
) -> int:
    """Train while a person watches, print how it ended, write the figures; 0 when done, 130 when interrupted.

    `samples` as `watched` has it, `settings` as `learned_by` has them. Raises ConfigError where the folder has learned
    by others.
    """
    from vla_ros.training.stages.events import TrainingResult
    from vla_ros.training.stages.progress import print_result

    console, output = Console(quiet=not distributed.leads), request.output
    if distributed.leads:
        keep_begun_settings(output, settings)
    with watched(output, samples, console, distributed) as session:
        try:
            result = train(session)
        except KeyboardInterrupt:  # while data was prepared, or pressed twice
            result = TrainingResult(interrupted=True)
    print_result(result, output, console)
    if distributed.leads and request.json is not None:
        write_output("--json", request.json, json.dumps(result.figures, indent=2) + "\n")
    return 130 if result.interrupted else 0
