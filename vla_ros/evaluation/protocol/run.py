# SPDX-License-Identifier: Apache-2.0
"""Run every row of the protocol for one policy: resumable, each look in the ledger before its first episode."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.evaluation.episode_log import EpisodeLog, log_path
from vla_ros.evaluation.evaluation import Evaluation, RunSeeds, evaluate
from vla_ros.evaluation.pool import Broken
from vla_ros.evaluation.protocol.ledger import BEGUN, FINISHED, Entry, Ledger
from vla_ros.evaluation.protocol.record import TestFolder, TestRecord
from vla_ros.evaluation.protocol.rows import Protocol, Row
from vla_ros.evaluation.reserved_seeds import reserved_seeds
from vla_ros.evaluation.settings import EvaluationSettings
from vla_ros.evaluation.statistics import failure_causes, summary

Figures = dict[str, float | int]


@dataclass(frozen=True)
class Part:
    """One policy in one row."""

    row: Row
    settings: EvaluationSettings
    beside: str = ""  # the policy beside, if it is that


@dataclass
class TestResult:
    """What came of a test."""

    __test__ = False

    record: TestRecord
    figures: dict[Row, Figures] = field(default_factory=dict)
    beside: dict[Row, Figures] = field(default_factory=dict)
    failures: dict[Row, dict[str, int]] = field(default_factory=dict)  # of the policy, cause → episodes
    broken: list[tuple[Part, Broken]] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True)
class ReleaseTest:
    """A policy's weights and the rows they are tested by."""

    protocol: Protocol
    policy: str
    checkpoint: str
    weights: str  # digest
    code: str  # digest
    version: str
    workers: int = 1

    @property
    def seeds(self) -> range:
        """Return the scenes of every row."""
        first = reserved_seeds().first
        return range(first, first + self.protocol.scenes)

    @property
    def parts(self) -> list[Part]:
        """Return all that is run, in order: the policy in every row, then the one beside, which needs no reference."""
        beside = "" if self.protocol.beside == self.policy else self.protocol.beside
        rows = self.protocol.rows
        parts = [Part(row, self.protocol.settings(row, self.policy, self.checkpoint, self.workers)) for row in rows]
        for row in rows if beside else ():
            settings = self.protocol.settings(row, beside, "", self.workers)
            parts.append(Part(row, replace(settings, episode=replace(settings.episode, spl=False)), beside))
        return parts

    def usual_file(self) -> Path:
        """Return where the result goes if nobody says: the test that was interrupted, else a file of its own."""
        stem = f"test_{Path(self.policy.partition(':')[0]).stem}_{self.weights[:8]}"
        for number in range(1, 10_000):
            file = Path("runs") / f"{stem}{'' if number == 1 else f'_{number}'}.json"
            if not file.exists() and not TestFolder(file).path.exists():
                return file
            record = TestFolder(file).record()
            if record is None or (not record.finished and not self._other(record)):
                return file
        raise ConfigError(f"--test: runs/ is full of {stem}: name a file with --json")

    def begin(self, folder: TestFolder, ledger: Ledger) -> TestRecord:
        """Return the record of this test; a new one is a line in the ledger first. Raises ConfigError for another's."""
        record = folder.record()
        if record is not None:
            if record.finished:
                raise ConfigError(
                    f"{folder.file}: is a test that is done: name another file with --json for one more look"
                )
            other = self._other(record)
            if other:
                raise ConfigError(f"{folder.file}: was begun with another {other}: name another file with --json")
            return record
        run, now = uuid.uuid4().hex, _now()
        looks = ledger.looks(self.weights, self.seeds)
        ledger.append(self._entry(run, BEGUN, now))
        record = TestRecord(
            run,
            self.policy,
            self.weights,
            self.code,
            self.protocol.digest,
            self.version,
            now,
            looks.words(),
            looks.number,
        )
        folder.write(record)
        return record

    def run(
        self,
        folder: TestFolder,
        ledger: Ledger,
        record: TestRecord,
        run_seeds: Callable[[EvaluationSettings], RunSeeds],
        report: Callable[[Part, int], None] = lambda part, ended: None,
    ) -> TestResult:
        """Run what is missing; `report` is told the part under way and how many of its scenes have ended."""
        result = TestResult(record)
        for part in self.parts:
            evaluation = self._run_part(part, folder, run_seeds, report)
            result.broken += [(part, broken) for broken in evaluation.broken]
            if evaluation.interrupted:
                result.interrupted = True
                return result
            (result.beside if part.beside else result.figures)[part.row] = summary(
                evaluation.episodes, part.settings.episode.spl
            )
            if not part.beside:
                result.failures[part.row] = failure_causes(evaluation.episodes)
        if not result.broken:
            result.record = replace(record, finished=_now())
            rates = {row.name: float(figures["success_rate"]) for row, figures in result.figures.items()}
            ledger.append(replace(self._entry(record.run, FINISHED, result.record.finished), success=rates))
        return result

    def _run_part(
        self,
        part: Part,
        folder: TestFolder,
        run_seeds: Callable[[EvaluationSettings], RunSeeds],
        report: Callable[[Part, int], None],
    ) -> Evaluation:
        log = EpisodeLog(log_path(folder.log(part.row.name, part.beside)), part.settings, resume=True)
        return evaluate(
            part.settings,
            run_seeds(part.settings),
            log,
            lambda so_far: report(part, len(so_far.episodes) + len(so_far.broken)),
        )

    def _other(self, record: TestRecord) -> str:
        return record.other_than(self.policy, self.weights, self.code, self.protocol.digest)

    def _entry(self, run: str, event: str, date: str) -> Entry:
        seeds = (self.seeds.start, self.seeds.stop)
        return Entry(run, event, date, self.weights, self.policy, self.protocol.digest, self.code, self.version, seeds)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
