# SPDX-License-Identifier: Apache-2.0
"""A hand demonstration: one task done by a person's own hand, as a headset recorded it.

demonstration.yaml  the words, and how hand and picture lie to the robot whose data it becomes
hands.jsonl         messages `hands` of the operator's page, as they came (docs/teleop.md)
pictures.jsonl      {"t": …, "file": "000001.jpg", "head": {"p": …, "q": …}} a line, of the same clock [ms]
pictures/           what the headset saw
summary.json        of `vla hands` alone: its id, and what is doubtful about it
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError, VlaError
from vla_ros.configuration import load_config
from vla_ros.data.hands.robot_arm import HANDS as SIDES
from vla_ros.data.hands.robot_arm import ON_TABLE, floor_of
from vla_ros.documents import DocumentError, parse_json, read_bytes, read_json
from vla_ros.policies.contract import DataContract
from vla_ros.robots.embodiment import load_embodiment

Row = TypeVar("Row")

LINES_MAX = 64 << 20  # [B] of a file of JSON lines
SETTINGS, HANDS, PICTURES, SUMMARY = "demonstration.yaml", "hands.jsonl", "pictures.jsonl", "summary.json"
OLD_SETTINGS = "take.yaml"  # as recordings have it that were called takes
# WebXR's axes (x right, y up, z back) in the robot's (x forward, y left, z up).
R_ROBOT_XR = np.array([[0.0, 0.0, -1.0], [-1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
# A head that looks forward, in robot axes, to a camera's: z into the picture, x right, y down.
_R_HEAD_OPTICAL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


@dataclass(frozen=True)
class HandDemonstrationConfig:
    """What a demonstration's numbers mean. Raises ConfigError for what cannot be."""

    instruction: str
    camera: str  # of the contract: what the headset saw stands in its place
    opening: float  # [m] of an open hand
    hand: str = "right"
    intrinsics: tuple[float, ...] = (600.0, 600.0, 319.5, 239.5)  # fx, fy, cx, cy [px] of the pictures
    floor: tuple[float, ...] = ()  # (3,) [m] the headset's floor in the robot's base frame; empty: its robot's
    yaw: float = 0.0  # [rad] the headset's forward to the robot's
    grip: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0)  # xyzw: the tool's orientation in a hand that points forward

    def __post_init__(self) -> None:
        if not self.instruction.strip():
            raise ConfigError("instruction must not be empty: say what was done")
        if self.hand not in SIDES:
            raise ConfigError(f"hand must be right or left, got '{self.hand}'")
        for name, size in (("intrinsics", 4), ("floor", 3), ("grip", 4)):
            values = getattr(self, name)
            if name == "floor" and not values:
                continue
            if len(values) != size or not all(map(math.isfinite, values)):
                raise ConfigError(f"{name} needs {size} finite numbers, got {list(values)}")
        if not 0.0 < self.opening <= 0.2:
            raise ConfigError(f"opening must be above 0 and at most 0.2 m, got {self.opening:g}")
        if not math.isfinite(self.yaw):
            raise ConfigError(f"yaw must be a finite angle [rad], got {self.yaw}")
        if not any(self.grip):
            raise ConfigError("grip must be a quaternion xyzw, got zeros")


@dataclass(frozen=True, eq=False)
class HandDemonstration:
    """A demonstration in the robot's base frame. Shape legend: S hand samples, P pictures."""

    config: HandDemonstrationConfig
    times: np.ndarray  # (S,) [s]
    poses: np.ndarray  # (S, 7) position [m] and quaternion xyzw of the tool that the hand stands for
    widths: np.ndarray  # (S,) [m]
    picture_times: np.ndarray  # (P,) [s]
    pictures: tuple[Path, ...]
    cameras: np.ndarray  # (P, 7) pose of the camera's optical frame


