# SPDX-License-Identifier: Apache-2.0
"""How far apart the arm's own links are, looked at a few pairs at a time: slow down, then stop before they touch.

Speed is what counts, not distance alone: a folded wrist is always near the forearm, and that is no reason to stop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin

from controllers.self_pairs import checked_self_pairs

SAMPLES = 500  # configurations by which the pairs are chosen
PAIRS_AT_A_LOOK = 10
SLOW_S = 0.3  # [s] to contact at the present speed, from which on progress is slowed
REACTION_S = 0.02  # [s] until a stop acts: the tick, the wire
NOISE = 1e-3  # [m] what is no approach


class SelfDistance:
    """The distances between the links of one arm, its base and its hand; fingers as wide open as they go."""

    def __init__(self, urdf: str, joints: Sequence[str], tool_frame: str, margin: float, stop_rate: float) -> None:
        """Keep the links `margin` [m] apart; a stop takes the speed out at `stop_rate` [1/s]."""
        self._model = model = pin.buildModelFromXML(urdf)
        geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
        self._columns = [model.joints[model.getJointId(name)].idx_q for name in joints]
        tool = model.frames[model.getFrameId(tool_frame)].parentJoint
        self._q = pin.neutral(model)
        fingers = [model.joints[j].idx_q for j in range(1, model.njoints) if model.parents[j] == tool]
        self._q[fingers] = model.upperPositionLimit[fingers]
        lower, upper = self._q.copy(), self._q.copy()
        lower[self._columns] = model.lowerPositionLimit[self._columns]
        upper[self._columns] = model.upperPositionLimit[self._columns]
        pairs = checked_self_pairs(model, geometry, lower, upper, SAMPLES)
        # Neighbouring pairs into different groups: whatever two links do, one of the next looks sees it.
        count = max(1, -(-len(pairs) // PAIRS_AT_A_LOOK))
        self._groups = [_Group(model, geometry, pairs[first::count]) for first in range(count)]
        self._whole = _Group(model, geometry, pairs)  # for the thread that submits chunks
        self._q_asked = self._q.copy()
        self._margin, self._stopping_s = margin, REACTION_S + 1.0 / stop_rate
        self._next = 0
        self.speed_share = 1.0  # how fast progress may be, of what it is

    def reset(self, q: np.ndarray) -> None:
        """Begin at q (N,) [rad]: links that are too near already may part, and may not get nearer."""
        self._q[self._columns] = q
        for group in self._groups:
            group.distances[:] = group.measure(self._q)
            group.furthest[:] = group.distances
            group.speed_share, group.age = 1.0, 0.0
        self._next, self.speed_share = 0, 1.0

    def look(self, q: np.ndarray, elapsed: float) -> str:
        """Look at the next few pairs at q (N,) [rad], `elapsed` [s] after the last; return why to stop, or ""."""
        for group in self._groups:
            group.age += elapsed
        group = self._groups[self._next]
        self._next = (self._next + 1) % len(self._groups)
        self._q[self._columns] = q
        distances = group.measure(self._q)
        closing = (group.distances - distances) / max(group.age, 1e-6)  # [m/s]
        np.maximum(closing, 0.0, out=closing)
        room = distances - self._margin
        needed = closing * (self._stopping_s + group.age)
        near = (room < needed) & (distances < group.furthest - NOISE)
        np.maximum(group.furthest, distances, out=group.furthest)
        # Room for SLOW_S at the present speed: the links then near each other ever more slowly.
        shares = np.maximum(room, 0.0) / np.maximum(closing * SLOW_S, 1e-9)
        group.speed_share = min(1.0, float(shares.min())) if len(shares) else 1.0
        group.distances[:], group.age = distances, 0.0
        self.speed_share = min(other.speed_share for other in self._groups)
        if not near.any():
            return ""
        worst = int(np.where(near, room - needed, np.inf).argmin())
        return f"fault: {group.names[worst]} are {1e3 * distances[worst]:.0f} mm apart and getting nearer"

    def objection(self, q: np.ndarray) -> str:
        """Return which links would be nearer than the margin at q (N,) [rad], or ""; for another thread than `look`."""
        self._q_asked[self._columns] = q
        distances = self._whole.measure(self._q_asked)
        worst = int(distances.argmin())
        if distances[worst] >= self._margin:
            return ""
        apart = f"{1e3 * distances[worst]:.0f} mm apart, allowed {1e3 * self._margin:.0f}"
        return f"{self._whole.names[worst]} {apart if distances[worst] > 0.0 else 'into each other'}"


class _Group:
    """Some pairs, and what was last seen of them."""

    def __init__(self, model: pin.Model, geometry: pin.GeometryModel, pairs: Sequence[tuple[int, int]]) -> None:
        self._model, self._data, self._geometry = model, model.createData(), geometry.clone()
        self._geometry.removeAllCollisionPairs()
        for pair in pairs:
            self._geometry.addCollisionPair(pin.CollisionPair(*pair))
        self._geometry_data = pin.GeometryData(self._geometry)
        links = [model.frames[item.parentFrame].name for item in geometry.geometryObjects]
        self.names = [" and ".join(sorted((links[i], links[j]))) for i, j in pairs]
        self.distances, self.furthest = np.full(len(pairs), np.inf), np.full(len(pairs), -np.inf)  # [m]
        self.age, self.speed_share = 0.0, 1.0

    def measure(self, q: np.ndarray) -> np.ndarray:
        """Return the distances [m] of the pairs at q of the whole model."""
        pin.computeDistances(self._model, self._data, self._geometry, self._geometry_data, q)
        return np.array([result.min_distance for result in self._geometry_data.distanceResults])
