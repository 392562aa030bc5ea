# SPDX-License-Identifier: Apache-2.0
"""What the whole robot must not touch, not its tool points alone: the table below it, and itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk
from controllers.control_config import SafetyConfig
from controllers.errors import ChunkError
from controllers.safety.clearance import Clearance
from controllers.safety.hand_shape import hand_corners
from controllers.safety.self_distance import SelfDistance

# [s] at most between two looks, where ticks are no longer: links may approach as fast as looks that often allow. The
# scatter of a clock is no reason to look sooner.
CHECK_PERIOD_S, SCATTER_S = 0.008, 0.0005
TABLE_REACHED = 1e-3  # [m] a chunk may ask for this much below the table: it is given in millimetres
TABLE_TOLERANCE = 5e-3  # [m] a hand on the table is pressed into it by an error of the plane and the arm's compliance


class CollisionMonitor:
    """Refuse chunks that would put a hand into the table or links into each other; stop a robot that gets there."""

    def __init__(
        self, urdf: str, groups: Mapping[str, Sequence[str]], tool_frames: Mapping[str, str], config: SafetyConfig
    ) -> None:
        """Read the collision shapes out of `urdf` (XML text). What `config` does not ask for is not looked at.

        `groups` are the joints of each group, in the order of the follower's q; `tool_frames` those of the arms.
        """
        height = config.table_height
        self._tables = {} if height is None else {arm: _Table(urdf, tool, height) for arm, tool in tool_frames.items()}
        self._own: SelfDistance | None = None
        if config.self_distance_min is not None:
            tools, margin = list(tool_frames.values()), config.self_distance_min
            self._own = SelfDistance(urdf, list(groups.values()), tools, margin, config.stop_rate, height)
        self._names = list(groups)
        self._elapsed = 0.0

    @property
    def speed_share(self) -> float:
        """Return how fast progress may be, as a share of how fast it is."""
        return 1.0 if self._own is None else self._own.speed_share

    @property
    def clearances(self) -> dict[str, Clearance]:
        """Return, by group, what keeps links apart before they must be stopped; empty where they are not looked at."""
        return {} if self._own is None else dict(zip(self._names, self._own.clearances, strict=True))

    def reset(self, q: np.ndarray, arms: Mapping[str, ArmModel]) -> None:
        """Begin where the robot is, q (N,) [rad]: what it is in already it may leave."""
        self._elapsed = 0.0
        for name, table in self._tables.items():
            table.reset(arms[name])
        if self._own is not None:
            self._own.reset(q)

    def update(self, q: np.ndarray, arms: Mapping[str, ArmModel], dt: float) -> str:
        """Look at the robot now and then, dt [s] after the last tick; return why it must stop, or ""."""
        self._elapsed = elapsed = self._elapsed + dt
        if elapsed + dt <= CHECK_PERIOD_S + SCATTER_S:  # the next tick is early enough
            return ""
        self._elapsed = 0.0
        reason = "" if self._own is None else self._own.update(q, elapsed)
        for name, table in self._tables.items():
            reason = reason or table.update(arms[name])
        return reason

    def check_poses(self, chunk: ActionChunk, arm: str, poses: np.ndarray | None) -> None:
        """Raise ChunkError where the chunk's poses of `arm`, or those (H, 4, 4) of its joints, touch the table."""
        if arm in self._tables:
            self._tables[arm].check(chunk, arm, poses)

    def check_joints(self, configurations: np.ndarray) -> None:
        """Raise ChunkError for configurations (H, N) [rad] of all groups in which links would be too near."""
        if self._own is None:
            return
        for point, q in enumerate(configurations):
            if objection := self._own.objection(q):
                raise ChunkError(f"chunk point {point} brings {objection}")


class _Table:
    """The table below the hand of one arm."""

    def __init__(self, urdf: str, tool_frame: str, height: float) -> None:
        self._height, self._corners = height, hand_corners(urdf, tool_frame)
        self._heights, self._highest = np.zeros(len(self._corners)), 0.0

    def reset(self, model: ArmModel) -> None:
        """Begin where the arm is."""
        self._highest = self._lowest_corner(model.position[2], model.rotation[2])

    def update(self, model: ArmModel) -> str:
        """Return why the arm must stop, or ""."""
        lowest = self._lowest_corner(model.position[2], model.rotation[2])
        deeper = lowest < self._highest - 1e-3
        self._highest = max(self._highest, lowest)
        if lowest < self._height - TABLE_TOLERANCE and deeper:
            depth = 1e3 * (self._height - lowest)
            return f"fault: the hand is {depth:.0f} mm below the table at {self._height:g} m"
        return ""

    def check(self, chunk: ActionChunk, arm: str, poses: np.ndarray | None) -> None:
        """Raise ChunkError for poses below the table: (H, 4, 4), or the chunk's own."""
        if poses is not None:
            self._check_heights(poses[:, 2, 3], poses[:, 2, :3])
        elif arm in chunk.arms:
            x, y, z, w = chunk.quaternions(arm).T
            down = np.stack([2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)], axis=1)
            self._check_heights(chunk.positions(arm)[:, 2], down)

    def _check_heights(self, heights: np.ndarray, rows: np.ndarray) -> None:
        """Take heights (H,) [m] of the tool and the third rows (H, 3) of its rotations."""
        lowest = heights + (rows @ self._corners.T).min(axis=1)
        below = np.flatnonzero(lowest < self._height - TABLE_REACHED)
        if len(below):
            depth = 1e3 * (self._height - lowest[below[0]])
            raise ChunkError(
                f"chunk point {below[0]} puts the hand {depth:.0f} mm below the table at {self._height:g} m"
            )

    def _lowest_corner(self, height: float, row: np.ndarray) -> float:
        return float(height + self._corners.dot(row, out=self._heights).min())
