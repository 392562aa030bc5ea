# SPDX-License-Identifier: Apache-2.0
"""A scene is varied together with its candidates and its tool: what lies where from the tool stays."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.spatial.transform import Rotation
from tiny.gam import SIZES

from vla_ros.policies.gam.actions import Candidates, encode
from vla_ros.policies.gam.networks.element_places import in_scene
from vla_ros.policies.gam.observed_scene import SceneArrays
from vla_ros.robots.tools.named import load_tool
from vla_ros.training.gam.config import Variation
from vla_ros.training.gam.varying import Drawn, draw_variation, varied_candidates, varied_scene, varied_tool

TOOL = load_tool("drawn_17")
UNIT = SIZES.scales.position


def arrays(rng: np.random.Generator) -> SceneArrays:
    features = np.zeros((40, 4), np.float32)
    features[:15, 3] = 1.0
    places = rng.normal(0.0, 0.3, (1, 32, 32, 3)).astype(np.float32)
    places[0, 0] = np.nan
    points = rng.normal(0.0, 0.3, (40, 3)).astype(np.float32)
    images = rng.integers(0, 255, (1, 32, 32, 3), dtype=np.uint8)
    return SceneArrays(images, places, points, features, np.ones(40, bool))


def some(rng: np.random.Generator) -> Candidates:
    return Candidates(
        rng.normal(0.0, 0.1, (5, 3)),
        Rotation.random(5, rng=rng).as_matrix(),
        rng.random((5, len(TOOL.names))),
        np.full(5, 0.05),
        np.full(5, 0.01),
    )


def lips(candidates: Candidates, cylinders: np.ndarray) -> np.ndarray:
    """Return where the tool's elements are (N, K, 3), as the network has it."""
    rows = torch.from_numpy(encode(candidates, SIZES.scales, len(TOOL.names)))[None]
    flat = np.column_stack([cylinders[:, :2], np.zeros(len(cylinders))]) / UNIT
    return in_scene(rows, torch.from_numpy(flat.astype(np.float32)).expand(1, len(rows[0]), -1, -1))[0].numpy()


@pytest.mark.parametrize("mirror", [False, True])
def test_elements_are_as_far_from_every_point_as_before(mirror: bool) -> None:
    rng = np.random.default_rng(0)
    scene, candidates, drawn = arrays(rng), some(rng), Drawn(turn=1.1, mirror=mirror)
    varied = varied_scene(scene, drawn, False, UNIT, rng)
    moved = varied_candidates(candidates, drawn)
    cylinders, _ = varied_tool(TOOL.cylinders, np.zeros((len(TOOL.names), 2)), drawn)
    assert np.allclose(np.linalg.det(moved.rotations), 1.0)
    before = np.linalg.norm(lips(candidates, TOOL.cylinders)[:, :, None] - scene.points, axis=3)
    after = np.linalg.norm(lips(moved, cylinders)[:, :, None] - varied.points, axis=3)
    assert np.allclose(before, after, atol=1e-5)
    assert not np.allclose(lips(candidates, TOOL.cylinders), lips(moved, cylinders), atol=0.05)
    # Places of pixels go with the points; the vertical stays.
    apart = np.linalg.norm(scene.places[0, 1:, :, None] - scene.points, axis=3)
    assert np.allclose(apart, np.linalg.norm(varied.places[0, 1:, :, None] - varied.points, axis=3), atol=1e-5)
    assert np.allclose(varied.points[:, 2], scene.points[:, 2], atol=1e-6)
    assert np.isnan(varied.places[0, 0]).all()


@pytest.mark.parametrize("mirror", [False, True])
def test_what_a_tool_carries_stays_where_it_is_from_the_tool(mirror: bool) -> None:
    rng = np.random.default_rng(1)
    scene, candidates, drawn = arrays(rng), some(rng), Drawn(turn=0.7, mirror=mirror)
    varied = varied_scene(scene, drawn, True, UNIT, rng)
    moved = varied_candidates(candidates, drawn)

    def placed(points: np.ndarray, at: Candidates) -> np.ndarray:
        return np.einsum("nij,pj->npi", at.rotations, points[:15] * UNIT) + at.positions[:, None]

    around, around_varied = scene.points[15:] * UNIT, varied.points[15:] * UNIT
    before = np.linalg.norm(placed(scene.points, candidates)[:, :, None] - around, axis=3)
    after = np.linalg.norm(placed(varied.points, moved)[:, :, None] - around_varied, axis=3)
    assert np.allclose(before, after, atol=1e-5)


def test_noise_and_what_is_left_out_are_as_much_as_was_said() -> None:
    rng = np.random.default_rng(2)
    scene = arrays(rng)
    noisy = varied_scene(scene, Drawn(noise=0.002, dropped=0.4), False, UNIT, rng)
    off = (noisy.places - scene.places)[0, 1:] * UNIT
    assert off.std() == pytest.approx(0.002, rel=0.1)
    dropped = [varied_scene(scene, Drawn(dropped=0.4), False, UNIT, rng).points_there.mean() for _ in range(50)]
    assert np.mean(dropped) == pytest.approx(0.6, abs=0.05)
    drawn = [draw_variation(Variation(dropped_picture=0.2), rng) for _ in range(400)]
    assert np.mean([one.picture for one in drawn]) == pytest.approx(0.8, abs=0.06)
    assert np.mean([one.mirror for one in drawn]) == pytest.approx(0.5, abs=0.1)
    still = draw_variation(Variation(False, False, 0.0, 0.0, 0.0), rng)
    assert still == Drawn()
