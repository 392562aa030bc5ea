# SPDX-License-Identifier: Apache-2.0
"""The action chunk: one atomic, immutable, self-describing piece of future motion.

Shape legend: H points, C channels.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

import numpy as np

from controllers.errors import ChunkError

POSITION_AXES = ("position.x", "position.y", "position.z")
ORIENTATION_AXES = ("orientation.x", "orientation.y", "orientation.z", "orientation.w")
STATUS_CHANNEL = "task/status"
ELBOW_QUANTITY = "elbow"


class ChannelKind(Enum):
    """What a channel's numbers mean, which decides interpolation and filtering."""

    POSITION = "position"  # tool position [m]: interpolated, filtered
    ORIENTATION = "orientation"  # unit quaternion component: slerp, filtered on SO(3)
    JOINT = "joint"  # joint position [rad] or [m]: interpolated, filtered
    VELOCITY = "velocity"  # [m/s] or [rad/s]: held, expires, rate-limited
    GRIPPER = "gripper"  # width, depth [m] or suction [0, 1]: zero-order, never filtered
    ELBOW = "elbow"  # swivel of an arm's elbow [rad]: zero-order, the arm goes there at a rate of its own
    STATUS = "status"  # TaskStatus: zero-order


class TaskStatus(Enum):
    """GR-3's task status channel (GR-3, section 2: one more action dimension)."""

    ONGOING = 0
    TERMINATED = 1
    INVALID = -1


def channel_kind(name: str) -> ChannelKind:
    """Classify a channel by its name. Raises ChunkError for a name outside the convention."""
    if name == STATUS_CHANNEL:
        return ChannelKind.STATUS
    quantity = name.rpartition("/")[2]
    if quantity in POSITION_AXES:
        return ChannelKind.POSITION
    if quantity in ORIENTATION_AXES:
        return ChannelKind.ORIENTATION
    if quantity == "position":
        return ChannelKind.JOINT
    if quantity == "velocity" or quantity.startswith("velocity."):
        return ChannelKind.VELOCITY
    if quantity in ("width", "depth", "suction"):
        return ChannelKind.GRIPPER
    if quantity == ELBOW_QUANTITY:
        return ChannelKind.ELBOW
    raise ChunkError(
        f"chunk channel '{name}' has no known quantity: use <arm>/position.x, <arm>/orientation.w, "
        f"<joint>/position, <joint>/velocity, <gripper>/width, <arm>/elbow or {STATUS_CHANNEL}"
    )


def instruction_hash(instruction: str) -> int:
    """Hash an instruction to 32 bits, which a float64 channel carries exactly."""
    return zlib.crc32(" ".join(instruction.lower().split()).encode())


def pose_channels(arm: str) -> tuple[str, ...]:
    """Name the seven pose channels of an arm: x y z, then quaternion x y z w."""
    return tuple(f"{arm}/{axis}" for axis in POSITION_AXES + ORIENTATION_AXES)


def elbow_channel(arm: str) -> str:
    """Name the channel that says where an arm's elbow is to be: its swivel [rad], 0 where it hangs."""
    return f"{arm}/{ELBOW_QUANTITY}"


POINTS_MAX = 2000  # of one chunk: more is a mistake, and takes the time of the control process


def check_length(points: int) -> None:
    """Raise ChunkError for a chunk of more than POINTS_MAX points."""
    if points > POINTS_MAX:
        raise ChunkError(f"chunk has {points} points, allowed {POINTS_MAX}")


@dataclass(frozen=True, eq=False)
class ChannelLayout:
    """What a chunk's channels are and where: the same for every chunk of a source, so worked out once."""

    kinds: tuple[ChannelKind, ...]  # (C,)
    columns: Mapping[str, int]  # of each channel
    poses: Mapping[str, list[int]]  # of each arm's seven pose channels: x y z, then quaternion x y z w


@lru_cache(maxsize=64)
def channel_layout(channels: tuple[str, ...]) -> ChannelLayout:
    """Work out the layout of `channels` (C,). Raises ChunkError for one that is unknown, or a pose that lacks some."""
    kinds = tuple(channel_kind(name) for name in channels)
    columns = {name: column for column, name in enumerate(channels)}
    suffix = "/" + POSITION_AXES[0]
    poses: dict[str, list[int]] = {}
    for arm in (name.removesuffix(suffix) for name in channels if name.endswith(suffix)):
        names = pose_channels(arm)
        missing = [name for name in names if name not in columns]
        if missing:
            raise ChunkError(f"chunk for arm '{arm}' lacks {missing[0]}: a pose needs all seven channels")
        poses[arm] = [columns[name] for name in names]
    return ChannelLayout(kinds, columns, poses)


