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
    distances = _sampled_distances(model, geometry, pairs, lower, upper, samples)  # (S, P)
    near = distances.min(axis=0) < NEVER
    movers = _movers(model, geometry, groups)
    near |= np.array([bool(movers[i] - movers[j]) and bool(movers[j] - movers[i]) for i, j in pairs], bool)
    always = (distances < 0.0).mean(axis=0) > ALWAYS
    return [pair for pair, wanted in zip(pairs, near & ~always, strict=True) if wanted]


def _movers(model: pin.Model, geometry: pin.GeometryModel, groups: Sequence[Sequence[str]]) -> list[set[int]]:
    """Return for each shape which groups move it."""
    supports = [
        {model.names[int(joint)] for joint in model.supports[item.parentJoint]} for item in geometry.geometryObjects
    ]
    return [{number for number, group in enumerate(groups) if names & set(group)} for names in supports]


def _sampled_distances(
    model: pin.Model,
    geometry: pin.GeometryModel,
    pairs: list[tuple[int, int]],
    lower: np.ndarray,
    upper: np.ndarray,
    samples: int,
) -> np.ndarray:
    geometry = geometry.clone()
    geometry.removeAllCollisionPairs()
    for pair in pairs:
        geometry.addCollisionPair(pin.CollisionPair(*pair))
    data, geometry_data = model.createData(), pin.GeometryData(geometry)
    random = np.random.default_rng(0)
    distances = np.empty((samples, len(pairs)))
    for row in distances:
        pin.computeDistances(model, data, geometry, geometry_data, random.uniform(lower, upper))
        row[:] = [result.min_distance for result in geometry_data.distanceResults]
    return distances


def _neighbours(model: pin.Model, first: pin.GeometryObject, second: pin.GeometryObject) -> bool:
    """Say whether two shapes sit on one body or on two that a joint connects."""
    a, b = first.parentJoint, second.parentJoint
    if a == b or model.parents[a] == b or model.parents[b] == a:
        return True
    # Fingers slide on one hand: they are neighbours of each other, and of the hand's own neighbour.
    return model.parents[a] == model.parents[b] and _slides(model, a) and _slides(model, b)


def _slides(model: pin.Model, joint: int) -> bool:
    return model.joints[joint].shortname().startswith("JointModelP")
