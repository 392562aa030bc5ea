# SPDX-License-Identifier: Apache-2.0
"""Fresh copies of the catalogue's objects are recognised by shape from the two cameras' sides."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vla_ros.objects.catalogue import load_catalogue, with_receptacles
from vla_ros.policies.geometric.perceiving.descriptor import FEATURES, describe
from vla_ros.policies.geometric.perceiving.recognition import RecognitionConfig, ShapeMemory
from vla_ros.policies.geometric.perceiving.surface_samples import sample_visible_surface, seen_from

CATALOGUE = load_catalogue()
VIEWPOINTS = [np.array([0.85, 0.0, 0.5]), np.array([0.0, 0.69, 0.46])]


@pytest.fixture(scope="module")
def memory() -> ShapeMemory:
    return ShapeMemory.of(CATALOGUE, RecognitionConfig())


def observe(model, turn: float, rng: np.random.Generator) -> np.ndarray:
    surface = sample_visible_surface(model, 2500, rng)
    surface = surface.turned(Rotation.from_euler("z", turn) * Rotation.from_quat(model.resting[0]))
    points = surface.points[seen_from(surface, VIEWPOINTS, 0.2)]
    points = points - np.array([0.0, 0.0, surface.points[:, 2].min()], np.float32)
    # As measured: the simulated cameras are off by 2.4 mm at 0.8 m and 3.8 mm at 1 m, which lifts much of a flat fork
    # out of what is not told from the table.
    points = points + rng.normal(0.0, RecognitionConfig().noise, points.shape).astype(np.float32)
    return points[points[:, 2] > RecognitionConfig().lowest]


def test_most_fresh_copies_are_what_they_are(memory):
    rng = np.random.default_rng(11)
    right = total = 0
    for model in CATALOGUE.models("all"):
        points = observe(CATALOGUE.vary(model, rng), rng.uniform(0, 2 * np.pi), rng)
        beliefs, distances = memory.beliefs(describe(points, points[:, 2]), height=0.48)
        index = memory.categories.index(model.category)
        assert distances[index] < 2.2, model.name
        right += int(np.argmax(beliefs)) == index
        total += 1
    assert right / total > 0.85


def test_receptacles_are_remembered_where_the_catalogue_holds_them(memory):
    receptacles = {model.category for model in CATALOGUE.receptacles}
    assert not receptacles & set(memory.categories)
    few = RecognitionConfig(turns=1, copies=1, points=100, heights=(0.5,))
    assert receptacles <= set(ShapeMemory.of(with_receptacles(CATALOGUE), few).categories)


@pytest.mark.parametrize("name", ["mug_straight", "bottle_water", "hammer_claw"])
def test_the_descriptor_ignores_where_a_thing_stands(name):
    rng = np.random.default_rng(1)
    model = next(model for model in CATALOGUE.models("all") if model.name == name)
    points = observe(model, 0.7, rng)
    shifted = points + np.array([0.4, -0.2, 0.0], np.float32)
    np.testing.assert_allclose(describe(points, points[:, 2]), describe(shifted, points[:, 2]), atol=0.12)
    assert len(describe(points, points[:, 2])) == len(FEATURES)


def test_the_far_side_is_not_seen():
    model = next(model for model in CATALOGUE.models("all") if model.name == "box_cereal")
    surface = sample_visible_surface(model, 3000, np.random.default_rng(0))
    seen = surface.points[seen_from(surface, VIEWPOINTS, 0.2)]
    low = surface.points.min(axis=0)
    far = (surface.points[:, 0] < low[0] + 0.001).sum()
    # Looks along −x, away from both viewpoints; what is left are its rounded edges.
    assert (seen[:, 0] < low[0] + 0.001).sum() < 0.06 * far
    assert (seen[:, 0] > surface.points[:, 0].max() - 0.002).any()
