# SPDX-License-Identifier: Apache-2.0
"""Pictures for a calibration out of a recorded bag: one from each place where all rested.

A picture is stamped, and joint states are, but never at the same instant, and no clock agrees with another to the
millisecond: a joint at 0.1 rad/s is 0.3 mm further a tool's length away after 3 ms. So only what rests is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.calibration.board import CharucoBoard, Corners
from vla_ros.calibration.optics import Optics, pinhole
from vla_ros.calibration.pictures import Picture
from vla_ros.data.bags.image_reading import IMAGE_TYPES, ImageReader
from vla_ros.data.bags.reader import BagReader

SAMPLES = 4  # of a joint around a picture, at least
AROUND_S = 0.2  # [s] before and after a picture that the joints must rest
REST_RAD = 0.002  # [rad], [m] that a resting joint may say it moves by, noise included
MOVED_RAD = 0.02  # more than that, and it is another place
STILL_PX = 1.0  # that corners may move between two pictures of a resting board
NEW_PX = 0.04  # of the picture's width that they must have moved since any picture that was kept
PICTURES_MAX = 80
EVERY_S = 1.0  # between two pictures of a camera that stands


class JointTrack:
    """All joint states of a bag, of whoever says some; who says them less than 10 times a second does not count."""

    def __init__(self, bag: BagReader, topic: str) -> None:
        """Read them. Raises VlaError where there are none."""
        heard: dict[tuple[str, ...], list[tuple[float, np.ndarray]]] = {}
        for _, message in bag.decoded(topic):
            listed = list(message.name)
            if listed and len(message.position) == len(listed):
                row = np.asarray(message.position, np.float64)[np.argsort(listed)]
                heard.setdefault(tuple(sorted(listed)), []).append((seconds(message), row))
        if not heard:
            raise ConfigError(f"{bag.files.path}: no joint positions on {topic}: record them beside the pictures")
        parts = [_JointPart(names, samples) for names, samples in heard.items()]
        self._parts = [part for part in parts if part.often] or parts

    def resting_at(self, stamp: float) -> np.ndarray | None:
        """Return the positions (J,) around a time [s]; None where a joint moved, or nothing was heard."""
        rows = [part.resting_at(stamp) for part in self._parts]
        still = [row for row in rows if row is not None]
        return np.concatenate(still) if len(still) == len(rows) else None

    def named(self, row: np.ndarray) -> Mapping[str, float]:
        """Return positions (J,) by joint."""
        names = [name for part in self._parts for name in part.names]
        return dict(zip(names, row.tolist(), strict=True))


class _JointPart:
    """Joint states of the same joints; a joint of which nothing was ever known is left out."""

    def __init__(self, names: Sequence[str], samples: Sequence[tuple[float, np.ndarray]]) -> None:
        samples = sorted(samples, key=lambda sample: sample[0])
        rows = np.array([row for _, row in samples])
        known = np.isfinite(rows).any(axis=0)
        self.names = tuple(name for name, there in zip(names, known, strict=True) if there)
        self._stamps, self._rows = np.array([stamp for stamp, _ in samples]), rows[:, known]

    @property
    def often(self) -> bool:
        """Say whether it is said often enough to tell rest from motion."""
        enough = len(self._stamps) >= SAMPLES and bool(np.median(np.diff(self._stamps)) <= 2.0 * AROUND_S / SAMPLES)
        return bool(self.names) and enough

    def resting_at(self, stamp: float) -> np.ndarray | None:
        """Return the positions (J,) around a time [s]; None where one moved, or too little was heard."""
        first, last = np.searchsorted(self._stamps, (stamp - AROUND_S, stamp + AROUND_S))
        rows = self._rows[first:last]
        if len(rows) < SAMPLES or not np.isfinite(rows).all() or np.ptp(rows, axis=0).max(initial=0.0) > REST_RAD:
            return None
        return rows.mean(axis=0)


def bag_pictures(path: Path, camera: str, board: CharucoBoard, with_robot: bool, namespace: str = "") -> list[Picture]:
    """Return one picture of the board from each place where the arm rested, or, without a robot, the board itself.

    Raises VlaError for what is no bag, has no such camera, or shows nothing.
    """
    with BagReader(path) as bag:
        topic = _image_topic(bag, camera, namespace)
        if with_robot:
            track = JointTrack(bag, f"{namespace}/joint_states")
            return list(_resting_robot(bag, topic, board, track))
        return list(_resting_board(bag, topic, board))


def resting_pictures(path: Path, camera: str, with_robot: bool, namespace: str = "") -> Iterator[Picture]:
    """Yield one picture from each place where the arm rested, or, without a robot, one a second.

    Raises VlaError for what is no bag, or has no such camera.
    """
    with BagReader(path) as bag:
        topic = _image_topic(bag, camera, namespace)
        if with_robot:
            yield from _resting_robot(bag, topic, None, JointTrack(bag, f"{namespace}/joint_states"))
            return
        last = float("-inf")
        for stamp, pixels in _frames(bag, topic):
            if stamp - last >= EVERY_S:
                last = stamp
                yield Picture(f"{stamp:.2f} s", pixels)


def bag_optics(path: Path, camera: str, namespace: str = "") -> Optics | None:
    """Return what the bag's camera_info says; None where it says nothing."""
    topic = f"{namespace}/cameras/{camera}/color/camera_info"
    with BagReader(path) as bag:
        if topic not in bag.topics:
            return None
        for _, message in bag.decoded(topic):
            K = np.asarray(message.k, np.float64).reshape(3, 3)
            bent = np.asarray(message.d, np.float64)
            if K[0, 0] > 0.0 and len(bent) in (0, 4, 5):
                return pinhole(K, (message.width, message.height), np.pad(bent, (0, 5 - len(bent))))
    return None


