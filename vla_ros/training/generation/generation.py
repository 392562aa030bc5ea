# SPDX-License-Identifier: Apache-2.0
"""Generate: seeds to a pool, what it makes into parts, parts into datasets; again until all is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from controllers.errors import VlaError
from vla_ros.data.datasets.merge import MergeReport, merge
from vla_ros.training.generation.folder import GenerationFolder, seed_of
from vla_ros.training.generation.interruption import Interruption
from vla_ros.training.generation.ledger import SeedRecord
from vla_ros.training.generation.maker import ACTION, GROUNDING
from vla_ros.training.generation.seed_queue import Group, SeedQueue
from vla_ros.training.generation.settings import GenerationSettings
from vla_ros.training.generation.tally import Tally
from vla_ros.training.generation.worker_pool import GroupDied, GroupEnded, SeedEnded, WorkerPool

FRUITLESS_MAX = 500  # seeds in a row that gave no episode: it is not chance any more
DEATHS_MAX = 10  # workers in a row that died before they had done a seed
ROUNDS_MAX = 4  # what came out corrupt is made again: some disks are not worth it
COMMIT_EVERY = 1000  # episodes of a merge; what an interrupted one has to do again


@dataclass
class Generation:
    """What there is so far; the figures of this run count what is not committed yet."""

    settings: GenerationSettings
    wanted: dict[str, int]
    whole: Tally = field(default_factory=Tally)
    run: Tally = field(default_factory=Tally)
    began: float = field(default_factory=time.monotonic)  # [s]
    deaths: int = 0  # of workers
    corrupt: list[str] = field(default_factory=list)  # episodes
    unreadable: list[str] = field(default_factory=list)  # parts
    merging: float | None = None  # share
    stopping: bool = False  # asked to; what is under way is finished
    interrupted: bool = False

    @property
    def corrupt_rate(self) -> float:
        """Return the share of the episodes written that were corrupt; those of unreadable parts cannot be counted."""
        return len(self.corrupt) / max(1, len(self.corrupt) + self.whole.made.total())

    def note(self, record: SeedRecord) -> None:
        """Count a seed."""
        self.whole.add(record)
        self.run.add(record)

    def forget(self, record: SeedRecord) -> None:
        """Count a seed no more."""
        self.whole.remove(record)
        self.run.remove(record)


class Generator:
    """One run of a generation."""

    def __init__(
        self,
        settings: GenerationSettings,
        folder: GenerationFolder,
        pool: WorkerPool,
        interruption: Interruption,
        show: Callable[[Generation], None] = lambda generation: None,
    ) -> None:
        wanted = {ACTION: settings.episodes, GROUNDING: settings.grounding}
        self.generation = Generation(settings, wanted)
        self._folder, self._pool, self._interruption, self._show = folder, pool, interruption, show
        self._open: dict[Group, list[SeedRecord]] = {}  # what is told and not committed
        self._fruitless = self._deaths = 0

    def run(self) -> Generation:
        """Make what is missing. On Ctrl-C whole episodes are kept. Raises VlaError when it cannot go on."""
        generation = self.generation
        for _ in range(ROUNDS_MAX):
            queues = self._queues()
            generation.whole = Tally(self._records(queues))
            self._show(generation)
            self._make(queues)
            if self._interruption.asked:
                generation.interrupted = True
                return generation
            try:
                corrupt = sum(self._merge(queue.kind) for queue in queues)
            except KeyboardInterrupt:
                generation.interrupted = True
                return generation
            if not corrupt:
                return generation
        raise VlaError(
            f"{self._folder.place.root}: parts came out corrupt {ROUNDS_MAX} times, is the disk sound? The last: "
            f"{(generation.corrupt + generation.unreadable)[-1]}"
        )

    def _queues(self) -> list[SeedQueue]:
        """Return which seeds are left of each kind; what the ledger does not know of is put in."""
        queues = []
        for kind, wanted in self.generation.wanted.items():
            held, ledger = self._folder.episodes(kind), self._folder.ledger
            known = {record.seed: record for record in ledger.of(kind) if record.made}
            ledger.append(held[seed] for seed in sorted(held.keys() - known.keys()))
            # Of several episodes of a seed one may have come out corrupt: the others of it are known when merged again.
            held = {seed: one for seed, one in held.items() if seed not in known or one.frames >= known[seed].frames}
            rejected = [record.seed for record in ledger.of(kind) if not record.made]
            queues.append(SeedQueue(kind, self.generation.settings.seed, wanted, held, rejected))
        return queues

    def _records(self, queues: list[SeedQueue]) -> list[SeedRecord]:
        """Return the records that count: not those of episodes that are lost and will be made again."""
        return [r for queue in queues for r in self._folder.ledger.of(queue.kind) if queue.is_done(r.seed)]

    def _make(self, queues: list[SeedQueue]) -> None:
        while True:
            if self._interruption.asked and not self.generation.stopping:
                self.generation.stopping = True
                self._folder.request_stop()
            while not self.generation.stopping and self._pool.busy < self._pool.size:
                group = next(filter(None, (queue.take(self._pool.size) for queue in queues)), None)
                if group is None:
                    break
                self._open[group] = []
                self._pool.start(group)
            if not self._pool.busy:
                return
            for event in self._pool.wait(0.3):
                queue = next(queue for queue in queues if queue.kind == event.group.kind)
                if isinstance(event, SeedEnded):
                    self._ended(event)
                elif isinstance(event, GroupEnded):
                    self._committed(event, queue)
                else:
                    self._died(event, queue)
            self._show(self.generation)

    def _ended(self, event: SeedEnded) -> None:
        self._open[event.group].append(event.record)
        self.generation.note(event.record)
        self._deaths = 0
        self._fruitless = 0 if event.record.made else self._fruitless + 1
        if self._fruitless >= FRUITLESS_MAX:
            raise VlaError(
                f"{self._fruitless} seeds in a row gave no {event.record.kind} episode, the last one (seed "
                f"{event.record.seed}): {event.record.reason}: see {self._folder.ledger.path}"
            )

    def _committed(self, event: GroupEnded, queue: SeedQueue) -> None:
        del self._open[event.group]
        self._folder.ledger.append(event.records)
        queue.end(event.group, [r.seed for r in event.records if r.made], [r.seed for r in event.records if not r.made])

    def _died(self, event: GroupDied, queue: SeedQueue) -> None:
        for record in self._open.pop(event.group):
            self.generation.forget(record)
        self.generation.deaths += 1
        self._deaths += 1
        if self._deaths >= DEATHS_MAX:
            raise VlaError(f"{self._deaths} workers in a row died before they had made anything: {event.reason}")
        guilty = queue.died(event.group)
        if guilty is not None:
            record = SeedRecord(queue.kind, guilty, event.reason)
            self._folder.ledger.append([record])
            self.generation.note(record)

    def _merge(self, kind: str) -> int:
        """Put the parts of a kind into its dataset and return how many episodes and parts were corrupt."""

        def progress(share: float) -> None:
            self._interruption.check()
            self.generation.merging = share
            self._show(self.generation)

        sound, unreadable = self._folder.parts(kind)
        report = MergeReport()
        if sound:
            dataset = self._folder.place.dataset(kind)
            report = merge(dataset, sound, progress=progress, commit_every=COMMIT_EVERY, order=seed_of)
        self._folder.take_away_parts(kind)
        self.generation.merging = None
        self.generation.corrupt += report.skipped
        self.generation.unreadable += unreadable
        return len(report.skipped) + len(unreadable)
