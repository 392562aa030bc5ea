# SPDX-License-Identifier: Apache-2.0
"""Which columns of a path are whose: each driven group has its own, a tool's pose or the group's joints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.base_motion import PlanarPose
from controllers.chunks.chunk import ActionChunk, ChannelKind, channel_layout, elbow_channel, pose_channels
from controllers.errors import ChunkError, unknown_name

CARTESIAN, JOINT = "cartesian", "joint"
POSE = 7  # columns of a tool's pose: position [m], quaternion xyzw
ROTATION_METRES = 0.15  # [m/rad] how a turn compares with a shift when the nearest point is sought


@dataclass(frozen=True, eq=False)
class Track:
    """One group's columns of a path."""

    group: str  # whose pose channels are `<group>/position.x` and so on
    joints: tuple[str, ...]  # (N,)
    lower: np.ndarray  # (N,) [rad] or [m] where its joints stop
    upper: np.ndarray
    has_tool: bool = True  # whose pose chunks may give
    mode: str = CARTESIAN  # the space of its columns: CARTESIAN (7,) | JOINT (N,)
    columns: slice = field(default_factory=lambda: slice(0, POSE))
    anchor: PlanarPose | None = None  # T_odom_frame of the frame its poses stay in; None: the base, wherever it drives
    moved: bool = False  # whether a chunk says anything of the group; else it comes to rest

    @property
    def weights(self) -> np.ndarray:
        """Return what brings its columns to metres (C,); a quaternion moves half as far as it turns."""
        if self.mode == JOINT:
            return np.ones(len(self.joints))
        return np.array([1.0] * 3 + [2.0 * ROTATION_METRES] * 4)

    def commanded_quantity(self, chunk: ActionChunk) -> str:
        """Say by what a chunk moves the group: "pose", "position" or "velocity" of its joints, "" for not at all.

        Raises ChunkError for several at once, or for some of its joints only.
        """
        return _commanded_quantity(self.group, self.joints, chunk.channels)

    def targets(self, chunk: ActionChunk, asked: str) -> np.ndarray:
        """Return what a chunk says of the group: poses (H, 7), or positions or velocities of its joints (H, N)."""
        if asked == "pose":
            return np.hstack([chunk.positions(self.group), chunk.quaternions(self.group)])
        columns = chunk.layout.columns
        return chunk.values[:, [columns[f"{name}/{asked}"] for name in self.joints]]


@lru_cache(maxsize=256)
def _commanded_quantity(group: str, joints: tuple[str, ...], channels: tuple[str, ...]) -> str:
    found: list[str] = []
    for quantity in ("position", "velocity"):
        given = [name for name in joints if f"{name}/{quantity}" in channels]
        if given and len(given) != len(joints):
            missing = next(name for name in joints if name not in given)
            raise ChunkError(f"chunk moves some joints only: '{missing}/{quantity}' is missing")
        found += [quantity] * bool(given)
    found += ["pose"] * (group in channel_layout(channels).poses)
    if len(found) > 1:
        first, second = (name if name == "pose" else f"joint {name}" for name in found[:2])
        raise ChunkError(f"chunk holds both {first} and {second} targets for '{group}'")
    return found[0] if found else ""


def space_of(asked: str) -> str:
    """Return the space in which a group is moved that a chunk moves by `asked`."""
    return CARTESIAN if asked == "pose" else JOINT


def side_by_side(tracks: Sequence[Track], modes: Sequence[str]) -> tuple[Track, ...]:
    """Return the tracks in these spaces, their columns one after the other, all of them the base's."""
    laid: list[Track] = []
    first = 0
    for track, mode in zip(tracks, modes, strict=True):
        size = POSE if mode == CARTESIAN else len(track.joints)
        laid.append(replace(track, mode=mode, columns=slice(first, first + size), anchor=None, moved=False))
        first += size
    return tuple(laid)


def refuse_unknown(
    chunk: ActionChunk, tracks: Sequence[Track], tools: Sequence[str], elbows: Sequence[str] = ()
) -> None:
    """Raise ChunkError, with the nearest name, for a channel that is nobody's on this robot; `elbows` are free."""
    owners = tuple((track.group, track.joints, track.has_tool) for track in tracks)
    if unknown := _unknown_channel(chunk.channels, owners, tuple(tools), tuple(elbows)):
        raise ChunkError(unknown)


@lru_cache(maxsize=64)
def _unknown_channel(
    channels: tuple[str, ...],
    owners: tuple[tuple[str, tuple[str, ...], bool], ...],
    tools: tuple[str, ...],
    elbows: tuple[str, ...],
) -> str:
    """Return what is wrong with the first channel that is nobody's, or ""."""
    ours = {name for group, _, has_tool in owners if has_tool for name in pose_channels(group)}
    ours |= {
        f"{name}/{quantity}" for _, joints, _ in owners for name in joints for quantity in ("position", "velocity")
    }
    known = (*sorted(ours), *tools, *BASE_AXES, *map(elbow_channel, elbows))
    for name, kind in zip(channels, channel_layout(channels).kinds, strict=True):
        if kind is ChannelKind.ELBOW and not elbows:
            return f"chunk channel '{name}': whole-body control alone moves elbows, of arms of seven joints"
        if kind is not ChannelKind.STATUS and name not in known:
            return unknown_name("chunk channel", name, known)
    return ""
