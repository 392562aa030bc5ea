# SPDX-License-Identifier: Apache-2.0
"""What the small GR-3 learns from: frames of robots and hands with what was asked and done, and with boxes alone.

Shape legend: F frames, N things, D numbers of a look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.masks import is_masked
from vla_ros.documents import parse_json
from vla_ros.policies.contract import DataContract
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3.action_frames import ActionFrames, hand_frames, joined, robot_frames
from vla_ros.training.gr3.config import Gr3Training
from vla_ros.training.gr3.frames import Progress, see_frames
from vla_ros.training.gr3.grasp_crops import GraspCrops


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
class Gr3Samples:
    """Everything."""

    seen: SeenColumns  # in the frames with actions
    action: ActionFrames  # robots' first
    grasps: GraspCrops  # of some of those frames
    grounding: SeenColumns | None
    episodes: np.ndarray  # (F,) which episode of all, in the frames with actions
    grounding_episodes: np.ndarray  # (F,) the same in the others
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

    Of `action` those that are masked are of hands, and left out where none are mixed in. Raises ConfigError where no
    action of a robot is worth imitating.
    """
    masked = [root for root in action if is_masked(load_metadata(root))]
    robots, hands = [root for root in action if root not in masked], masked if config.mixing.hands else []
    action = [*robots, *hands]
    rows = {root: _chosen(root, config.stride) for root in action}
    rows |= {root: _chosen(root, 1) for root in grounding}
    files = see_frames(rows, contract, backbone, config.surface, folder, config.threads, progress)
    parts: list[ActionFrames] = []
    asked: dict[str, str] = {}
    for root in action:
        with LeRobotReader(root) as reader:
            own_rows = np.array(rows[root])
            if root in hands:
                parts.append(hand_frames(reader, own_rows, contract, config.horizon))
                continue
            parts.append(robot_frames(reader, own_rows, contract, config.horizon))
            asked |= _asked(reader)
    frames = joined(parts)
    if not len(frames.of_robots()[1]):
        raise ConfigError(f"{action[0]}: holds no action worth imitating: generate or record more episodes")
    seen = SeenColumns.of([file for root in action for file in files[root]])
    boxes = [file for root in grounding for file in files[root]]
    crops = _grasp_crops([(root, rows[root], files[root]) for root in action], contract)
    return Gr3Samples(
        seen,
        frames,
        crops,
        SeenColumns.of(boxes) if boxes else None,
        _episodes(action, rows),
        _episodes(grounding, rows),
        tuple(sorted(asked.items())),
    )


def _grasp_crops(seen: Sequence[tuple[Path, list[int], list[Path]]], contract: DataContract) -> GraspCrops:
    """Return the crops in the files of datasets, each with the rows that were looked at."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in ("frames", "crops", "windows", "shown", "calibrations")}
    before = 0
    for root, rows, files in seen:
        with LeRobotReader(root) as reader:
            columns = [reader.column(f"observation.calibration.{camera}")[rows] for camera in contract.cameras]
        calibrations, first = np.stack(columns, axis=1).astype(float), 0
        for file in files:
            with np.load(file, allow_pickle=False) as piece:
                own = first + piece["grasp_frames"]
                for name in ("crops", "windows", "shown"):
                    parts[name].append(piece[f"grasp_{name}"])
                first += len(piece["count"])
            parts["frames"].append(before + own)
            parts["calibrations"].append(calibrations[own])
        before += first
    return GraspCrops(**{name: np.concatenate(values) for name, values in parts.items()})


def _episodes(roots: Sequence[Path], rows: Mapping[Path, list[int]]) -> np.ndarray:
    """Return which episode of all these datasets each of their rows is of."""
    parts, before = [np.empty(0, dtype=np.int64)], 0
    for root in roots:
        metadata = load_metadata(root)
        parts.append(before + metadata.episode_of(rows[root]))
        before += len(metadata.episodes)
    return np.concatenate(parts)


def _chosen(root: Path, stride: int) -> list[int]:
    with LeRobotReader(root) as reader:
        return [row for one in reader.metadata.episodes for row in range(one.start, one.start + one.length, stride)]


def _asked(reader: LeRobotReader) -> dict[str, str]:
    """Return the name of the one thing that each sentence of a dataset asks for."""
    targets, found = reader.column(notes.TARGET).ravel(), {}
    for row in np.flatnonzero(targets >= 0).tolist():
        sentence = reader.task(row)
        if sentence not in found:
            found[sentence] = str(reader.column(notes.OBJECT_NAMES)[row]).split(";")[targets[row]]
    return found
