# SPDX-License-Identifier: Apache-2.0
"""What the small GR-3 learns from: frames of robots with what was asked and done, and frames with boxes alone.

Shape legend: F frames, N things, H steps of a chunk, A numbers of an action, C channels, S numbers of the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from controllers.chunks.chunk import TaskStatus
from controllers.errors import ConfigError
from vla_ros.data.datasets.features import ACTION, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.documents import parse_json
from vla_ros.policies.contract import DataContract
from vla_ros.policies.gr3.state_numbers import state_numbers
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3.config import Gr3Training, read_channels
from vla_ros.training.gr3.frames import Progress, see_frames

AFTER = 8  # frames after a sentence has been carried out in which it is seen to be
ABSENT = -1  # object of a sentence about what is not there
UNKNOWN = -2  # of one that means several things, or of which nobody says what it means


@dataclass(frozen=True, eq=False)
class SeenColumns:
    """What was seen in frames (F,), as training/gr3/frames.py has it."""

    looks: np.ndarray  # (F, N, D)
    geometry: np.ndarray  # (F, N, GEOMETRY)
    numbers: np.ndarray  # (F, N, THING_NUMBERS)
    count: np.ndarray  # (F,) things that there are
    objects: np.ndarray  # (F, N)
    texts: list[list[tuple[int, str]]]  # (F,) object and sentence

    @classmethod
    def of(cls, files: Sequence[Path]) -> SeenColumns:
        """Read files in order."""
        parts = [np.load(file, allow_pickle=False) for file in files]
        arrays = {
            name: np.concatenate([part[name] for part in parts])
            for name in ("looks", "geometry", "numbers", "count", "objects")
        }
        read = [parse_json(str(part["texts"]), str(file)) for part, file in zip(parts, files, strict=True)]
        texts = [[(int(row), str(text)) for row, text in frame] for part in read for frame in part]
        return cls(**arrays, texts=texts)

    def __len__(self) -> int:
        return len(self.count)


@dataclass(frozen=True, eq=False)
class RobotFrames:
    """Frames (F,) of demonstrations, beside what was seen in them."""

    words: list[str]  # what is asked for
    before: list[str]  # what has just been carried out; "" where nothing has
    target: np.ndarray  # (F,) row of the object that the words mean, or UNKNOWN
    before_target: np.ndarray  # (F,) the same of `before`
    names: list[frozenset[str]]  # of what stands there
    state: np.ndarray  # (F, S)
    actions: np.ndarray  # (F, H, A)
    counts: np.ndarray  # (F, H) 1 where a step is to be imitated
    status: np.ndarray  # (F, H)

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True, eq=False)
class Gr3Samples:
    """Everything."""

    seen: SeenColumns  # of the robots' frames
    robot: RobotFrames
    grounding: SeenColumns | None
    asked: tuple[tuple[str, str], ...]  # every sentence about one thing that the data has, and the thing's name


def read_samples(
    action: Sequence[Path],
    grounding: Sequence[Path],
    contract: DataContract,
    config: Gr3Training,
    backbone: Path,
    folder: Path,
    progress: Progress = lambda done, total: None,
) -> Gr3Samples:
    """Look at frames of datasets, or read what was seen earlier. `progress` may raise: what is done is kept.

    Raises ConfigError where no action is worth imitating.
    """
    rows = {root: _chosen(root, config.stride) for root in action}
    rows |= {root: _chosen(root, 1) for root in grounding}
    total, done = sum(map(len, rows.values())), 0
    files: dict[Path, list[Path]] = {}
    for root, own in rows.items():

        def report(count: int, _: int, before: int = done) -> None:
            progress(before + count, total)

        files[root] = see_frames(root, own, contract, backbone, config.surface, folder, config.threads, report)
        done += len(own)
    parts: list[RobotFrames] = []
    asked: dict[str, str] = {}
    for root in action:
        with LeRobotReader(root) as reader:
            parts.append(_robot_frames(reader, np.array(rows[root]), contract, config.horizon))
            asked |= _asked(reader)
    robot = _joined(parts)
    if not robot.counts.any():
        raise ConfigError(f"{action[0]}: holds no action worth imitating: generate or record more episodes")
    seen = SeenColumns.of([file for root in action for file in files[root]])
    boxes = [file for root in grounding for file in files[root]]
    return Gr3Samples(seen, robot, SeenColumns.of(boxes) if boxes else None, tuple(sorted(asked.items())))


def _chosen(root: Path, stride: int) -> list[int]:
    with LeRobotReader(root) as reader:
        return [row for one in reader.metadata.episodes for row in range(one.start, one.start + one.length, stride)]


def _robot_frames(reader: LeRobotReader, rows: np.ndarray, contract: DataContract, horizon: int) -> RobotFrames:
    features = reader.metadata.features
    names = features[STATE].names or contract.state
    channels = read_channels(contract)
    state = reader.column(STATE)[:, [names.index(channel) for channel in channels]]
    valid, said = reader.column(notes.VALID).ravel() > 0, reader.column(notes.STATUS).ravel()
    targets = reader.column(notes.TARGET).ravel()
    tasks = [reader.task(row) for row in range(len(reader))]
    ends = {row: one.start + one.length for one in reader.metadata.episodes for row in (one.start,)}
    starts = np.array(sorted(ends))
    actions = np.empty((len(rows), horizon, *features[ACTION].shape), dtype=np.float32)
    counts, status = (np.zeros((len(rows), horizon), dtype=np.float32) for _ in range(2))
    before: list[str] = []
    before_target = np.full(len(rows), UNKNOWN)
    for i, row in enumerate(rows.tolist()):
        start = int(starts[np.searchsorted(starts, row, side="right") - 1])
        window = np.arange(row, row + horizon)
        actions[i], inside = reader.window(ACTION, row, range(horizon))
        kept = np.minimum(window, ends[start] - 1)
        same = inside & np.array([tasks[k] == tasks[row] for k in kept])
        same = np.cumprod(same).astype(bool)
        # Behind the end of what was asked for it is done; what was refused stays refused.
        over = float(TaskStatus.INVALID.value if said[row] < 0 else TaskStatus.TERMINATED.value)
        status[i] = np.where(same, said[kept], over)
        counts[i] = np.cumprod(same & valid[kept] & (said[kept] == TaskStatus.ONGOING.value))
        earlier = max(start, row - AFTER)
        before.append("" if tasks[earlier] == tasks[row] else tasks[earlier])
        if before[-1]:
            before_target[i] = targets[earlier]
    objects = [frozenset(str(text).split(";")) for text in reader.column(notes.OBJECT_NAMES)[rows].ravel()]
    own = targets[rows]
    refused = said[rows] < 0
    target = np.where(refused, ABSENT, np.where(own < 0, UNKNOWN, own))
    numbers = state_numbers(state[rows], channels).astype(np.float32)
    before_target = np.where(before_target < 0, UNKNOWN, before_target)
    return RobotFrames(
        [tasks[row] for row in rows], before, target, before_target, objects, numbers, actions, counts, status
    )


def _asked(reader: LeRobotReader) -> dict[str, str]:
    """Return the name of the one thing that each sentence of a dataset asks for."""
    targets, found = reader.column(notes.TARGET).ravel(), {}
    for row in np.flatnonzero(targets >= 0).tolist():
        sentence = reader.task(row)
        if sentence not in found:
            found[sentence] = str(reader.column(notes.OBJECT_NAMES)[row]).split(";")[targets[row]]
    return found


def _joined(parts: Sequence[RobotFrames]) -> RobotFrames:
    columns: dict[str, Any] = {}
    for name in vars(parts[0]):
        values = [getattr(part, name) for part in parts]
        whole = isinstance(values[0], np.ndarray)
        columns[name] = np.concatenate(values) if whole else [one for part in values for one in part]
    return RobotFrames(**columns)
