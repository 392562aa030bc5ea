# SPDX-License-Identifier: Apache-2.0
"""A recording with one convention broken at a time: what exports, drivers and other stacks really do differently.

Shape legend: N frames.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.data.conventions.recording import Recording, poses_of, transforms_of
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import CameraStream, DataContract, load_contract

JOINTS, POSE, POSITION, QUATERNION, WIDTH = slice(0, 7), slice(7, 14), slice(7, 10), slice(10, 14), 14
ImageChange = Callable[[str, int, list[np.ndarray]], list[np.ndarray]]


class Changed(Recording):
    """A recording of franka_grasp with other numbers, pictures or another contract."""

    def __init__(self, source: Recording, contract: DataContract | None = None) -> None:
        super().__init__(source.contract, source.robot, source.reader)
        self.contract = contract or source.contract
        self.state, self.action = source.state.copy(), source.action.copy()
        self.anchor = None if source.anchor is None else source.anchor.copy()
        self.change_images: ImageChange | None = None
        self.camera_of: dict[str, str] = {}
        self.kept: dict[tuple[str, int, tuple[int, int], int], list[np.ndarray]] = getattr(source, "kept", {})

    def images(self, camera: str, episodes: Iterable[int], size: tuple[int, int], most: int) -> Iterator[np.ndarray]:
        """Yield the pictures changed; those that were decoded once are kept."""
        source = self.camera_of.get(camera, camera)
        for episode in episodes:
            key = (source, episode, size, most)
            if key not in self.kept:
                self.kept[key] = list(super().images(source, [episode], size, most))
            pictures = self.kept[key]
            yield from self.change_images(camera, episode, pictures) if self.change_images else pictures


@dataclass(frozen=True)
class Fault:
    """One broken convention: what it is called, and how it comes about."""

    name: str
    expected: str  # of FAULTS
    inject: Callable[[Recording], Changed]
    pictures: bool = False  # it shows in pictures


def _of(change: Callable[[Changed], None]) -> Callable[[Recording], Changed]:
    def inject(source: Recording) -> Changed:
        changed = Changed(source)
        change(changed)
        return changed

    return inject


def next_poses(source: Recording) -> np.ndarray:
    """Return what each action of franka_grasp leads to (N, 7)."""
    anchor, action = source.anchor, source.action
    assert anchor is not None
    turned = Rotation.from_rotvec(action[:, 3:6]) * Rotation.from_quat(anchor[:, 3:])
    return np.hstack([anchor[:, :3] + action[:, :3], turned.as_quat()])


def _shifted(recording: Recording, values: np.ndarray, frames: int) -> np.ndarray:
    """Return values of `frames` earlier, an episode's first ones in the place of those before it."""
    result = values.copy()
    for episode in np.unique(recording.episode):
        rows = np.flatnonzero(recording.episode == episode)
        result[rows] = values[rows[np.clip(np.arange(len(rows)) - frames, 0, len(rows) - 1)]]
    return result


# Of the state.
def _wxyz(changed: Changed) -> None:
    changed.state[:, QUATERNION] = changed.state[:, [13, 10, 11, 12]]


def _other_side(changed: Changed) -> None:
    changed.state[::2, QUATERNION] *= -1.0


def _half_length(changed: Changed) -> None:
    changed.state[:, QUATERNION] *= 0.5


def _inverse(changed: Changed) -> None:
    changed.state[:, POSE] = poses_of(np.linalg.inv(transforms_of(changed.state[:, POSE])))


def _conjugate(changed: Changed) -> None:
    changed.state[:, 10:13] *= -1.0


def _millimetres(changed: Changed) -> None:
    changed.state[:, POSITION] *= 1000.0


def _moved(before: bool, T: np.ndarray) -> Callable[[Changed], None]:
    def change(changed: Changed) -> None:
        poses = transforms_of(changed.state[:, POSE])
        changed.state[:, POSE] = poses_of(T @ poses if before else poses @ T)

    return change


def _late_pose(changed: Changed) -> None:
    changed.state[:, POSE] = _shifted(changed, changed.state[:, POSE], 4)


def _degrees(changed: Changed) -> None:
    changed.state[:, JOINTS] = np.degrees(changed.state[:, JOINTS])


def _ordered(order: list[int]) -> Callable[[Changed], None]:
    def change(changed: Changed) -> None:
        changed.state[:, JOINTS] = changed.state[:, order]

    return change


