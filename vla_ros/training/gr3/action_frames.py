# SPDX-License-Identifier: Apache-2.0
"""Frames with actions that the small GR-3 learns from: of robots, and of people's hands (report, section 3.3).

Shape legend: F frames, H steps of a chunk, A numbers of an action, S numbers of the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from controllers.chunks.chunk import TaskStatus
from vla_ros.data.datasets.features import ACTION, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.hands.masks import PREFIX
from vla_ros.policies.action_transformer.state_numbers import state_numbers, state_size
from vla_ros.policies.contract import DataContract
from vla_ros.training.generation import annotations as notes
from vla_ros.training.gr3.config import read_channels
from vla_ros.training.gr3.grasps import GraspsToCome, grasps_to_come, joined_grasps, no_grasps
from vla_ros.training.pictures.frames import SEEN

AFTER = 8  # frames after a sentence has been carried out in which it is seen to be
SURVEYED = 0.8  # share of the things that must be seen for one that is not to be missing: in 99 % of such frames of
# demonstrations what is asked for is seen, in 64 to 91 % of the others (the base drives, and hands are in the way)
ABSENT = -1  # object of a sentence about what is not there
UNKNOWN = -2  # of one that means several things, or of which nobody says what it means


@dataclass(frozen=True, eq=False)
class ActionFrames:
    """Frames (F,) of demonstrations."""

    words: list[str]  # what is asked for
    before: list[str]  # what has just been carried out; "" where nothing has
    target: np.ndarray  # (F,) row of the object that the words mean, or UNKNOWN
    before_target: np.ndarray  # (F,) the same of `before`
    receptacle: np.ndarray  # (F,) row of the object into which they say to put it, ABSENT or UNKNOWN
    names: list[frozenset[str]]  # of what stands there
    surveyed: np.ndarray  # (F,) bool: nearly all of it is seen, so that what is not seen is not there
    state: np.ndarray  # (F, S)
    actions: np.ndarray  # (F, H, A)
    counts: np.ndarray  # (F, H) 1 where a step is to be imitated
    status: np.ndarray  # (F, H)
    measured: np.ndarray  # (F, H, A) bool: whether a number of a step is known at all
    hands: np.ndarray  # (F,) bool: of a person's hands, of which neither state nor status is known
    grasps: GraspsToCome  # (F,)

    def __len__(self) -> int:
        return len(self.words)

    def of_robots(self) -> tuple[np.ndarray, np.ndarray]:
        """Return states (F, S) and actions (F, A) of robots alone: what statistics are of."""
        return self.state[~self.hands], self.actions[(self.counts > 0) & ~self.hands[:, None]]


def robot_frames(reader: LeRobotReader, rows: np.ndarray, contract: DataContract, horizon: int) -> ActionFrames:
    """Return these rows of a dataset of `vla generate`."""
    features = reader.metadata.features
    names = features[STATE].names or contract.state
    channels = read_channels(contract)
    state = reader.column(STATE)[:, [names.index(channel) for channel in channels]]
    valid, said = reader.column(notes.VALID).ravel() > 0, reader.column(notes.STATUS).ravel()
    targets = reader.column(notes.TARGET).ravel()
    # Datasets of before the column do not say.
    told = notes.RECEPTACLE in features
    receptacles = reader.column(notes.RECEPTACLE).ravel() if told else np.full(len(reader), UNKNOWN)
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
    standing = [str(text).split(";") for text in reader.column(notes.OBJECT_NAMES)[rows].ravel()]
    shares = np.stack([reader.column(notes.boxes_column(camera))[rows][..., 4] for camera in contract.cameras])
    seen = shares.max(axis=0) >= SEEN  # (F, O), what is not there among them
    things = np.array([len(one) for one in standing])
    own = targets[rows]
    refused = said[rows] < 0
    return ActionFrames(
        words=[tasks[row] for row in rows],
        before=before,
        target=np.where(refused, ABSENT, np.where(own < 0, UNKNOWN, own)),
        before_target=np.where(before_target < 0, UNKNOWN, before_target),
        receptacle=np.where(receptacles[rows] < 0, UNKNOWN, receptacles[rows]),
        names=[frozenset(one) for one in standing],
        surveyed=seen.sum(axis=1) >= SURVEYED * things,
        state=state_numbers(state[rows], channels).astype(np.float32),
        actions=actions,
        counts=counts,
        status=status,
        measured=np.ones(actions.shape, dtype=bool),
        hands=np.zeros(len(rows), dtype=bool),
        grasps=grasps_to_come(reader, rows, contract),
    )


def hand_frames(reader: LeRobotReader, rows: np.ndarray, contract: DataContract, horizon: int) -> ActionFrames:
    """Return these rows of hand demonstrations, of which nobody says what stands there or how far the task is."""
    steps = range(horizon)
    windows = [reader.window(ACTION, row, steps) for row in rows.tolist()]
    count, unknown = len(rows), np.full(len(rows), UNKNOWN)
    return ActionFrames(
        words=[reader.task(row) for row in rows.tolist()],
        before=[""] * count,
        target=unknown,
        before_target=unknown,
        receptacle=unknown,
        names=[frozenset()] * count,
        surveyed=np.zeros(count, dtype=bool),
        state=np.zeros((count, state_size(read_channels(contract))), dtype=np.float32),
        actions=np.stack([values for values, _ in windows]).astype(np.float32),
        counts=np.stack([inside for _, inside in windows]).astype(np.float32),
        status=np.zeros((count, horizon), dtype=np.float32),
        measured=np.stack([reader.window(PREFIX + ACTION, row, steps)[0] > 0 for row in rows.tolist()]),
        hands=np.ones(count, dtype=bool),
        grasps=no_grasps(count),
    )


def joined(parts: Sequence[ActionFrames]) -> ActionFrames:
    """Return frames of several datasets as one."""
    columns: dict[str, Any] = {}
    for name in vars(parts[0]):
        values = [getattr(part, name) for part in parts]
        if name == "grasps":
            columns[name] = joined_grasps(values)
            continue
        whole = isinstance(values[0], np.ndarray)
        columns[name] = np.concatenate(values) if whole else [one for part in values for one in part]
    return ActionFrames(**columns)
