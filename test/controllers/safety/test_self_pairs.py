# SPDX-License-Identifier: Apache-2.0
"""Which pairs of a robot's shapes are looked at: the rule itself, from every distance in every sample."""

from __future__ import annotations

import numpy as np
import pinocchio as pin
import pytest

from controllers.safety.self_pairs import ALWAYS, NEVER, checked_self_pairs
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

SAMPLES = 60


@pytest.mark.parametrize("robot", ["ur5e", "agilex"])
def test_what_is_not_measured_changes_nothing(robot):
    embodiment = load_embodiment(robot)
    urdf = expand_urdf(embodiment)
    model = pin.buildModelFromXML(urdf)
    geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
    lower, upper = pin.neutral(model), pin.neutral(model)
    moved = [model.joints[model.getJointId(name)].idx_q for name in embodiment.arms[0].joints]  # the other arm stands
    lower[moved], upper[moved] = model.lowerPositionLimit[moved], model.upperPositionLimit[moved]

    chosen = checked_self_pairs(model, geometry, lower, upper, SAMPLES)

    every = checked_self_pairs(model, geometry, lower, upper, 1, [[name] for name in model.names[1:]])
    distances = _distances(model, geometry, every, lower, upper)  # of more pairs than are chosen
    meet = (distances.min(axis=0) < NEVER) & ((distances < 0.0).mean(axis=0) <= ALWAYS)
    assert set(chosen) & set(every) == {pair for pair, met in zip(every, meet, strict=True) if met}
    assert len(set(chosen) & set(every)) > 10


def _distances(model, geometry, pairs, lower, upper) -> np.ndarray:
    for pair in pairs:
        geometry.addCollisionPair(pin.CollisionPair(*pair))
    data, geometry_data = model.createData(), pin.GeometryData(geometry)
    random = np.random.default_rng(0)
    rows = []
    for _ in range(SAMPLES):
        pin.computeDistances(model, data, geometry, geometry_data, random.uniform(lower, upper))
        rows.append([result.min_distance for result in geometry_data.distanceResults])
    return np.array(rows)
