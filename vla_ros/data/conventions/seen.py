# SPDX-License-Identifier: Apache-2.0
"""What every camera saw in some frames, small and grey, and where the robot is to be in it.

Shape legend: F frames looked at, K pairs of them, H × W pixels of a small picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from vla_ros.data.conventions.recording import Recording
from vla_ros.data.conventions.silhouettes import Optics, Silhouettes, optics_of

WIDTH = 96  # [px] of the small pictures
EPISODES, FRAMES = 6, 60  # of them so many are looked at
GAP = 3  # frames between two that are compared
MOVING = 0.01  # share of a picture that must change for a pair to count
BLUR = 1.5  # [px]
RGB_GREY = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, eq=False)
class Seen:
    """What a camera saw, small, and where the robot is to be in it."""

    camera: str
    frames: np.ndarray  # (F,) of the dataset, episode by episode
    grey: np.ndarray  # (F, H, W) 0 to 255
    mask: np.ndarray  # (F, H, W) uint8; nothing where `optics` is None
    moves: np.ndarray  # (F,) whether the camera itself moves there
    optics: Optics | None  # None: neither the dataset nor the robot's file says where it is

    @property
    def where(self) -> str:
        """Name the pictures, for findings."""
        return f"pictures of {self.camera}"


def looked_at(recording: Recording, progress: Callable[[float], None]) -> Iterator[Seen]:
    """Yield every camera with the frames that are looked at."""
    trusted = not any(doubt.startswith("joints of") for doubt in recording.doubted)
    told = all(recording.stored_joints(arm) is not None for arm in recording.robot.arms)
    drawn = Silhouettes(recording) if trusted and told else None
    frames = _frames(recording)
    driving = recording.columns(BASE_AXES)
    episodes = np.unique(recording.episode[frames]).tolist()
    for number, (camera, stream) in enumerate(recording.contract.cameras.items()):
        size = (2 * round(WIDTH * stream.height / stream.width / 2), WIDTH)
        grey = np.array([image @ RGB_GREY for image in recording.images(camera, episodes, size, FRAMES)])
        optics = None if drawn is None else optics_of(recording, camera)
        moves = np.full(len(frames), False)
        if camera in recording.robot.mounted_cameras:
            moves = _camera_moves(recording, camera, optics, frames)
        mask = np.zeros(grey.shape, dtype=np.uint8)
        if drawn is not None and optics is not None:
            hand = drawn.carried_with(optics, frames) if moves.mean() > 0.5 else None
            mask = np.array([drawn.draw(optics, frame, size, hand) for frame in frames])
        if driving is not None:
            moves |= np.abs(driving[frames]).max(axis=1) > 0.01
        yield Seen(camera, frames, grey, mask, moves, optics)
        progress((number + 1) / len(recording.contract.cameras))


def _camera_moves(recording: Recording, camera: str, optics: Optics | None, frames: np.ndarray) -> np.ndarray:
    if optics is not None and optics.T_base_camera is not None and len(optics.T_base_camera) > 1:
        T = optics.T_base_camera[frames]
        shift = np.linalg.norm(np.diff(T[:, :3, 3], axis=0, append=T[-1:, :3, 3]), axis=1)
        return shift > 5e-4
    on_arm = any(camera.startswith(arm.name) for arm in recording.robot.arms) or "wrist" in camera
    return np.full(len(frames), on_arm)


def _frames(recording: Recording) -> np.ndarray:
    chosen = []
    episodes = recording.reader.metadata.episodes
    for episode in [episodes[i] for i in np.unique(np.linspace(0, len(episodes) - 1, EPISODES).astype(int))]:
        chosen.append(episode.start + np.arange(min(episode.length, FRAMES)))
    return np.concatenate(chosen)


def pairs(recording: Recording, *seen: Seen) -> np.ndarray:
    """Return the first frame (K,) of pairs between which the robot moves in each one's pictures and no camera does."""
    frames = seen[0].frames
    first = np.arange(len(frames) - GAP)
    found = recording.episode[frames[first]] == recording.episode[frames[first + GAP]]
    for one in seen:
        found &= ~np.array([one.moves[k : k + GAP + 1].any() for k in first])
        found &= (one.mask[first] != one.mask[first + GAP]).mean(axis=(1, 2)) > MOVING
    return first[found]


def changes(one: Seen, first: np.ndarray) -> np.ndarray:
    """Return where pictures change in pairs (K, H, W), blurred."""
    change = np.minimum(np.abs(one.grey[first + GAP] - one.grey[first]), 40.0)
    return np.array([cv2.GaussianBlur(picture, (0, 0), BLUR) for picture in change])


def mask_changes(one: Seen, first: np.ndarray) -> np.ndarray:
    """Return where the robot's outline changes in pairs (K, H, W), blurred."""
    change = (one.mask[first + GAP] != one.mask[first]).astype(float)
    return np.array([cv2.GaussianBlur(picture, (0, 0), BLUR) for picture in change])
