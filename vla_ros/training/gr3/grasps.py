# SPDX-License-Identifier: Apache-2.0
"""The grasp that each frame of a demonstration leads to: where the tool will be when the fingers are told to close.

Nobody writes it down: it is in the demonstration. While the base drives, the thing moves in the robot's base and the
grasp with it; the base is taken not to turn meanwhile.
Shape legend: F frames, A = 2 tools, left and right.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from controllers.chunks.chunk import pose_channels
from vla_ros.data.datasets.features import ACTION, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.contract import DataContract
from vla_ros.policies.grasp_finding.grasp_pose import CLOSING
from vla_ros.training.generation import annotations as notes

NEAR = 0.15  # [m] between a tool that closes and the thing's middle: further away it closes on something else
POSE = 7  # position [m], quaternion xyzw
OPTION = POSE + 2  # and opening [m], weight


@dataclass(frozen=True, eq=False)
class GraspsToCome:
    """Of frames (F,); zeros where no grasp is to come."""

    known: np.ndarray  # (F,) bool
    poses: np.ndarray  # (F, POSE) of the tool, in the robot's base of that frame
    openings: np.ndarray  # (F,) [m] of the fingers before they close
    middles: np.ndarray  # (F, 3) [m] of the thing
    tools: np.ndarray  # (F, A, POSE) where the tools are
    options: np.ndarray  # (F, K, OPTION) float32: that grasp and others of the thing, each with its weight; zeros: none


def grasps_to_come(reader: LeRobotReader, rows: np.ndarray, contract: DataContract) -> GraspsToCome:
    """Return them for rows (F,) of a dataset of `vla generate`.

    A grasp counts up to the frame in which the fingers are told to close, while none are closed, within one sentence
    about one thing, and if closing was worth imitating.
    """
    names = reader.metadata.features[STATE].names or contract.state
    state = reader.column(STATE)
    tools = np.stack(
        [state[:, [names.index(channel) for channel in pose_channels(arm)]] for arm in contract.action.arms], axis=1
    ).astype(float)
    codec = ActionCodec(contract.action, "", contract.period)
    first = codec.size - len(contract.action.absolute_channels)
    widths = reader.column(ACTION)[:, first : first + len(contract.action.grippers)].astype(float)
    closed = widths < CLOSING  # (T, A) told in this frame for the next
    valid, targets = reader.column(notes.VALID).ravel() > 0, reader.column(notes.TARGET).ravel()
    positions = reader.column(notes.POSITIONS).astype(float)
    count = len(reader)
    told = notes.GRASP_OPTIONS in reader.metadata.features
    others = reader.column(notes.GRASP_OPTIONS) if told else np.zeros((count, 0, OPTION))
    options = np.zeros((count, 1 + others.shape[1], OPTION), dtype=np.float32)
    known, poses = np.zeros(count, dtype=bool), np.zeros((count, POSE))
    openings, middles = np.zeros(count), np.zeros((count, 3))
    for episode in reader.metadata.episodes:
        begin, end = episode.start, episode.start + episode.length
        if not ((rows >= begin) & (rows < end)).any():
            continue  # frames are looked at piece by piece
        for row in range(begin + 1, end):
            hands = np.flatnonzero(closed[row] & ~closed[row - 1])
            target = int(targets[row])
            if len(hands) != 1 or target < 0 or not valid[row]:
                continue
            hand = int(hands[0])
            place, pose = positions[row, target], tools[row, hand]
            if np.linalg.norm(pose[:3] - place) > NEAR:
                continue
            sentence, earlier = reader.task(row), row
            while earlier > begin and not closed[earlier - 1].any() and reader.task(earlier - 1) == sentence:
                earlier -= 1
            own = slice(earlier, row + 1)
            known[own] = targets[own] == target
            poses[own] = pose
            poses[own, :3] += positions[own, target] - place
            openings[own], middles[own] = widths[row - 1, hand], positions[own, target]
            options[own] = _options(poses[own], openings[own], others[own], middles[own])
    return GraspsToCome(known[rows], poses[rows], openings[rows], middles[rows], tools[rows], options[rows])


def _options(poses: np.ndarray, openings: np.ndarray, told: np.ndarray, middles: np.ndarray) -> np.ndarray:
    """Return the grasp of frames (F,) and, of the last one that tells of others, those as well: (F, K, OPTION)."""
    made = np.zeros((len(poses), 1 + told.shape[1], OPTION))
    made[:, 0] = np.column_stack([poses, openings, np.ones(len(poses))])
    telling = np.flatnonzero((told[..., OPTION - 1] > 0).any(axis=1))
    if len(telling):
        last = telling[-1]
        made[:, 1:] = told[last]
        made[:, 1:, :3] += (middles - middles[last])[:, None] * (told[last, :, OPTION - 1 :] > 0)
    return made


def no_grasps(count: int) -> GraspsToCome:
    """Return those of frames (F,) of which nobody says: a person's hands."""
    return GraspsToCome(
        np.zeros(count, dtype=bool), np.zeros((count, POSE)), np.zeros(count), np.zeros((count, 3)),
        np.zeros((count, 2, POSE)), np.zeros((count, 1, OPTION), np.float32),
    )  # fmt: skip


def joined_grasps(parts: list[GraspsToCome]) -> GraspsToCome:
    """Return those of several datasets as one."""
    most = max(one.options.shape[1] for one in parts)
    padded = [
        replace(one, options=np.pad(one.options, ((0, 0), (0, most - one.options.shape[1]), (0, 0)))) for one in parts
    ]
    return GraspsToCome(*(np.concatenate([getattr(one, name) for one in padded]) for name in vars(parts[0])))