def read_demonstration(folder: Path, contract: DataContract | None = None) -> HandDemonstration:
    """Read a demonstration. Raises VlaError that names file and line of the first thing that cannot be used.

    Where it says no floor that of the contract's robot counts, without a contract that of one on a table.
    """
    config = load_config(settings_file(folder), HandDemonstrationConfig)
    if not config.floor:
        floor = ON_TABLE if contract is None else floor_of(load_embodiment(contract.robot))
        config = dataclasses.replace(config, floor=floor)
    samples = [row for row in _rows(folder / HANDS, partial(_hand, hand=config.hand)) if row is not None]
    shown = _rows(folder / PICTURES, partial(_shown, pictures=folder / "pictures"))
    if len(samples) < 2 or not shown:
        raise VlaError(f"{folder}: holds {len(samples)} poses of the {config.hand} hand and {len(shown)} pictures")
    times, p, q, opened = (np.array(column, dtype=float) for column in zip(*samples, strict=True))
    if not all(np.isfinite(values).all() for values in (times, p, q, opened)) or (np.diff(times) <= 0.0).any():
        raise VlaError(f"{folder / HANDS}: a number is not finite, or the clock stands still or goes back")
    if any(later[0] < before[0] for before, later in pairwise(shown)):
        raise VlaError(f"{folder / PICTURES}: the clock goes back: put the lines in the order of their times")
    position, R = _in_base(config, p, Rotation.from_quat(q))
    tool = R * Rotation.from_quat(config.grip)
    where, R_head = _in_base(
        config, np.array([head[0] for *_, head in shown]), Rotation.from_quat([h[1] for *_, h in shown])
    )
    optical = R_head * Rotation.from_matrix(_R_HEAD_OPTICAL)
    return HandDemonstration(
        config,
        times,
        np.column_stack([position, tool.as_quat()]),
        np.clip(opened, 0.0, 1.0) * config.opening,
        np.array([t for t, *_ in shown]),
        tuple(path for _, path, _ in shown),
        np.column_stack([where, optical.as_quat()]),
    )


def settings_file(folder: Path) -> Path:
    """Return where a demonstration's words are, or would be."""
    old = folder / OLD_SETTINGS
    return old if old.is_file() and not (folder / SETTINGS).is_file() else folder / SETTINGS


def demonstration_id(folder: Path) -> str:
    """Return what names a demonstration wherever it lies; "" for one that `vla hands` has not recorded."""
    try:
        return str(read_json(folder / SUMMARY)["id"])
    except (ConfigError, TypeError, KeyError):
        return ""


def _in_base(config: HandDemonstrationConfig, p: np.ndarray, R_xr: Rotation) -> tuple[np.ndarray, Rotation]:
    """Return positions (S, 3) and rotations in the robot's base frame."""
    turn = Rotation.from_euler("z", config.yaw)
    axes = Rotation.from_matrix(R_ROBOT_XR)
    return turn.apply(p @ R_ROBOT_XR.T) + np.array(config.floor), turn * axes * R_xr * axes.inv()


def _hand(row: dict[str, Any], hand: str) -> tuple[float, list[float], list[float], float] | None:
    """Return when the hand was where, and how far open; None where it was not seen."""
    values = row.get("hands", {}).get(hand)
    return None if values is None else (row["t"] / 1000.0, *_pose(values), 1.0 - values["gripper"])


def _shown(row: dict[str, Any], pictures: Path) -> tuple[float, Path, tuple[list[float], list[float]]]:
    """Return when a picture was taken, its file, and how the head stood."""
    return row["t"] / 1000.0, pictures / row["file"], _pose(row["head"])


def _pose(values: Any) -> tuple[list[float], list[float]]:
    p, q = [float(number) for number in values["p"]], [float(number) for number in values["q"]]
    if len(p) != 3 or len(q) != 4 or not any(q):
        raise ValueError("a pose is p [x, y, z] and q, a quaternion xyzw")
    return p, q


def _rows(path: Path, take: Callable[[dict[str, Any]], Row]) -> list[Row]:
    """Return what `take` makes of each line. Raises VlaError that names the first of which it makes nothing."""
    try:
        lines = read_bytes(path, LINES_MAX).splitlines()
    except DocumentError as error:
        raise VlaError(f"{error}: a demonstration has {SETTINGS}, {HANDS}, {PICTURES}") from None
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            row = parse_json(line, str(path), finite=True)
            float(row["t"])
        except (DocumentError, ValueError, TypeError, KeyError):
            if number == len(lines):
                continue  # torn by a crash
            raise VlaError(f"{path}: line {number} is no message with a time: remove it") from None
        try:
            rows.append(take(row))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise VlaError(
                f"{path}: line {number} is not as the headset's page writes it ({type(error).__name__}: {error}): "
                "remove it"
            ) from None
    return rows
