# SPDX-License-Identifier: Apache-2.0
"""Bags into a dataset: appended in order, committed now and then, continued where it was interrupted."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from controllers.errors import ConfigError, VlaError
from vla_ros.data.conversion.bag_to_dataset import (
    ConversionSettings,
    ConvertedBag,
    bag_source,
    convert_bag,
    wanted_episodes,
)
from vla_ros.data.conversion.parallel import Unusable, convert_all
from vla_ros.data.datasets.schema import contract_schema
from vla_ros.data.datasets.writer import COMMIT_EVERY_S, LeRobotWriter
from vla_ros.policies.contract_checks import check_robot
from vla_ros.robots.embodiment import load_embodiment


@dataclass
class ConversionReport:
    """What went into the dataset, and what did not, with the reason."""

    bags: int = 0
    episodes: int = 0
    frames: int = 0
    known: int = 0  # bags the dataset held already, and that gave no further episode
    failures: int = 0  # episodes marked as failed
    corrupt: list[str] = field(default_factory=list)  # why bags and episodes were refused, a line each
    relaxed: int = 0  # episodes with holes that only a relaxed limit allows
    longest_hole_s: float = 0.0  # [s] of these
    seconds: float = 0.0  # wall time

    @property
    def corrupt_rate(self) -> float:
        """Return the share of what was tried and could not be used."""
        return len(self.corrupt) / max(1, len(self.corrupt) + self.episodes)


class NoUsableBag(VlaError):
    """No bag could be used; the report says of each why, a line each."""

    def __init__(self, report: ConversionReport) -> None:
        first, *others = report.corrupt
        super().__init__(f"none of {report.bags} bags can be used; the first: {first}" if others else first)
        self.report = report


def convert_bags(
    paths: Sequence[Path],
    output: Path,
    settings: ConversionSettings,
    workers: int = 1,
    progress: Callable[[float], None] = lambda share: None,
    commit_every_s: float = COMMIT_EVERY_S,
) -> ConversionReport:
    """Append bags to the dataset `output`, new or there already; an episode it holds is left out.

    On Ctrl-C whole episodes are kept. Raises ConfigError when contract, robot and dataset do not fit each other, and
    NoUsableBag when none could be used.
    """
    check_robot(settings.allowed, load_embodiment(settings.contract.robot))
    if workers < 1:
        raise ConfigError(f"workers must be >= 1, got {workers}")
    report = ConversionReport(bags=len(paths))
    began = last = time.monotonic()
    schema = dataclasses.replace(contract_schema(settings.contract), codec=settings.codec)
    with LeRobotWriter(output, schema) as writer:
        known = writer.sources
        known_bags = {source.rpartition("#")[0] for source in known}
        todo: list[Path] = []
        seen: set[str] = set()
        partly: set[Path] = set()
        for path in paths:
            try:
                source = bag_source(path)
            except VlaError as error:
                report.corrupt.append(str(error))
                continue
            if source in seen:
                raise ConfigError(f"{path}: is given twice, or is a copy of another one: leave one out")
            seen.add(source)
            if source not in known_bags:
                todo.append(path)
            elif _all_known(path, settings, known):
                report.known += 1
            else:
                todo.append(path)
                partly.add(path)
        convert = partial(convert_bag, known=known)
        try:
            for done, (path, outcome) in enumerate(convert_all(todo, settings, workers, convert), 1):
                report.known += path in partly and not (isinstance(outcome, ConvertedBag) and outcome.episodes)
                if isinstance(outcome, Unusable):
                    report.corrupt.append(outcome.reason)
                else:
                    for episode in outcome.episodes:
                        writer.add(episode)
                        report.episodes += 1
                        report.frames += episode.length
                        report.relaxed += episode.relaxed_s > 0.0
                        report.longest_hole_s = max(report.longest_hole_s, episode.relaxed_s)
                    report.failures += outcome.failures
                    report.corrupt += outcome.corrupt
                if time.monotonic() - last > commit_every_s:
                    writer.commit()
                    last = time.monotonic()
                progress(done / len(todo))
        except KeyboardInterrupt:
            writer.commit()
            raise
    report.seconds = time.monotonic() - began
    if report.corrupt and not (report.episodes or report.known or report.failures):
        raise NoUsableBag(report)
    return report


def _all_known(path: Path, settings: ConversionSettings, known: Collection[str]) -> bool:
    """Say whether nothing of a bag is left to convert; one whose marks cannot be read is for conversion to refuse."""
    try:
        return wanted_episodes(path, settings) <= frozenset(known)
    except VlaError:
        return False
