# SPDX-License-Identifier: Apache-2.0
"""A policy that returns prepared chunks, and chunks to prepare: what tests of wrappers around policies share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from scene_making.whole_observation import whole
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, pose_channels
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.observation import Observation

CHANNELS = (*pose_channels("panda"), "panda_hand/width", STATUS_CHANNEL)


def chunk_at(
    stamp: float,
    positions: np.ndarray,
    quaternions: np.ndarray | None = None,
    width: float = 0.04,
    status: TaskStatus = TaskStatus.ONGOING,
    period: float = 0.1,
) -> ActionChunk:
    """Return a chunk through positions (H, 3), its first point one period after the stamp."""
    count = len(positions)
    turned = np.tile([1.0, 0.0, 0.0, 0.0], (count, 1)) if quaternions is None else quaternions
    values = np.column_stack([positions, turned, np.full(count, width), np.full(count, float(status.value))])
    return ActionChunk(stamp, "panda_link0", CHANNELS, period * np.arange(1, count + 1), values)


def about_z(angles: np.ndarray) -> Rotation:
    """Return rotations by angles (N,) [rad] about z."""
    return Rotation.from_rotvec(np.multiply.outer(angles, [0.0, 0.0, 1.0]))


def seen_at(stamp: float, instruction: str = "go") -> Observation:
    """Return an observation without images."""
    state = SingleArmState(stamp, np.zeros(7), np.zeros(7), np.eye(4), 0.04)
    return whole(SingleArmObservation(stamp, instruction, {}, state, np.eye(4)))


def seen_where(stamp: float, position: np.ndarray) -> Observation:
    """Return an observation of an arm that is commanded to be at `position` (3,) [m]."""
    seen = seen_at(stamp)
    arm = seen.commanded.arms["panda"]
    T = arm.T_base_ee.copy()
    T[:3, 3] = position
    commanded = dataclasses.replace(seen.commanded, arms={"panda": dataclasses.replace(arm, T_base_ee=T)})
    return dataclasses.replace(seen, commanded=commanded)


class Script:
    """Return the given chunks one after the other."""

    def __init__(self, chunks: Iterable[ActionChunk]) -> None:
        self._chunks = iter(chunks)
        self.resets = 0

    def infer(self, observation: Observation) -> ActionChunk:
        """Return the next chunk."""
        return next(self._chunks)

    def reset(self) -> None:
        """Count."""
        self.resets += 1
