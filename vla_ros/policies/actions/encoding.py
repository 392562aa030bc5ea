# SPDX-License-Identifier: Apache-2.0
"""Absolute targets to the numbers that a contract calls an action, and back.

Shape legend: H rows in time, C absolute channels (contract.action.channels), D numbers of an action, A anchor channels.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.actions import rotation_6d
from vla_ros.policies.contract import ActionContract

AXES = ("x", "y", "z")
ROTATION_SIZES = {"quaternion": 4, "rotation_vector": 3, "rotation_6d": 6}


class ActionEncoding:
    """Encode and decode actions as one contract says; absolute quaternions are on the contract's `quaternion_side`."""

    def __init__(self, action: ActionContract, quaternion_side: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0)) -> None:
        self.action, self._side = action, np.array(quaternion_side)
        self._rotation_size = ROTATION_SIZES[action.rotation]
        poses = len(action.arms) * (3 + self._rotation_size)
        self.size = poses + len(action.joints) + len(action.absolute_channels)

    @property
    def stored_reference(self) -> str:
        """Say what a dataset's rows are: deltas, or absolute values."""
        return "delta" if self.action.reference == "delta" else "absolute"

    @property
    def names(self) -> tuple[str, ...]:
        """Name the numbers of a stored row (D,)."""
        delta = "delta_" if self.stored_reference == "delta" else ""
        names: list[str] = []
        for arm in self.action.arms:
            names += [f"{arm}/{delta}position.{axis}" for axis in AXES]
            if self.action.rotation == "quaternion":
                names += [f"{arm}/{delta}orientation.{axis}" for axis in (*AXES, "w")]
            elif self.action.rotation == "rotation_vector":
                names += [f"{arm}/{delta}rotation.{axis}" for axis in AXES]
            else:
                names += [f"{arm}/{delta}rotation_6d.{i}" for i in range(6)]
        names += [f"{joint}/{delta}position" for joint in self.action.joints]
        return (*names, *self.action.absolute_channels)

    def encode(self, targets: np.ndarray, anchor: np.ndarray, reference: str | None = None) -> np.ndarray:
        """Return targets (H, C) as actions (H, D) that start from the anchor (A,)."""
        reference = reference or self.action.reference
        targets, anchor = np.asarray(targets, dtype=np.float64), np.asarray(anchor, dtype=np.float64)
        self._check(targets, len(self.action.channels), anchor)
        parts = []
        for number in range(len(self.action.arms)):
            columns = slice(7 * number, 7 * number + 7)
            parts.append(self._encode_pose(targets[:, columns], anchor[columns], reference))
        joints, start = targets[:, 7 * len(self.action.arms) :], anchor[7 * len(self.action.arms) :]
        count = len(self.action.joints)
        if reference == "delta":
            parts.append(np.diff(joints[:, :count], axis=0, prepend=start[None]))
        else:
            parts.append(joints[:, :count] - (start if reference == "relative" else 0.0))
        return np.concatenate([*parts, joints[:, count:]], axis=1)

    def decode(self, actions: np.ndarray, anchor: np.ndarray, reference: str | None = None) -> np.ndarray:
        """Return actions (H, D) as absolute targets (H, C): poses with unit quaternions, joints, the rest."""
        reference = reference or self.action.reference
        actions, anchor = np.asarray(actions, dtype=np.float64), np.asarray(anchor, dtype=np.float64)
        self._check(actions, self.size, anchor)
        parts, width = [], 3 + self._rotation_size
        for number in range(len(self.action.arms)):
            pose, start = actions[:, width * number : width * (number + 1)], anchor[7 * number : 7 * number + 7]
            parts.append(self._decode_pose(pose, start, reference))
        joints, start = actions[:, width * len(self.action.arms) :], anchor[7 * len(self.action.arms) :]
        count = len(self.action.joints)
        if reference == "delta":
            parts.append(start + np.cumsum(joints[:, :count], axis=0))
        else:
            parts.append(joints[:, :count] + (start if reference == "relative" else 0.0))
        return np.concatenate([*parts, joints[:, count:]], axis=1)

    def training_chunk(self, rows: np.ndarray, anchor: np.ndarray) -> np.ndarray:
        """Return rows (H, D) of a dataset as the chunk a policy learns, its anchor (A,) the first row's."""
        if self.action.reference == self.stored_reference:
            return np.asarray(rows, dtype=np.float64)
        return self.encode(self.decode(rows, anchor, "absolute"), anchor)

    def _encode_pose(self, poses: np.ndarray, anchor: np.ndarray, reference: str) -> np.ndarray:
        positions, rotations = poses[:, :3], Rotation.from_quat(poses[:, 3:])
        if reference == "delta":  # base frame: translations add, rotations multiply from the left
            before = Rotation.concatenate([Rotation.from_quat(anchor[None, 3:]), rotations[:-1]])
            positions = np.diff(positions, axis=0, prepend=anchor[None, :3])
            rotations = rotations * before.inv()
        elif reference == "relative":  # anchor's frame
            R_anchor_base = Rotation.from_quat(anchor[3:]).inv()
            positions = R_anchor_base.apply(positions - anchor[:3])
            rotations = R_anchor_base * rotations
        return np.concatenate([positions, self._from_rotation(rotations, reference)], axis=1)

    def _decode_pose(self, actions: np.ndarray, anchor: np.ndarray, reference: str) -> np.ndarray:
        positions, rotations = actions[:, :3], self._to_rotation(actions[:, 3:])
        if reference == "delta":
            positions = anchor[:3] + np.cumsum(positions, axis=0)
            chain = [Rotation.from_quat(anchor[3:])]
            for rotation in rotations:
                chain.append(rotation * chain[-1])
            rotations = Rotation.concatenate(chain[1:])
        elif reference == "relative":
            R_base_anchor = Rotation.from_quat(anchor[3:])
            positions = anchor[:3] + R_base_anchor.apply(positions)
            rotations = R_base_anchor * rotations
        return np.concatenate([positions, continuous(rotations.as_quat())], axis=1)

    def _from_rotation(self, rotations: Rotation, reference: str) -> np.ndarray:
        if self.action.rotation == "rotation_vector":
            return rotations.as_rotvec()
        if self.action.rotation == "quaternion":
            # q and -q are one rotation: the sign is a function of the rotation alone, or a policy would see both.
            return one_sided(rotations.as_quat(), self._side if reference == "absolute" else np.array([0, 0, 0, 1]))
        return rotation_6d.from_matrices(rotations.as_matrix())

    def _to_rotation(self, numbers: np.ndarray) -> Rotation:
        if self.action.rotation == "rotation_vector":
            return Rotation.from_rotvec(numbers)
        if self.action.rotation == "quaternion":
            return Rotation.from_quat(numbers)
        return Rotation.from_matrix(rotation_6d.to_matrices(numbers))

    def _check(self, values: np.ndarray, width: int, anchor: np.ndarray) -> None:
        anchors = len(self.action.anchor_channels)
        if values.ndim != 2 or values.shape[1] != width or not len(values) or anchor.shape != (anchors,):
            raise ConfigError(
                f"actions {values.shape}, anchor {anchor.shape}: this contract needs (rows, {width}) and ({anchors},)"
            )


def one_sided(quaternions: np.ndarray, side: np.ndarray) -> np.ndarray:
    """Return quaternions (H, 4) with the sign that is less than a right angle from `side` (4,)."""
    return np.where((quaternions @ side)[:, None] < 0.0, -quaternions, quaternions)


def continuous(quaternions: np.ndarray) -> np.ndarray:
    """Return quaternions (H, 4), each on the hemisphere of the one before, the first with w >= 0."""
    quaternions = quaternions.copy()
    if quaternions[0, 3] < 0.0:
        quaternions[0] *= -1.0
    signs = [-1.0 if a @ b < 0.0 else 1.0 for a, b in pairwise(quaternions)]
    quaternions[1:] *= np.cumprod(signs)[:, None] if signs else 1.0
    return quaternions
