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
            group.distances = group.measure(self._q)
            group.furthest = list(group.distances)
            group.speed_share, group.age = 1.0, 0.0
        self._next, self.speed_share = 0, 1.0

    def look(self, q: np.ndarray, elapsed: float) -> str:
        """Look at the next few pairs at q (N,) [rad], `elapsed` [s] after the last; return why to stop, or ""."""
        for other in self._groups:
            other.age += elapsed
        group = self._groups[self._next]
        self._next = (self._next + 1) % len(self._groups)
        self._q[self._columns] = q
        reason = group.judge(group.measure(self._q), self._margin, self._stopping_s)
        self.speed_share = min([other.speed_share for other in self._groups])
        return reason

    def objection(self, q: np.ndarray) -> str:
        """Return which links would be nearer than the margin at q (N,) [rad], or ""; for another thread than `look`."""
        self._q_asked[self._columns] = q
        distances = self._whole.measure(self._q_asked)
        nearest = min(distances)
        if nearest >= self._margin:
            return ""
        apart = f"{1e3 * nearest:.0f} mm apart, allowed {1e3 * self._margin:.0f}"
        return f"{self._whole.names[distances.index(nearest)]} {apart if nearest > 0.0 else 'into each other'}"


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
        # References into the results: looking them up anew costs more than the distances do.
        self._results = [self._geometry_data.distanceResults[index] for index in range(len(pairs))]
        self.distances, self.furthest = [np.inf] * len(pairs), [-np.inf] * len(pairs)  # [m]
        self.age, self.speed_share = 0.0, 1.0

    def measure(self, q: np.ndarray) -> list[float]:
        """Return the distances [m] of the pairs at q of the whole model."""
        pin.computeDistances(self._model, self._data, self._geometry, self._geometry_data, q)
        return [result.min_distance for result in self._results]

    def judge(self, distances: list[float], margin: float, stopping_s: float) -> str:
        """Take the distances [m] of now; return why to stop, or "". In floats: arrays of ten are slower."""
        age, share, reason = max(self.age, 1e-6), 1.0, ""
        for index, distance in enumerate(distances):
            approach = self.distances[index] - distance
            if approach > 0.0:
                speed, room = approach / age, distance - margin
                # Room for SLOW_S at the present speed: the links then near each other ever more slowly.
                share = min(share, max(room, 0.0) / (speed * SLOW_S))
                if room < speed * (stopping_s + age) and distance < self.furthest[index] - NOISE:
                    reason = f"fault: {self.names[index]} are {1e3 * distance:.0f} mm apart and getting nearer"
            elif distance > self.furthest[index]:
                self.furthest[index] = distance
        self.distances, self.age, self.speed_share = distances, 0.0, share
        return reason