def _joint(index: int, factor: float, offset: float) -> Callable[[Changed], None]:
    def change(changed: Changed) -> None:
        changed.state[:, index] = factor * changed.state[:, index] + offset

    return change


def _late(changed: Changed) -> None:
    changed.state = _shifted(changed, changed.state, 8)


def _early(changed: Changed) -> None:
    changed.state = _shifted(changed, changed.state, -4)


def _every_second(changed: Changed) -> None:
    changed.state[1::2] = changed.state[: len(changed.state) - 1 : 2][: len(changed.state[1::2])]


# Of the actions.
def _absolute(changed: Changed) -> None:
    poses = next_poses(changed)
    changed.action[:, :6] = np.hstack([poses[:, :3], Rotation.from_quat(poses[:, 3:]).as_rotvec()])


def _tool_axes(changed: Changed) -> None:
    assert changed.anchor is not None
    back = Rotation.from_quat(changed.anchor[:, 3:]).inv()
    changed.action[:, :6] = np.hstack([back.apply(changed.action[:, :3]), back.apply(changed.action[:, 3:6])])


def _times(position: float, rotation: float) -> Callable[[Changed], None]:
    def change(changed: Changed) -> None:
        changed.action[:, :3] *= position
        changed.action[:, 3:6] *= rotation

    return change


def _shift_action(frames: int) -> Callable[[Changed], None]:
    def change(changed: Changed) -> None:
        changed.action[:, :6] = _shifted(changed, changed.action[:, :6], frames)

    return change


def _normalised(changed: Changed) -> None:
    motion = changed.action[:, :6]
    changed.action[:, :6] = (motion - motion.mean(axis=0)) / motion.std(axis=0)


def _still(changed: Changed) -> None:
    changed.action[:, :6] = 0.0


def _rotation_first(changed: Changed) -> None:
    changed.action[:, :6] = changed.action[:, [3, 4, 5, 0, 1, 2]]


def _anchor_wxyz(changed: Changed) -> None:
    assert changed.anchor is not None
    changed.anchor = changed.anchor[:, [0, 1, 2, 6, 3, 4, 5]]


# Of grippers.
def _width(state: Callable[[np.ndarray], np.ndarray] | None = None,
           action: Callable[[np.ndarray], np.ndarray] | None = None) -> Callable[[Changed], None]:  # fmt: skip
    def change(changed: Changed) -> None:
        if state is not None:
            changed.state[:, WIDTH] = state(changed.state[:, WIDTH])
        if action is not None:
            changed.action[:, 6] = action(changed.action[:, 6])

    return change


def _turned_round(width: np.ndarray) -> np.ndarray:
    return 0.08 - width


# By other contracts.
def by_joints(source: Recording) -> Changed:
    """Return the recording as franka_grasp_lerobot has it: the joints that were measured one frame later."""
    changed = Changed(
        source, dataclasses.replace(load_contract("franka_grasp_lerobot"), cameras=source.contract.cameras)
    )
    changed.state = source.state[:, [*range(7), WIDTH]]
    changed.action = np.hstack([_shifted(source, source.state[:, JOINTS], -1), source.action[:, 6:]])
    changed.anchor = None
    return changed


def by_pose(source: Recording) -> Changed:
    """Return the recording as franka_grasp_lerobot_pose has it: commanded poses, rotations by six numbers."""
    contract = dataclasses.replace(load_contract("franka_grasp_lerobot_pose"), cameras=source.contract.cameras)
    changed = Changed(source, contract)
    changed.state = source.state[:, [*range(7, 14), WIDTH]]
    targets = np.hstack([next_poses(source), source.action[:, 6:]])
    encoding = ActionEncoding(contract.action, contract.quaternion_side)
    changed.action = encoding.encode(targets, targets[0, :7], "absolute")
    changed.anchor = None
    return changed


def _then(make: Callable[[Recording], Changed], change: Callable[[Changed], None]) -> Callable[[Recording], Changed]:
    def inject(source: Recording) -> Changed:
        changed = make(source)
        change(changed)
        return changed

    return inject


def _joint_deltas(changed: Changed) -> None:
    changed.action[:, :7] -= changed.state[:, JOINTS]


def _joint_degrees(changed: Changed) -> None:
    changed.action[:, :7] = np.degrees(changed.action[:, :7])


