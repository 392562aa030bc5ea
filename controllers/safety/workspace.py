# SPDX-License-Identifier: Apache-2.0
"""The box that the tool's point stays in: of what chunks ask for, and of what the arm does.

A chunk may ask for `workspace_margin` outside of the box, and the tool is kept RESERVE inside of that. In motion each
face is a barrier as a joint's end is: the tool may be as fast towards it as it can still stop before it.

A tool that is outside already (enabled there, moved by hand) may come back and may not get further out.
"""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.errors import ChunkError
from controllers.safety.braking_profile import BrakingProfile

RESERVE = 0.01  # [m] inside what a chunk may ask for, at most a tenth of the box: what the wire's delay may take
END_RATE = 12.0  # [1/s] at which the tool approaches a face
BRAKING = 4.0  # [m/s²] of the tool before that
RETURN_SPEED = 0.05  # [m/s] at most, of a tool that is past a face: the rest of its way back is its own
FAR = 0.3  # [m/s] slower than each face allows: nothing to be kept
OUTWARD = 0.01  # [m/s] and faster is on its way out; what is below is noise
TOLERANCE = 5e-3  # [m] further out than the tool is: it is measured, and a spring gives way
AXES = "xyz"


def check_workspace(
    positions: np.ndarray, tool: np.ndarray, limits: ArmLimits, margin: float, points: np.ndarray | None = None
) -> None:
    """Raise ChunkError for tool positions (H, 3) [m] outside of the box widened by `margin` [m].

    They are those of the chunk's `points` (H,), by default of each in turn. Where the `tool` (3,) [m] is outside,
    positions may be as well, as long as none is further out than those before.
    """
    beyond = _beyond(positions, limits, margin)
    if beyond.max(initial=0.0) <= 0.0:
        return
    furthest = np.minimum.accumulate(np.vstack([_beyond(tool[None], limits, margin), beyond])[:-1])
    wrong = np.argwhere((beyond > 0.0) & (beyond > furthest + TOLERANCE * (furthest > 0.0)))
    if len(wrong):
        row, face = wrong[0]
        point = row if points is None else points[row]
        axis = face % 3
        low, high = limits.workspace_lower[axis], limits.workspace_upper[axis]
        raise ChunkError(f"chunk point {point} puts the tool at {AXES[axis]} = {positions[row, axis]:.3f} m, outside "
                         f"the workspace box: allowed {low:g} to {high:g} m")  # fmt: skip


def _beyond(positions: np.ndarray, limits: ArmLimits, margin: float) -> np.ndarray:
    """Return how far positions (H, 3) [m] are beyond each face (H, 6) [m]: three lower, then three upper."""
    low, high = limits.workspace_lower - margin, limits.workspace_upper + margin
    return np.hstack([low - positions, positions - high])


class Workspace:
    """The faces that one arm's tool keeps behind in motion."""

    def __init__(self, limits: ArmLimits, margin: float) -> None:
        """Keep the tool in the box of `limits` widened by `margin` [m]."""
        size = limits.workspace_upper - limits.workspace_lower
        self._reserve = reserve = np.minimum(RESERVE, 0.1 * size)
        self._box = np.stack([limits.workspace_upper + margin - reserve, limits.workspace_lower - margin + reserve])
        self._faces = self._box.copy()  # (2, 3) [m] upper and lower, of now
        self._limits = limits
        self._signs = np.array([[1.0], [-1.0]])
        self._profile = BrakingProfile(END_RATE, BRAKING)
        self._distance, self._speed = np.zeros((2, 3)), np.zeros((2, 3))
        self._knee, self._twice, self._offset = BRAKING / END_RATE**2, 2.0 * BRAKING, (BRAKING / END_RATE) ** 2
        self._widened = False
        self._note()

    def reset(self, position: np.ndarray) -> None:
        """Take the tool (3,) [m] as it is: where it is outside it may stay, and come back."""
        np.maximum(self._box[0], position, out=self._faces[0])
        np.minimum(self._box[1], position, out=self._faces[1])
        self._note()

    def update(self, position: np.ndarray, twist: np.ndarray) -> str:
        """Take the tool's position (3,) [m] and twist (6,); return why it must be stopped, or ""."""
        if self._widened:  # what it has come back by stays behind it
            np.minimum(self._faces[0], np.maximum(self._box[0], position), out=self._faces[0])
            np.maximum(self._faces[1], np.minimum(self._box[1], position), out=self._faces[1])
            self._note()
        (x, y, z), (u, v, w) = position.tolist(), self._upper
        (a, b, c) = self._lower
        if a <= x <= u and b <= y <= v and c <= z <= w:
            return ""
        return self._judge(position, twist)

    def near(self, position: np.ndarray, velocity: np.ndarray) -> bool:
        """Say whether a tool at position (3,) [m] with velocity (3,) [m/s] is about to meet a face."""
        knee, twice, offset = self._knee, self._twice, self._offset
        for x, v, low, high in zip(position.tolist(), velocity.tolist(), self._lower, self._upper, strict=True):
            distance, speed = min(high - x, x - low), abs(v) + FAR
            if distance < knee or speed * speed > twice * distance - offset:
                return True
        return False

    def speeds(self, position: np.ndarray) -> np.ndarray:
        """Return how fast the tool may go up and down each axis at position (3,) [m] (2, 3) [m/s], a view."""
        distance, speed = self._distance, self._speed
        np.subtract(self._faces, position, out=distance)
        distance *= self._signs
        self._profile.write(distance, speed)
        return np.maximum(speed, -RETURN_SPEED, out=speed)

    def keep(self, position: np.ndarray) -> None:
        """Put a position (3,) [m] that leads the tool on the face it is beyond, in place."""
        np.clip(position, self._faces[1], self._faces[0], out=position)

    def clip(self, position: np.ndarray, velocity: np.ndarray) -> None:
        """Put a commanded position (3,) [m] on the face it is beyond, at rest there, in place."""
        outside = (position > self._faces[0] + self._reserve) | (position < self._faces[1] - self._reserve)
        if outside.any():
            np.clip(position, self._faces[1] - self._reserve, self._faces[0] + self._reserve, out=position)
            velocity[outside] = 0.0

    def _note(self) -> None:
        """Keep the faces as plain numbers: the loop compares single ones."""
        self._upper, self._lower = self._faces.tolist()
        self._widened = bool((self._faces != self._box).any())

    def _judge(self, position: np.ndarray, twist: np.ndarray) -> str:
        past = self._signs * (position - self._faces) - self._reserve  # (2, 3) [m]
        leaving = (past > 0.0) & (self._signs * twist[:3] > OUTWARD)
        if not leaving.any():
            return ""
        _side, axis = np.argwhere(leaving)[0]
        low, high = self._limits.workspace_lower[axis], self._limits.workspace_upper[axis]
        return (f"fault: the tool leaves the workspace box: {AXES[axis]} = {position[axis]:.3f} m, "
                f"allowed {low:g} to {high:g} m")  # fmt: skip
