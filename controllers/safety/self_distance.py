# SPDX-License-Identifier: Apache-2.0
"""How far apart the arm's own links are, looked at a few pairs at a time: slow down, keep apart, stop before contact.

Speed is what counts, not distance alone: a folded wrist is always near the forearm, and that is no reason to stop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin

from controllers.safety.clearance import APPROACH_RATE, RESERVE, ROWS, Clearance
from controllers.safety.near_pairs import NearPairs
from controllers.safety.self_pairs import checked_self_pairs
from controllers.safety.surface import FIXED, add_surface, limbs_and_hands

SAMPLES = 500  # configurations by which the pairs are chosen
PAIRS_AT_A_LOOK = 10  # for each arm …
# … or more: within so many looks, 88 ms, every pair is seen. What is seen more rarely than in SLOW_S less the time of a
# stop has to be stopped before it was ever slowed.
LOOKS = 11
SLOW_S = 0.3  # [s] to contact at the present speed, from which on progress is slowed
REACTION_S = 0.02  # [s] until a stop acts: the tick, the wire
NOISE = 1e-3  # [m] what is no approach
# A pair is kept apart from where it would be this near [m] after so long [s] at the present speed: the time of braking,
# and that until the pair is looked at again.
NEAR, AHEAD_S = 0.03, 0.3


class SelfDistance:
    """The distances between the links of a robot, its arms, what carries them; fingers as wide open as they go."""

    def __init__(
        self,
        urdf: str,
        groups: Sequence[Sequence[str]],
        tool_frames: Sequence[str],
        margin: float,
        stop_rate: float,
        surface: float | None = None,
    ) -> None:
        """Keep the links `margin` [m] apart; a stop takes the speed out at `stop_rate` [1/s].

        q is that of the joints of all `groups`, one after the other. `surface` [m], base frame, is the height of what
        forearms and elbows keep as far from; none: there is none.
        """
        joints = [name for group in groups for name in group]
        ends = np.cumsum([len(group) for group in groups]).tolist()
        self._parts = [slice(end - len(group), end) for group, end in zip(groups, ends, strict=True)]
        self._model = model = pin.buildModelFromXML(urdf)
        geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
        self._columns = [model.joints[model.getJointId(name)].idx_q for name in joints]
        tools = [model.frames[model.getFrameId(frame)].parentJoint for frame in tool_frames]
        self._q = pin.neutral(model)
        fingers = [model.joints[j].idx_q for j in range(1, model.njoints) if model.parents[j] in tools]
        self._q[fingers] = model.upperPositionLimit[fingers]
        lower, upper = self._q.copy(), self._q.copy()
        lower[self._columns] = model.lowerPositionLimit[self._columns]
        upper[self._columns] = model.upperPositionLimit[self._columns]
        pairs = checked_self_pairs(model, geometry, lower, upper, SAMPLES, groups)
        if surface is not None:
            limbs, _ = limbs_and_hands(model, geometry, groups, tool_frames)
            table = add_surface(geometry, surface)
            pairs += [(limb, table) for limb in limbs]
        # Neighbouring pairs into different groups: whatever two links do, one of the next looks sees it.
        count = min(LOOKS, max(1, -(-len(pairs) // (PAIRS_AT_A_LOOK * len(tool_frames)))))
        self._groups = [_Group(model, geometry, pairs[first::count]) for first in range(count)]
        self._whole = _Group(model, geometry, pairs)  # for the thread that submits chunks
        self._q_asked = self._q.copy()
        self._margin, self._stopping_s = margin, REACTION_S + 1.0 / stop_rate
        self._near = NearPairs(model, geometry, pairs, self._columns)
        self.clearances = [Clearance(len(group)) for group in groups]  # of the pairs that are nearest to contact
        self._next, self._now = 0, 0.0  # [s]
        self._watched: dict[int, _Group] = {}  # those of which a pair is near, or is waited for
        self.speed_share = 1.0  # how fast progress may be, of what it is

    def reset(self, q: np.ndarray) -> None:
        """Begin at q (N,) [rad]: links that are too near already may part, and may not get nearer."""
        self._q[self._columns] = q
        for index, group in enumerate(self._groups):
            group.reset(group.measure(self._q), self._now)
            self._watch(index)
        self._next, self.speed_share = 0, 1.0
        self._keep_apart(q)

    def update(self, q: np.ndarray, elapsed: float) -> str:
        """Look at the next few pairs at q (N,) [rad], `elapsed` [s] after the last; return why to stop, or ""."""
        self._now += elapsed
        index = self._next
        self._next = (index + 1) % len(self._groups)
        self._q[self._columns] = q
        group = self._groups[index]
        reason = group.judge(group.measure(self._q), self._now, self._margin, self._stopping_s)
        self._watch(index)
        self.speed_share = min([other.speed_share for other in self._watched.values()], default=1.0)
        self._keep_apart(q)
        return reason

    def _watch(self, index: int) -> None:
        """Note whether there is anything to see in a group: two arms have dozens, of which few are near anything."""
        group = self._groups[index]
        if group.near or group.speed_share < 1.0:
            self._watched[index] = group
        else:
            self._watched.pop(index, None)

    def _keep_apart(self, q: np.ndarray) -> None:
        """Bring the clearances up to date at q (N,) [rad], which is that of the whole model already."""
        near = sorted(pair for group in self._watched.values() for pair in group.nearest(self._now))[:ROWS]
        if not near:
            for clearance in self.clearances:
                if clearance.count:
                    clearance.clear()
            return
        distances, gradients = self._near.measure(self._q, [pair for _, pair, _ in near])
        # Two groups that can part a pair share its room, each knows only what it does itself, and each overshoots.
        moves = [gradients[:, part].any(axis=1) for part in self._parts]
        sharing = np.maximum(np.sum(moves, axis=0), 1)
        wanted = self._margin + RESERVE * sharing
        # What was nearer from the start may stay as near, and is not thrown apart.
        furthest = np.array([most for _, _, most in near])
        rooms = (np.array(distances) - np.minimum(wanted, furthest)) / sharing
        for part, clearance, moved in zip(self._parts, self.clearances, moves, strict=True):
            if len(self._parts) == 1:
                clearance.set(q, rooms, gradients)
            else:
                clearance.set(q[part], rooms[moved], gradients[moved][:, part])

    def objection(self, q: np.ndarray) -> str:
        """Return which links would be nearer than the margin at q (N,) [rad], or "". Not for the thread of `update`."""
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
        links = [
            item.name if item.parentFrame == FIXED else model.frames[item.parentFrame].name
            for item in geometry.geometryObjects
        ]
        self.names = [" and ".join(sorted((links[i], links[j]))) for i, j in pairs]
        # References into the results: looking them up anew costs more than the distances do.
        self._results = [self._geometry_data.distanceResults[index] for index in range(len(pairs))]
        self._pairs = list(pairs)
        self.distances, self.furthest = [np.inf] * len(pairs), [-np.inf] * len(pairs)  # [m]
        self.near: list[tuple[float, float, int]] = []  # [m], [m/s] at which it approaches, and which pair
        self._seen, self.speed_share = 0.0, 1.0  # [s]

    def reset(self, distances: list[float], now: float) -> None:
        """Begin with the distances [m] of `now` [s], and no speeds."""
        self.distances, self.furthest = distances, list(distances)
        self._seen, self.speed_share = now, 1.0
        self._list_near([0.0] * len(distances))

    def nearest(self, now: float) -> list[tuple[float, tuple[int, int], float]]:
        """Return of the pairs that are near the distance [m] in braking time, the pair, and how far it has been [m]."""
        ahead = now - self._seen + 1.0 / APPROACH_RATE
        return [
            (distance - ahead * speed, self._pairs[index], self.furthest[index]) for distance, speed, index in self.near
        ]

    def _list_near(self, speeds: list[float]) -> None:
        """Write which pairs are near, or soon will be at the speeds [m/s] at which they approach."""
        self.near = [
            (distance, speed, index)
            for index, (distance, speed) in enumerate(zip(self.distances, speeds, strict=True))
            if distance - AHEAD_S * speed < NEAR
        ]

    def measure(self, q: np.ndarray) -> list[float]:
        """Return the distances [m] of the pairs at q of the whole model."""
        pin.computeDistances(self._model, self._data, self._geometry, self._geometry_data, q)
        return [result.min_distance for result in self._results]

    def judge(self, distances: list[float], now: float, margin: float, stopping_s: float) -> str:
        """Take the distances [m] of `now` [s]; return why to stop, or "". In floats: arrays of ten are slower."""
        age, share, reason, speeds = max(now - self._seen, 1e-6), 1.0, "", []
        for index, distance in enumerate(distances):
            approach = self.distances[index] - distance
            speed = max(approach, 0.0) / age
            speeds.append(speed)
            if approach > 0.0:
                room = distance - margin
                # Room for SLOW_S at the present speed: the links then near each other ever more slowly.
                share = min(share, max(room, 0.0) / (speed * SLOW_S))
                if room < speed * (stopping_s + age) and distance < self.furthest[index] - NOISE:
                    reason = f"fault: {self.names[index]} are {1e3 * distance:.0f} mm apart and getting nearer"
            elif distance > self.furthest[index]:
                self.furthest[index] = distance
        self.distances, self._seen, self.speed_share = distances, now, share
        self._list_near(speeds)
        return reason