def _joint_reversed(changed: Changed) -> None:
    changed.action[:, :7] = changed.action[:, 6::-1]


def _of_this_frame(changed: Changed) -> None:
    changed.action[:, :7] = changed.state[:, JOINTS]


def _too_fast(changed: Changed) -> None:
    for values in (changed.state, changed.action):
        for episode in np.unique(changed.episode):
            rows = np.flatnonzero(changed.episode == episode)
            last = len(rows) - 1
            values[rows] = values[rows[last - np.abs(last - 8 * np.arange(len(rows)) % (2 * last))]]  # there and back


def _rows(changed: Changed) -> None:
    columns = changed.action[:, 3:9].reshape(-1, 2, 3)
    R = np.stack([columns[:, 0], columns[:, 1], np.cross(columns[:, 0], columns[:, 1])], axis=2)
    changed.action[:, 3:9] = R[:, :2].reshape(-1, 6)


def _pose_deltas(changed: Changed) -> None:
    changed.action[:, :3] -= changed.state[:, :3]
    changed.action[:, 3:9] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def _pose_millimetres(changed: Changed) -> None:
    changed.action[:, :3] *= 1000.0


# Of pictures.
def _pictures(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Changed], None]:
    def inject(changed: Changed) -> None:
        changed.change_images = lambda camera, episode, pictures: [
            np.ascontiguousarray(change(picture)) if camera == "front" else picture for picture in pictures
        ]

    return inject


def _late_pictures(changed: Changed) -> None:
    changed.change_images = lambda camera, episode, pictures: [
        pictures[max(0, k - 4)] if camera == "side" else picture for k, picture in enumerate(pictures)
    ]


