# SPDX-License-Identifier: Apache-2.0
"""Every convention of a contract, looked at in a dataset, in an order in which one fault is named once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.conventions.actions import check_actions, check_anchor, check_delay
from vla_ros.data.conventions.colors import check_channels
from vla_ros.data.conventions.finding import Answer, Answers, Finding, Untold
from vla_ros.data.conventions.grippers import check_grippers
from vla_ros.data.conventions.joints import check_joints, check_rate
from vla_ros.data.conventions.pictures import check_pictures
from vla_ros.data.conventions.poses import check_poses, check_quaternions, check_sides
from vla_ros.data.conventions.recording import Recording
from vla_ros.data.conventions.statistics import check_statistics
from vla_ros.data.conventions.timing import check_base, check_repeated
from vla_ros.data.datasets.features import ACTION, ANCHOR, STATE
from vla_ros.data.datasets.metadata import DatasetMetadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.schema import check_dataset
from vla_ros.policies.contract import DataContract
from vla_ros.robots.embodiment import load_embodiment

FRAMES_MIN = 30


@dataclass(frozen=True)
class Report:
    """What was found, and what the data could not tell."""

    findings: tuple[Finding, ...]
    untold: tuple[Untold, ...]
    frames: int
    episodes: int


def check_conventions(
    contract: DataContract,
    metadata: DatasetMetadata,
    statistics: Path | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Report:
    """Look at everything that a contract says of a dataset, and at the statistics of a checkpoint in `statistics`.

    Raises ConfigError for a robot that is not there, a dataset or statistics that cannot be read.
    """
    answers: list[Answer] = list(_layout(contract, metadata))
    found = {answer.fault for answer in answers if isinstance(answer, Finding)}
    if found <= {"rate"}:
        with LeRobotReader(metadata) as reader:
            answers += _contents(contract, reader, statistics, progress, found)
    return Report(
        tuple(answer for answer in answers if isinstance(answer, Finding)),
        tuple(answer for answer in answers if isinstance(answer, Untold)),
        metadata.frames,
        len(metadata.episodes),
    )


def _layout(contract: DataContract, metadata: DatasetMetadata) -> Answers:
    if metadata.fps != contract.fps:
        yield Finding("rate", "fps", f"the dataset has {metadata.fps} frames a second, the contract {contract.fps}")
    try:
        check_dataset(replace(contract, fps=metadata.fps), metadata)
    except VlaError as error:
        yield Finding("layout", "columns", str(error).removeprefix(f"{metadata.root}: "))
    if metadata.frames < FRAMES_MIN:
        yield Finding("layout", "frames", f"{metadata.frames} frames are too few to tell from: give {FRAMES_MIN}")


def _contents(
    contract: DataContract,
    reader: LeRobotReader,
    statistics: Path | None,
    progress: Callable[[float], None],
    doubted: set[str],
) -> list[Answer]:
    recording = Recording(contract, load_embodiment(contract.robot), reader)
    recording.doubted |= doubted
    if (finding := _not_finite(recording)) is not None:
        return [finding]
    return [*numbers(recording), *check_pictures(recording, progress), *check_statistics(recording, statistics)]


def numbers(recording: Recording) -> list[Answer]:
    """Return what is said of the columns, and of the colours that words name."""
    answers: list[Answer] = []
    for check in (check_quaternions, check_joints, check_poses, check_sides, check_repeated, check_rate, check_anchor,
                  check_delay, check_actions, check_grippers, check_base, check_channels):  # fmt: skip
        answers += check(recording)
    return answers


def _not_finite(recording: Recording) -> Finding | None:
    for name, values in ((STATE, recording.state), (ACTION, recording.action), (ANCHOR, recording.anchor)):
        if values is not None and not np.isfinite(values).all():
            frame = int(np.flatnonzero(~np.isfinite(values).all(axis=1))[0])
            return Finding("not_finite", name, f"holds a value that is not finite, first in frame {frame}")
    return None