@dataclass(frozen=True, eq=False)
class ActionChunk:
    """Targets at `stamp + times[i]`; row i of `values` holds every channel at that time.

    Poses are absolute, in `frame_id`, the robot's base at the stamp: a base that drives on leaves them where they are.
    Quaternions are xyzw, hemisphere-continuous.

    Raises ChunkError when shapes disagree, a value is not finite, times do not increase strictly,
    a channel is unknown or repeated, or a quaternion is far from unit length.
    """

    stamp: float  # [s] exposure time of the observation's reference camera
    frame_id: str
    channels: tuple[str, ...]  # (C,)
    times: np.ndarray  # (H,) [s] after stamp
    values: np.ndarray  # (H, C)
    sequence: int = 0  # order of emission by its source
    instruction: int = 0  # instruction_hash of the text it was computed for
    inference_s: float = 0.0  # [s] observation to chunk
    riding: bool = False  # poses are in the base at each point's time, not in the base at the stamp
    layout: ChannelLayout = field(init=False, repr=False)

    def __post_init__(self) -> None:
        times = np.array(self.times, dtype=np.float64)
        values = np.array(self.values, dtype=np.float64)
        channels = tuple(self.channels)
        if times.ndim != 1 or values.shape != (len(times), len(channels)):
            raise ChunkError(
                f"chunk shapes disagree: {len(channels)} channels, times {times.shape}, values {values.shape}; "
                "values must be (points, channels)"
            )
        if len(times) == 0 or not channels:
            raise ChunkError("chunk is empty: it needs at least one point and one channel")
        check_length(len(times))
        if len(set(channels)) != len(channels):
            raise ChunkError("chunk names a channel twice")
        if not (np.isfinite(times).all() and np.isfinite(values).all() and np.isfinite(self.stamp)):
            raise ChunkError("chunk holds a value that is not finite")
        if (np.diff(times) <= 0.0).any() or times[0] < 0.0:
            raise ChunkError("chunk times must be >= 0 and increase strictly")
        layout = channel_layout(channels)
        for arm, columns in layout.poses.items():
            _normalise_quaternions(values, columns[3:], arm)
        object.__setattr__(self, "channels", channels)
        object.__setattr__(self, "layout", layout)
        times.flags.writeable = values.flags.writeable = False
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "values", values)

    @property
    def kinds(self) -> tuple[ChannelKind, ...]:
        """Return what the numbers of each channel mean (C,)."""
        return self.layout.kinds

    @property
    def arms(self) -> tuple[str, ...]:
        """Name the arms that have pose channels."""
        return tuple(self.layout.poses)

    @property
    def duration(self) -> float:
        """Return the time of the last point after `stamp` [s]."""
        return float(self.times[-1])

    def column(self, channel: str) -> np.ndarray | None:
        """Return a channel's values (H,), or None when the chunk does not carry it."""
        at = self.layout.columns.get(channel)
        return None if at is None else self.values[:, at]

    def positions(self, arm: str) -> np.ndarray:
        """Return the tool positions of an arm (H, 3) [m] in `frame_id`."""
        return self.values[:, self.layout.poses[arm][:3]]

    def quaternions(self, arm: str) -> np.ndarray:
        """Return the tool orientations of an arm (H, 4), xyzw, unit."""
        return self.values[:, self.layout.poses[arm][3:]]

    @property
    def status(self) -> TaskStatus:
        """Return the task status of the last point; ongoing when the chunk does not carry one."""
        column = self.column(STATUS_CHANNEL)
        return TaskStatus.ONGOING if column is None else TaskStatus(int(np.clip(round(column[-1]), -1, 1)))


def _normalise_quaternions(values: np.ndarray, columns: list[int], arm: str) -> None:
    quaternions = values[:, columns]
    with np.errstate(over="ignore"):  # what is too large to be squared is refused as any other
        norms = np.linalg.norm(quaternions, axis=1, keepdims=True)
    if (np.abs(norms - 1.0) > 1e-2).any():
        raise ChunkError(f"chunk orientation of arm '{arm}' is not a unit quaternion (norm {norms.min():.3g})")
    quaternions = quaternions / norms
    # q and -q are one rotation; neighbours on opposite hemispheres would interpolate the long way round.
    signs = np.cumprod(np.where((quaternions[1:] * quaternions[:-1]).sum(axis=1) < 0.0, -1.0, 1.0))
    quaternions[1:] *= signs[:, None]
    values[:, columns] = quaternions