def _repeated_pictures(changed: Changed) -> None:
    changed.change_images = lambda camera, episode, pictures: [
        pictures[k // 4 * 4] if camera == "front" else picture for k, picture in enumerate(pictures)
    ]


def _exchanged_pictures(changed: Changed) -> None:
    changed.camera_of = {"front": "side", "side": "front"}


def _scaled_not_cut(source: Recording) -> Changed:
    changed = in_squares(source)
    changed.change_images = lambda camera, episode, pictures: [
        _cut(picture) if camera == "side" else picture for picture in pictures
    ]
    return changed


def in_squares(source: Recording) -> Changed:
    """Return the recording by joints in pictures that the contract says are cut to squares."""
    changed = by_joints(source)
    cut = CameraStream(224, 224, "crop")
    changed.contract = dataclasses.replace(changed.contract, cameras={"front": cut, "side": cut})
    changed.change_images = lambda camera, episode, pictures: [_cut(picture) for picture in pictures]
    return changed


def _cut(picture: np.ndarray) -> np.ndarray:
    """Return the middle of a 640×480 picture that was decoded as a square: what a crop would have stored."""
    height, width = picture.shape[:2]
    M = np.array([[4.0 / 3.0, 0.0, (1.0 - 4.0 / 3.0) * (width - 1) / 2], [0.0, 1.0, 0.0]])
    return cv2.warpAffine(picture, M, (width, height))


FAULTS_INJECTED = (
    Fault("quaternions as w, x, y, z", "quaternion_order", _of(_wxyz)),
    Fault("half of the quaternions negated", "quaternion_side", _of(_other_side)),
    Fault("quaternions of length 0.5", "quaternion_norm", _of(_half_length)),
    Fault("the base's pose in the tool", "rotation_inverse", _of(_inverse)),
    Fault("the rotation the other way round", "rotation_inverse", _of(_conjugate)),
    Fault("positions in millimetres", "position_unit", _of(_millimetres)),
    Fault("poses in the frame of the table", "base_frame", _of(_moved(True, np.array(
        [[0.0, -1.0, 0.0, 0.4], [1.0, 0.0, 0.0, -0.2], [0.0, 0.0, 1.0, 0.1], [0.0, 0.0, 0.0, 1.0]])))),
    Fault("poses of the flange", "tool_frame", _of(_moved(False, np.array(
        [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -0.12], [0.0, 0.0, 0.0, 1.0]])))),
    Fault("poses four frames behind the joints", "state_late", _of(_late_pose)),
    Fault("joints in degrees", "joint_unit", _of(_degrees)),
    Fault("joints in reverse", "joint_order", _of(_ordered([6, 5, 4, 3, 2, 1, 0]))),
    Fault("two joints exchanged", "joint_order", _of(_ordered([0, 2, 1, 3, 4, 5, 6]))),
    Fault("the fourth joint the other way round", "joint_sign", _of(_joint(3, -1.0, 0.0))),
    Fault("the second joint the other way round", "joint_sign", _of(_joint(1, -1.0, 0.0))),
    Fault("the fourth joint's zero 0.3 rad away", "joint_zero", _of(_joint(3, 1.0, 0.3))),
    Fault("the state 0.8 s late", "state_late", _of(_late)),
    Fault("the state 0.4 s early", "state_late", _of(_early)),
    Fault("every second state a copy", "state_repeated", _of(_every_second)),
    Fault("absolute poses instead of deltas", "action_absolute", _of(_absolute)),
    Fault("deltas along the tool's axes", "action_frame", _of(_tool_axes)),
    Fault("deltas in millimetres", "action_unit", _of(_times(1000.0, 1.0))),
    Fault("deltas with degrees", "action_unit", _of(_times(1.0, 180.0 / np.pi))),
    Fault("deltas the other way round", "action_sign", _of(_times(-1.0, -1.0))),
    Fault("actions a frame late", "action_shifted", _of(_shift_action(1))),
    Fault("actions a frame early", "action_shifted", _of(_shift_action(-1))),
    Fault("normalised actions", "action_scaled", _of(_normalised)),
    Fault("no actions", "action_still", _of(_still)),
    Fault("rotations before positions", "action_order", _of(_rotation_first)),
    Fault("an anchor with w first", "anchor", _of(_anchor_wxyz)),
    Fault("joint deltas instead of joints", "action_delta", _then(by_joints, _joint_deltas)),
    Fault("joint actions in degrees", "action_unit", _then(by_joints, _joint_degrees)),
    Fault("joint actions in reverse", "action_order", _then(by_joints, _joint_reversed)),
    Fault("joint actions of this frame", "action_shifted", _then(by_joints, _of_this_frame)),
    Fault("eight times as fast", "rate", _then(by_joints, _too_fast)),
    Fault("the rotation's rows instead of its columns", "action_rotation", _then(by_pose, _rows)),
    Fault("pose deltas instead of poses", "action_delta", _then(by_pose, _pose_deltas)),
    Fault("pose actions in millimetres", "action_unit", _then(by_pose, _pose_millimetres)),
    Fault("the measured width as a share", "gripper_unit", _of(_width(state=lambda w: w / 0.08))),
    Fault("the measured width in millimetres", "gripper_unit", _of(_width(state=lambda w: 1000.0 * w))),
    Fault("the measured width of one finger", "gripper_unit", _of(_width(state=lambda w: 0.5 * w))),
    Fault("the commanded width of one finger", "gripper_unit", _of(_width(action=lambda w: 0.5 * w))),
    Fault("the commanded width turned round", "gripper_sign", _of(_width(action=_turned_round))),
    Fault("both widths turned round", "gripper_sign", _of(_width(_turned_round, _turned_round))),
    Fault("-1 to close and 1 to open", "gripper_binary", _of(_width(action=lambda w: np.where(w > 0.04, 1.0, -1.0)))),
    Fault("pictures upside down", "picture_turned", _of(_pictures(lambda a: a[::-1])), pictures=True),
    Fault("pictures turned by half a turn", "picture_turned", _of(_pictures(lambda a: a[::-1, ::-1])), pictures=True),
    Fault("pictures mirrored", "picture_turned", _of(_pictures(lambda a: a[:, ::-1])), pictures=True),
    Fault("blue, green, red", "picture_channels", _of(_pictures(lambda a: a[..., ::-1])), pictures=True),
    Fault("pictures from 0 to 1", "picture_dark", _of(_pictures(lambda a: a // 255)), pictures=True),
    Fault("pictures four frames late", "picture_late", _of(_late_pictures), pictures=True),
    Fault("every picture four times", "picture_repeated", _of(_repeated_pictures), pictures=True),
    Fault("the cameras exchanged", "cameras_exchanged", _of(_exchanged_pictures), pictures=True),
    Fault("pictures scaled instead of cut", "picture_squeezed", _scaled_not_cut, pictures=True),
)  # fmt: skip
