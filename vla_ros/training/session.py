# SPDX-License-Identifier: Apache-2.0
"""A training while a person watches: log, bars, and Ctrl-C as a wish."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from vla_ros.training.graspvla.distributed import DistributedContext
    from vla_ros.training.graspvla.events import OnEvent


@dataclass(frozen=True)
class Session:
    """What a training is told to report to, and to ask."""

    on_event: OnEvent
    stop: Callable[[], bool]


@contextlib.contextmanager
def watched(
    output: Path, samples: Mapping[str, tuple[int, int]], console: Console, distributed: DistributedContext
) -> Iterator[Session]:
    """Keep and show what a training says; `samples` has the steps and the batch of each stage.

    While data is prepared Ctrl-C raises KeyboardInterrupt, since nothing is lost that is not on disk.
    """
    from vla_ros.training.generation.interruption import Interruption
    from vla_ros.training.graspvla.events import PREPARING, TrainingEvent
    from vla_ros.training.graspvla.log import TrainingLog
    from vla_ros.training.graspvla.progress import TrainingProgress

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
