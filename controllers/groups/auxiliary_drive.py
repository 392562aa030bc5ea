# SPDX-License-Identifier: Apache-2.0
"""Carry out what chunks ask beside the arm's motion: grippers and suction by edges, a moving base within its limits.

Elbows are whole-body control's: here is what the point that was reached says of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES, AuxiliaryTrack
from controllers.chunks.chunk import ActionChunk, elbow_channel
from controllers.chunks.progress import RobotCommand
from controllers.errors import ChunkError, ConfigError
from controllers.groups.gripper import GripperAdapter


@dataclass(frozen=True)
class BaseLimits:
    """How fast a moving base may be, and how soon: x, y [m/s], yaw [rad/s], and the same a second."""

    speed: tuple[float, float, float]
    acceleration: tuple[float, float, float]

    def __post_init__(self) -> None:
        for name in ("speed", "acceleration"):
            if len(getattr(self, name)) != 3 or min(getattr(self, name)) < 0.0:
                raise ConfigError(f"base: '{name}' must be three numbers >= 0, got {getattr(self, name)}")


class AuxiliaryDrive:
    """What end effectors and base are commanded to do, tied to the progress of the motion."""

    def __init__(
        self, end_effectors: Mapping[str, GripperAdapter], base: BaseLimits | None = None, elbows: tuple[str, ...] = ()
    ) -> None:
        """Take what carries out each channel of the end effectors, the base if there is one, arms with free elbows."""
        self.elbows = elbows
        self.elbow_targets: dict[str, float] = {}  # [rad] swivel that is asked now, by arm
        self._adapters = dict(end_effectors)
        self._limits = base
        self._wanted, self._velocity = [0.0] * 3, [0.0] * 3  # of the base
        self._told = True  # whether anything is asked of the base; else whoever drives it with others may use it

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the channels of the end effectors."""
        return tuple(self._adapters)

    @property
    def widths(self) -> tuple[str, ...]:
        """Name the channels of widths, which every gripper has at any time."""
        return tuple(name for name in self._adapters if name.endswith("/width"))

    @property
    def has_base(self) -> bool:
        """Say whether there is a base to move."""
        return self._limits is not None

    def check(self, chunk: ActionChunk) -> None:
        """Raise ChunkError for a base that would be too fast, or that this robot does not have, and for no angle."""
        for arm in self.elbows:
            column = chunk.column(elbow_channel(arm))
            if column is not None and float(abs(column).max()) > pi:
                furthest = float(abs(column).max())
                raise ChunkError(f"chunk asks for {furthest:.2f} rad in '{elbow_channel(arm)}', allowed -pi to pi")
        for axis, name in enumerate(BASE_AXES):
            column = chunk.column(name)
            if column is None:
                continue
            if self._limits is None:
                raise ChunkError(f"chunk channel '{name}': this robot has no moving base")
            fastest, most = float(abs(column).max()), self._limits.speed[axis]
            if fastest > most:
                raise ChunkError(f"chunk asks the base for {fastest:.2f} in '{name}', allowed {most:g}")

    @staticmethod
    def drives_base(chunk: ActionChunk) -> bool:
        """Say whether a chunk asks the base to move."""
        columns = [chunk.column(name) for name in BASE_AXES]
        return any(column is not None and column.any() for column in columns)

    def reset(self, measured: Mapping[str, float], command: RobotCommand) -> None:
        """Begin with what is `measured` [m], by channel, all else as it was commanded last, the base at rest."""
        for name, value in measured.items():
            command.end_effectors[name] = float(value)
            self._adapters[name].reset(float(value))
        self.rest()

    def reach(self, point: int, track: AuxiliaryTrack, seen: float, now: float, command: RobotCommand) -> None:
        """Take the values of a point that the motion has reached `now` [s], of a chunk that was seen at `seen` [s]."""
        for name, values in track.tools.items():
            command.end_effectors[name] = self._adapters[name].update(values[point], now, seen)
        if track.base is not None:
            self._wanted, self._told = track.base[point], True
        if track.elbows:
            self.elbow_targets = {arm: angles[point] for arm, angles in track.elbows.items()}

    def rest(self) -> None:
        """Let the base stop, and elbows: what was asked of them expires with the motion it belongs to."""
        self._wanted, self._told = [0.0] * 3, True
        self.elbow_targets = {}

    def enter(self, track: AuxiliaryTrack) -> None:
        """Forget what the motion before asked, where this one says nothing: by itself a base stops."""
        if track.base is None:
            self._wanted, self._told = [0.0] * 3, False
        self.elbow_targets = {arm: angle for arm, angle in self.elbow_targets.items() if arm in track.elbows}

    @property
    def base_target(self) -> np.ndarray | None:
        """Return what the base is to do (3,) [m/s, m/s, rad/s]; None where nothing is asked of it."""
        return np.array(self._wanted) if self._told else None

    def advance(self, rate: float, dt: float, command: RobotCommand, base_twist: np.ndarray | None = None) -> None:
        """Bring the base nearer to what is wanted, slower where progress is (`rate` of its own), within dt [s].

        Where others have chosen its `base_twist` (3,), that is commanded.
        """
        if self._limits is None:
            return
        velocity = self._velocity
        if base_twist is not None:
            velocity[:] = base_twist.tolist()
            command.base_velocity[:] = velocity
            return
        for axis, most in enumerate(self._limits.acceleration):
            change = rate * self._wanted[axis] - velocity[axis]
            velocity[axis] += min(most * dt, max(-most * dt, change))
        command.base_velocity[:] = velocity
