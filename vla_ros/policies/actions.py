# SPDX-License-Identifier: Apache-2.0
"""Delta end-effector actions to an absolute chunk and back.

One action is seven numbers (GraspVLA, section 4): translation [m] and rotation vector [rad], both in the base
frame and relative to the previous pose, then the gripper's total opening [m].

Shape legend: H steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, instruction_hash, pose_channels
from controllers.errors import ConfigError
from vla_ros.policies.observation import Observation

ANCHORS = ("commanded", "measured")
ACTION_SIZE = 7


@dataclass(frozen=True)
class ActionSpecification:
    """What a policy's numbers mean: whose pose, relative to what, how often.

    Raises ConfigError for an unknown anchor or a period or horizon that is not positive.
    """

    arm: str = "panda"
    gripper: str = "panda_hand"
    frame_id: str = "panda_link0"
    anchor: str = "commanded"  # or another of ANCHORS
    period: float = 0.1  # [s] between actions
    horizon: int = 4  # actions in a chunk

    def __post_init__(self) -> None:
        if self.anchor not in ANCHORS:
            raise ConfigError(f"action anchor '{self.anchor}' is unknown: use {' or '.join(ANCHORS)}")
        if self.period <= 0.0 or self.horizon < 1:
            raise ConfigError(f"action period must be > 0 s and horizon >= 1, got {self.period} s and {self.horizon}")

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the chunk's channels: pose, gripper width, task status."""
        return (*pose_channels(self.arm), f"{self.gripper}/width", STATUS_CHANNEL)

    def T_base_anchor(self, observation: Observation) -> np.ndarray:
        """Return the pose (4, 4) that the first action is relative to."""
        return observation.T_base_ee_commanded if self.anchor == "commanded" else observation.state.T_base_ee


def integrate_actions(actions: np.ndarray, T_base_anchor: np.ndarray) -> np.ndarray:
    """Compose delta actions (H, 7) onto the anchor and return absolute poses (H, 4, 4)."""
    poses = np.tile(np.eye(4), (len(actions), 1, 1))
    rotation = Rotation.from_matrix(T_base_anchor[:3, :3])
    position = T_base_anchor[:3, 3].astype(float).copy()
    for i, action in enumerate(actions):
        position += action[:3]
        rotation = Rotation.from_rotvec(action[3:6]) * rotation
        poses[i, :3, 3] = position
        poses[i, :3, :3] = rotation.as_matrix()
    return poses


def differentiate_poses(poses: np.ndarray, widths: np.ndarray, T_base_anchor: np.ndarray) -> np.ndarray:
    """Return the delta actions (H, 7) that lead from the anchor through absolute poses (H, 4, 4)."""
    chain = np.concatenate([T_base_anchor[None], poses])
    rotations = Rotation.from_matrix(chain[:, :3, :3])
    actions = np.empty((len(poses), ACTION_SIZE))
    actions[:, :3] = np.diff(chain[:, :3, 3], axis=0)
    actions[:, 3:6] = (rotations[1:] * rotations[:-1].inv()).as_rotvec()
    actions[:, 6] = widths
    return actions


def actions_to_chunk(
    specification: ActionSpecification,
    observation: Observation,
    actions: np.ndarray,
    status: TaskStatus = TaskStatus.ONGOING,
    sequence: int = 0,
    inference_s: float = 0.0,
) -> ActionChunk:
    """Resolve delta actions (H, 7) at the observation into an absolute chunk, its first point one period ahead."""
    poses = integrate_actions(actions, specification.T_base_anchor(observation))
    values = np.column_stack(
        [
            poses[:, :3, 3],
            Rotation.from_matrix(poses[:, :3, :3]).as_quat(),
            actions[:, 6],
            np.full(len(actions), float(status.value)),
        ]
    )
    return ActionChunk(
        stamp=observation.stamp,
        frame_id=specification.frame_id,
        channels=specification.channels,
        times=specification.period * np.arange(1, len(actions) + 1),
        values=values,
        sequence=sequence,
        instruction=instruction_hash(observation.instruction),
        inference_s=inference_s,
    )


def chunk_to_actions(specification: ActionSpecification, chunk: ActionChunk, T_base_anchor: np.ndarray) -> np.ndarray:
    """Recover the delta actions (H, 7) of a chunk from the pose it was anchored to."""
    poses = np.tile(np.eye(4), (len(chunk.times), 1, 1))
    poses[:, :3, 3] = chunk.positions(specification.arm)
    poses[:, :3, :3] = Rotation.from_quat(chunk.quaternions(specification.arm)).as_matrix()
    widths = chunk.column(f"{specification.gripper}/width")
    return differentiate_poses(poses, np.zeros(len(poses)) if widths is None else widths, T_base_anchor)
