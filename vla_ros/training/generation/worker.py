# SPDX-License-Identifier: Apache-2.0
"""What a worker does, in a process here or on another machine: a group of seeds into one folder.

Each group has a folder of its own, so no worker waits for another, and is committed as a whole (GraspVLA, Appendix C).
The folder's name is random: workers on many machines need not agree on anything.
"""

from __future__ import annotations

import dataclasses
import socket
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import uuid4

from controllers.errors import VlaError
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.schema import check_schema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.training.generation.folder import WorkPlace, source_of
from vla_ros.training.generation.ledger import SeedRecord
from vla_ros.training.generation.maker import ACTION, GROUNDING, Made, MakeMaker
from vla_ros.training.generation.seed_queue import Group
from vla_ros.training.generation.settings import GenerationSettings, Rejection


@dataclasses.dataclass(frozen=True)
class Job:
    """What all workers of a generation are told; it pickles."""

    settings: GenerationSettings
    place: WorkPlace
    make_maker: MakeMaker


class Worker:
    """Hold what is heavy to make and serves many groups."""

    def __init__(self, job: Job) -> None:
        """Raises VlaError when this machine does not see the folder, or makes other columns than are in it."""
        self._place, self._settings = job.place, job.settings
        if not self._place.settings.is_file():
            raise VlaError(
                f"{socket.gethostname()} finds no {self._place.settings}: OUTPUT must be a folder all machines share"
            )
        maker = job.make_maker(job.settings)
        self._schema = {ACTION: maker.schema, GROUNDING: maker.grounding_schema}
        self._make = {ACTION: maker.make, GROUNDING: maker.make_grounding}
        for kind, schema in self._schema.items():
            if self._place.dataset(kind).is_dir():
                check_schema(schema, load_metadata(self._place.dataset(kind)))

    def run(self, group: Group, tell: Callable[[SeedRecord], None]) -> tuple[SeedRecord, ...]:
        """Make a group's episodes and commit them; `tell` hears of each seed at once, before it is committed.

        Returns fewer seeds than asked when the work is to stop. Raises VlaError when nothing can be written.
        """
        records = []
        with LeRobotWriter(self._place.parts(group.kind) / uuid4().hex, self._schema[group.kind]) as writer:
            for seed in group.seeds:
                source = partial(source_of, self._settings, seed)
                record = _run_seed(self._make[group.kind], group.kind, seed, source, writer)
                records.append(record)
                tell(record)
                if self._place.stop.exists():
                    break
        return tuple(records)


def _run_seed(
    make: Callable[[int], Made], kind: str, seed: int, source: Callable[[str], str], writer: LeRobotWriter
) -> SeedRecord:
    began = time.monotonic()
    try:
        made = make(seed)
    except Exception as error:  # whatever it is, a night's work goes on; it is counted under its name
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"
        return SeedRecord(kind, seed, reason, wall_s=time.monotonic() - began)
    if isinstance(made, Rejection):
        return SeedRecord(kind, seed, made.reason or "no reason given", wall_s=time.monotonic() - began)
    if isinstance(made, EncodedEpisode):
        made = (made,)
    for episode in made:
        writer.add(dataclasses.replace(episode, source=source(episode.source)))
    frames = sum(episode.length for episode in made)
    return SeedRecord(kind, seed, "", frames, frames / writer.schema.fps, time.monotonic() - began)
