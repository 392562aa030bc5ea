# SPDX-License-Identifier: Apache-2.0
"""A dataset's columns by what they mean: joints, poses, widths, actions, what comes next.

Shape legend: N frames, J joints of an arm, A anchor channels, D numbers of an action.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import pose_channels
from vla_ros.data.datasets.features import ACTION, ANCHOR, IMAGES, STATE
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.video_reader import VideoReader
from vla_ros.policies.contract import DataContract, pose_arms
from vla_ros.robots.embodiment import ArmGroup, Embodiment, expand_urdf


class Recording:
    """Frames of a dataset, read by a contract. `doubted` holds what a check has found broken already, so that one
    fault is named once and not by everything that follows from it.
    """

    def __init__(self, contract: DataContract, robot: Embodiment, reader: LeRobotReader) -> None:
        """Take a reader whose columns have the contract's sizes."""
        self.contract, self.robot, self.reader = contract, robot, reader
        self.state = np.asarray(reader.column(STATE), dtype=float).reshape(len(reader), -1)
        self.action = np.asarray(reader.column(ACTION), dtype=float).reshape(len(reader), -1)
        self.anchor = self._anchor()
        self.episode = np.asarray(reader.column("episode_index"), dtype=int)
        self.doubted: set[str] = set()
        self._models: dict[str, ArmModel] = {}

    def __len__(self) -> int:
        return len(self.state)

    def columns(self, channels: Sequence[str]) -> np.ndarray | None:
        """Return channels of the state (N, channels); None where one of them is not in it."""
        if any(channel not in self.contract.state for channel in channels):
            return None
        return self.state[:, [self.contract.state.index(channel) for channel in channels]]

    def joints(self, arm: ArmGroup) -> np.ndarray | None:
        """Return an arm's joints (N, J) [rad]; None where they are not in the state, or doubted."""
        return None if f"joints of {arm.name}" in self.doubted else self.stored_joints(arm)

    def stored_joints(self, arm: ArmGroup) -> np.ndarray | None:
        """Return an arm's joints (N, J) as they are stored, trusted or not."""
        return self.columns([f"{joint}/position" for joint in arm.joints])

    def pose(self, arm: ArmGroup) -> np.ndarray | None:
        """Return a tool's pose (N, 7) [m], xyzw; None where it is not in the state, or doubted."""
        if f"pose of {arm.name}" in self.doubted or arm.name not in pose_arms(self.contract.state):
            return None
        return self.columns(pose_channels(arm.name))

    def tool(self, arm: ArmGroup) -> np.ndarray | None:
        """Return a tool's pose (N, 7) by the state, or by its joints where that says no pose to be trusted."""
        pose, joints = self.pose(arm), self.joints(arm)
        if pose is not None or joints is None or self.carried(arm):
            return pose
        return self.forward(arm, joints)

    def forward(self, arm: ArmGroup, q: np.ndarray) -> np.ndarray:
        """Return the tool's poses (N, 7) at q (N, J); joints that carry the arm are at home."""
        return poses_of(self.model(arm).forward_many(q)[0])

    def model(self, arm: ArmGroup) -> ArmModel:
        """Return an arm's kinematics, made once."""
        if arm.name not in self._models:
            groups = self.robot.joint_groups
            home = {j: float(q) for group in groups for j, q in zip(group.joints, group.home, strict=True)}
            self._models[arm.name] = ArmModel(expand_urdf(self.robot), arm.joints, arm.tool_frame, locked=home)
        return self._models[arm.name]

    def carried(self, arm: ArmGroup) -> bool:
        """Say whether joints that the state does not tell, such as a lift, carry an arm."""
        told = {channel.rpartition("/")[0] for channel in self.contract.state}
        return any(joint not in told for joint in self.model(arm).mount.carriers)

    def follows(self, frames: int = 1) -> np.ndarray:
        """Return the frames (K,) whose frame `frames` later (earlier below 0) is in the same episode."""
        index = np.arange(len(self))
        other = index + frames
        inside = (other >= 0) & (other < len(self))
        return index[inside][self.episode[index[inside]] == self.episode[other[inside]]]

    def images(self, camera: str, episodes: Iterable[int], size: tuple[int, int], most: int) -> Iterator[np.ndarray]:
        """Yield a camera's first frames of each episode, `most` at most, (height, width, 3) uint8 of `size`."""
        video = VideoReader(self.reader.metadata, IMAGES + camera, size)
        try:
            for episode in episodes:
                yield from islice(video.images(self.reader.metadata.episodes[episode]), most)
        finally:
            video.close()

    def _anchor(self) -> np.ndarray | None:
        if not self.contract.action.stores_anchor or ANCHOR not in self.reader.metadata.features:
            return None
        return np.asarray(self.reader.column(ANCHOR), dtype=float).reshape(len(self.reader), -1)


def poses_of(T: np.ndarray) -> np.ndarray:
    """Return transforms (N, 4, 4) as positions and quaternions xyzw (N, 7)."""
    return np.hstack([T[:, :3, 3], Rotation.from_matrix(T[:, :3, :3]).as_quat()])


def transforms_of(poses: np.ndarray) -> np.ndarray:
    """Return poses (N, 7) as transforms (N, 4, 4); a quaternion of length 0 counts as none."""
    T = np.tile(np.eye(4), (len(poses), 1, 1))
    T[:, :3, 3] = poses[:, :3]
    T[:, :3, :3] = rotations(poses[:, 3:]).as_matrix()
    return T


def rotations(quaternions: np.ndarray) -> Rotation:
    """Return quaternions (N, 4) xyzw of any length as rotations; of length 0 as none."""
    length = np.linalg.norm(quaternions, axis=1, keepdims=True)
    return Rotation.from_quat(np.where(length > 1e-9, quaternions, np.array([0.0, 0.0, 0.0, 1.0])))


def pose_distance(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the median distance [m] and angle [rad] between two lists of poses (N, 7)."""
    shift = np.linalg.norm(first[:, :3] - second[:, :3], axis=1)
    angle = (rotations(first[:, 3:]).inv() * rotations(second[:, 3:])).magnitude()
    return float(np.median(shift)), float(np.median(angle))
