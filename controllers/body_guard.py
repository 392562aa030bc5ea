# SPDX-License-Identifier: Apache-2.0
"""What the whole arm must not touch, not the tool point alone: the table below its hand, and itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from controllers.chunk import ActionChunk
from controllers.control_config import SafetyConfig
from controllers.errors import ChunkError
from controllers.hand_shape import hand_corners
from controllers.model import ArmModel
from controllers.self_distance import SelfDistance

LOOK_PERIOD_S = 0.008  # [s]
TABLE_REACHED = 1e-3  # [m] a chunk may ask for this much below the table: it is given in millimetres
TABLE_TOLERANCE = 5e-3  # [m] a hand on the table is pressed into it by an error of the plane and the arm's compliance


class BodyGuard:
    """Refuse chunks that would put the hand into the table or links into each other; stop an arm that gets there."""

    def __init__(self, urdf: str, joints: Sequence[str], tool_frame: str, config: SafetyConfig) -> None:
        """Read the collision shapes out of `urdf` (XML text). What `config` does not ask for is not looked at."""
        self._table = config.table_height
        self._corners = hand_corners(urdf, tool_frame) if self._table is not None else np.zeros((1, 3))
        self._heights, self._highest = np.zeros(len(self._corners)), 0.0
        self._own: SelfDistance | None = None
        if config.self_distance_min is not None:
            self._own = SelfDistance(urdf, joints, tool_frame, config.self_distance_min, config.stop_rate)
        self._elapsed = 0.0

    @property
    def speed_share(self) -> float:
        """Return how fast progress may be, as a share of how fast it is."""
        return 1.0 if self._own is None else self._own.speed_share

    def reset(self, model: ArmModel) -> None:
        """Begin where the arm is: what it is in already it may leave."""
        self._elapsed = 0.0
        self._highest = self._lowest_corner(model.position[2], model.rotation[2])
        if self._own is not None:
            self._own.reset(model.q)

    def look(self, model: ArmModel, dt: float) -> str:
        """Look at the arm now and then, dt [s] after the last tick; return why it must stop, or ""."""
        self._elapsed = elapsed = self._elapsed + dt
        if elapsed < LOOK_PERIOD_S:
            return ""
        self._elapsed = 0.0
        reason = "" if self._own is None else self._own.look(model.q, elapsed)
        return reason or self._look_at_table(model)

    def check(self, chunk: ActionChunk, arm: str, targets: np.ndarray | None, forward: Callable) -> None:
        """Raise ChunkError for poses of `arm`, or joint targets (H, N) [rad], that touch table or arm.

        `forward` gives T_base_ee (4, 4) of one configuration.
        """
        if targets is not None and self._own is not None:
            for point, q in enumerate(targets):
                if objection := self._own.objection(q):
                    raise ChunkError(f"chunk point {point} brings {objection}")
        if targets is not None:
            poses = np.array([forward(q)[2] for q in targets])  # (H, 4): heights are all that counts
            self._check_heights(poses[:, 3], poses[:, :3])
        elif arm in chunk.arms:
            x, y, z, w = chunk.quaternions(arm).T
            down = np.stack([2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)], axis=1)
            self._check_heights(chunk.positions(arm)[:, 2], down)

    def _check_heights(self, heights: np.ndarray, rows: np.ndarray) -> None:
        """Take heights (H,) [m] of the tool and the third rows (H, 3) of its rotations."""
        table = self._table
        if table is None:
            return
        lowest = heights + (rows @ self._corners.T).min(axis=1)
        below = np.flatnonzero(lowest < table - TABLE_REACHED)
        if len(below):
            depth = 1e3 * (table - lowest[below[0]])
            raise ChunkError(f"chunk point {below[0]} puts the hand {depth:.0f} mm below the table at {table:g} m")

    def _look_at_table(self, model: ArmModel) -> str:
        if self._table is None:
            return ""
        lowest = self._lowest_corner(model.position[2], model.rotation[2])
        deeper = lowest < self._highest - 1e-3
        self._highest = max(self._highest, lowest)
        if lowest < self._table - TABLE_TOLERANCE and deeper:
            depth = 1e3 * (self._table - lowest)
            return f"fault: the hand is {depth:.0f} mm below the table at {self._table:g} m"
        return ""

    def _lowest_corner(self, height: float, row: np.ndarray) -> float:
        return float(height + np.dot(self._corners, row, out=self._heights).min())
