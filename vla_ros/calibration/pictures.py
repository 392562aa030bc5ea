# SPDX-License-Identifier: Apache-2.0
"""Pictures for a calibration, with what is known of the robot at each: from a folder, or from a bag.

A folder holds pictures and, for the robot's part, `views.yaml` (or views.json), a list with an entry for each of them:

    - {picture: 000.png, joints: {panda_joint1: 0.1, …}}      # [rad], [m]
    - {picture: 001.png, tool: [x, y, z, qx, qy, qz, qw]}     # or the pose of the arm's tool frame in the base frame
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.documents import read_json, read_yaml
from vla_ros.encoded_images import read_image

SUFFIXES = (".png", ".jpg", ".jpeg")
POSE_FILES = ("views.yaml", "views.json")


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture; of the robot as much as is known."""

    name: str
    pixels: np.ndarray  # (H, W, 3) uint8 RGB
    joints: Mapping[str, float] | None = None  # [rad], [m]
    T_base_tool: np.ndarray | None = None  # (4, 4)


@dataclass(frozen=True)
class _Entry:
    """One entry of views.yaml."""

    picture: str
    joints: dict[str, float] | None = None
    tool: tuple[float, float, float, float, float, float, float] | None = None


def folder_pictures(folder: Path, with_robot: bool) -> Iterator[Picture]:
    """Yield a folder's pictures by name; `with_robot`: those of its views.yaml. Raises ConfigError."""
    entries = _entries(folder) if with_robot else {}
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ConfigError(f"{folder}: no {', '.join(SUFFIXES)} file in this folder")
    names = {file.name for file in files}
    for name in entries:
        if name not in names:
            raise ConfigError(f"{folder}: views name the picture '{name[:200]}', which is not there")
    for file in files:
        entry = entries.get(file.name)
        if with_robot and entry is None:
            continue
        pixels = np.ascontiguousarray(read_image(file, cv2.IMREAD_COLOR)[..., ::-1])
        yield Picture(file.name, pixels, *((None, None) if entry is None else (entry.joints, _pose(entry, folder))))


def _entries(folder: Path) -> dict[str, _Entry]:
    path = next((folder / name for name in POSE_FILES if (folder / name).is_file()), None)
    if path is None:
        raise ConfigError(f"{folder}: no {POSE_FILES[0]} beside the pictures: it says where the robot was at each")
    listed: Any = read_json(path) if path.suffix == ".json" else read_yaml(path)
    if not isinstance(listed, list) or not listed:
        raise ConfigError(f"{path}: expected a list with an entry for every picture")
    entries = {}
    for number, values in enumerate(listed):
        entry = build(_Entry, values, f"{path}: entry {number}")
        if (entry.joints is None) == (entry.tool is None):
            raise ConfigError(f"{path}: entry {number}: give either 'joints' or 'tool'")
        if entry.picture in entries:
            raise ConfigError(f"{path}: the picture '{entry.picture[:200]}' has two entries")
        entries[entry.picture] = entry
    return entries


def _pose(entry: _Entry, folder: Path) -> np.ndarray | None:
    if entry.tool is None:
        return None
    place, quaternion = np.array(entry.tool[:3]), np.array(entry.tool[3:])
    if not 0.99 < np.linalg.norm(quaternion) < 1.01:
        raise ConfigError(f"{folder}: {entry.picture[:200]}: 'tool' ends in a quaternion x, y, z, w of length 1")
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_quat(quaternion).as_matrix(), place
    return T
