# SPDX-License-Identifier: Apache-2.0
"""Which pairs of the robot's own shapes are worth checking: those that can meet, and do not always.

The rule of MoveIt's setup assistant: neighbours are dropped, and so is what always or never collides over random
configurations. "Never" is meant with room to spare here, so that a sample that was missed hides no collision.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin

SAMPLES = 1500
NEVER = 0.04  # [m] a pair that always stays further apart than this is never checked
ALWAYS = 0.95  # share of the samples in which shapes that overlap by design collide


def checked_self_pairs(
    model: pin.Model,
    geometry: pin.GeometryModel,
    lower: np.ndarray,
    upper: np.ndarray,
    samples: int = SAMPLES,
    groups: Sequence[Sequence[str]] = (),
) -> list[tuple[int, int]]:
    """Return the pairs of geometry indices to check; lower, upper (nq,) [rad, m] bound the `samples`.

    Two shapes that different `groups` of joints move are never dropped for not having met: two arms have so many
    configurations together that samples say nothing.
    """
    pairs = [
        (i, j)
        for i in range(geometry.ngeoms)
        for j in range(i + 1, geometry.ngeoms)
        if not _neighbours(model, geometry.geometryObjects[i], geometry.geometryObjects[j])
    ]
    if not pairs:
        return []
    movers = _movers(model, geometry, groups)
    apart = np.array([bool(movers[i] - movers[j]) and bool(movers[j] - movers[i]) for i, j in pairs], bool)
    wanted = _meet(model, geometry, pairs, apart, lower, upper, samples)
    return [pair for pair, meets in zip(pairs, wanted, strict=True) if meets]


def _movers(model: pin.Model, geometry: pin.GeometryModel, groups: Sequence[Sequence[str]]) -> list[set[int]]:
    """Return for each shape which groups move it."""
    supports = [
        {model.names[int(joint)] for joint in model.supports[item.parentJoint]} for item in geometry.geometryObjects
    ]
    return [{number for number, group in enumerate(groups) if names & set(group)} for names in supports]


def _meet(
    model: pin.Model,
    geometry: pin.GeometryModel,
    pairs: list[tuple[int, int]],
    near: np.ndarray,
    lower: np.ndarray,
    upper: np.ndarray,
    samples: int,
) -> np.ndarray:
    """Say of each pair (P,) whether it came near in a sample, or is said to be `near`, and did not always collide.

    Two arms have over a thousand pairs, so a distance is measured only where the answer is open: not of a pair that
    was near once and has parted often enough, nor of shapes whose enclosing balls are apart.
    """
    geometry = geometry.clone()
    geometry.removeAllCollisionPairs()
    for pair in pairs:
        geometry.addCollisionPair(pin.CollisionPair(*pair))
    data, geometry_data = model.createData(), pin.GeometryData(geometry)
    balls = [_ball(item) for item in geometry.geometryObjects]
    centers, radii = map(np.array, zip(*balls, strict=True))  # (G, 4), (G,)
    carriers = [item.parentJoint for item in geometry.geometryObjects]
    first, second = np.array(pairs, dtype=int).reshape(-1, 2).T
    reach = radii[first] + radii[second] + NEVER  # (P,) [m]
    steady = _steady(model, geometry, pairs, upper > lower)
    near, parted, most = near.copy(), np.zeros(len(pairs), dtype=int), ALWAYS * samples
    still_open = np.arange(len(pairs))
    random = np.random.default_rng(0)
    for _ in range(samples):
        pin.updateGeometryPlacements(model, data, geometry, geometry_data, random.uniform(lower, upper))
        placed = np.einsum("gij,gj->gi", np.array([T.homogeneous for T in data.oMi])[carriers], centers)  # (G, 4)
        between = np.linalg.norm(placed[first[still_open]] - placed[second[still_open]], axis=1)
        parted[still_open] += 1
        for index in still_open[between < reach[still_open]]:
            distance = pin.computeDistance(geometry, geometry_data, int(index)).min_distance
            near[index] |= distance < NEVER
            parted[index] -= distance < 0.0
        parted[steady] = np.where(parted[steady] > 0, samples, 0)
        known = steady[still_open] | (near[still_open] & (samples - parted[still_open] <= most))
        still_open = still_open[~known]
        if not len(still_open):
            break
    return near & (samples - parted <= most)


def _ball(item: pin.GeometryObject) -> tuple[np.ndarray, float]:
    """Return centre (4,) [m], 1 behind it, in the carrying joint's frame, and radius [m] of a ball round a shape."""
    item.geometry.computeLocalAABB()
    center = item.placement.act(np.array(item.geometry.aabb_center).ravel())
    return np.append(center, 1.0), float(item.geometry.aabb_radius)


def _steady(
    model: pin.Model, geometry: pin.GeometryModel, pairs: list[tuple[int, int]], varies: np.ndarray
) -> np.ndarray:
    """Say of each pair (P,) whether it stays as it is while the joints (nq,) that vary do."""
    moving = {joint for joint in range(1, model.njoints) if varies[_values(model, joint)].any()}
    supports = [{int(joint) for joint in model.supports[item.parentJoint]} for item in geometry.geometryObjects]
    return np.array([not (supports[i] ^ supports[j]) & moving for i, j in pairs], dtype=bool)


def _values(model: pin.Model, joint: int) -> slice:
    return slice(model.joints[joint].idx_q, model.joints[joint].idx_q + model.joints[joint].nq)


def _neighbours(model: pin.Model, first: pin.GeometryObject, second: pin.GeometryObject) -> bool:
    """Say whether two shapes sit on one body or on two that a joint connects."""
    a, b = first.parentJoint, second.parentJoint
    if a == b or model.parents[a] == b or model.parents[b] == a:
        return True
    # Fingers and pistons slide on one hand: they are neighbours of each other, and of the hand.
    return bool(_slides(model, a) or _slides(model, b)) and _carrier(model, a) == _carrier(model, b)


def _carrier(model: pin.Model, joint: int) -> int:
    """Return the joint that carries what slides, one upon another; of what does not slide, itself."""
    while joint and _slides(model, joint):
        joint = model.parents[joint]
    return joint


def _slides(model: pin.Model, joint: int) -> bool:
    return model.joints[joint].shortname().startswith("JointModelP")