def seconds(message: Any) -> float:
    """Return when a message's content was so [s]."""
    stamp = message.timestamp if hasattr(message, "timestamp") else message.header.stamp
    return float(stamp.sec + 1e-9 * stamp.nanosec)


def _image_topic(bag: BagReader, camera: str, namespace: str) -> str:
    raw = f"{namespace}/cameras/{camera}/color/image_raw"
    for topic in (raw, f"{raw}/compressed", f"{raw}/h264"):
        if topic in bag.topics and bag.topics[topic].type in IMAGE_TYPES:
            return topic
    bag.topic(raw)  # raises, naming the nearest
    raise VlaError(f"{bag.files.path}: {raw} holds no images")


def _frames(bag: BagReader, topic: str) -> Iterator[tuple[float, np.ndarray]]:
    reader = ImageReader(bag.topics[topic].type)
    for _, message in bag.decoded(topic):
        pixels = reader.read(message)
        if pixels is not None:
            yield seconds(message), pixels


def _resting_robot(bag: BagReader, topic: str, board: CharucoBoard | None, track: JointTrack) -> Iterator[Picture]:
    kept: np.ndarray | None = None
    count = 0
    for stamp, pixels in _frames(bag, topic):
        row = track.resting_at(stamp)
        if row is None or (kept is not None and np.abs(row - kept).max() < MOVED_RAD):
            continue
        if board is None or board.find("", pixels) is not None:
            kept, count = row, count + 1
            yield Picture(f"{stamp:.2f} s", pixels, track.named(row))
            if count >= PICTURES_MAX:
                return


def _resting_board(bag: BagReader, topic: str, board: CharucoBoard) -> Iterator[Picture]:
    kept: list[Corners] = []
    before: Corners | None = None
    for stamp, pixels in _frames(bag, topic):
        corners = board.find("", pixels)
        still = corners is not None and before is not None and _moved(corners, before) < STILL_PX
        before = corners
        if corners is None or not still:
            continue
        if all(_moved(corners, other) > NEW_PX * corners.size[0] for other in kept):
            kept.append(corners)
            yield Picture(f"{stamp:.2f} s", pixels)
            if len(kept) >= PICTURES_MAX:
                return


def _moved(one: Corners, other: Corners) -> float:
    """Return by how much corners that both pictures show moved on average [px]; infinity where there are none."""
    places = {tuple(np.round(board, 6)): pixel for board, pixel in zip(other.board, other.pixels, strict=True)}
    moves = [
        float(np.linalg.norm(pixel - places[key]))
        for board, pixel in zip(one.board, one.pixels, strict=True)
        if (key := tuple(np.round(board, 6))) in places
    ]
    return float(np.mean(moves)) if moves else float("inf")
