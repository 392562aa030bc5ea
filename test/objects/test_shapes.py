# SPDX-License-Identifier: Apache-2.0
"""Formula-made meshes are closed, face outwards and have the volume they should."""

import numpy as np
import pytest

from vla_ros.objects.parts import Mesh
from vla_ros.objects.shapes import lathe, rounded_box, smooth, sphere_profile, sweep, transformed
from vla_ros.objects.solids import towards


def signed_volume(mesh: Mesh) -> float:
    a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def open_edges(mesh: Mesh) -> int:
    """Count edges that only one triangle has, seams of the texture joined."""
    _, joined = np.unique(mesh.vertices.round(9), axis=0, return_inverse=True)
    faces = joined.reshape(-1)[mesh.faces]
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    _, count = np.unique(edges, axis=0, return_counts=True)
    return int((count != 2).sum())


@pytest.mark.parametrize(
    ("mesh", "volume"),
    [
        (lathe([(0, 0), (0.02, 0), (0.02, 0.1), (0, 0.1)], 64), np.pi * 0.02**2 * 0.1),
        (lathe(sphere_profile(0.03, count=40), 64), 4 / 3 * np.pi * 0.03**3),
        (sweep([(0, 0, z) for z in np.linspace(0, 0.1, 5)], [0.02] * 5, 64, normal=(0, 1, 0)), np.pi * 4e-4 * 0.1),
        (rounded_box((0.02, 0.03, 0.04), 1e-5), 8 * 0.02 * 0.03 * 0.04),
    ],
    ids=["cylinder", "ball", "tube", "box"],
)
def test_meshes_are_closed_and_hold_their_volume(mesh: Mesh, volume: float) -> None:
    assert open_edges(mesh) == 0
    assert signed_volume(mesh) == pytest.approx(volume, rel=0.01)


def test_texture_coordinates_stay_on_the_picture() -> None:
    for mesh in (lathe(sphere_profile(0.03)), rounded_box((0.02, 0.03, 0.04), 0.003)):
        assert mesh.uv.min() >= -1e-9
        assert mesh.uv.max() <= 1 + 1e-9


def test_a_box_is_as_large_as_asked() -> None:
    mesh = rounded_box((0.02, 0.03, 0.04), 0.005)
    np.testing.assert_allclose(np.ptp(mesh.vertices, axis=0), (0.04, 0.06, 0.08), atol=1e-9)


def test_a_spline_passes_its_ends() -> None:
    points = smooth([(0, 0), (1, 2), (3, 1)], 9)
    np.testing.assert_allclose([points[0], points[-1]], [(0, 0), (3, 1)], atol=1e-9)


def test_stretching_scales_the_volume() -> None:
    ball = lathe(sphere_profile(0.03))
    assert signed_volume(transformed(ball, (1, 2, 3))) == pytest.approx(6 * signed_volume(ball))


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, -2, 0), (0, 0, 1), (0, 0, -1), (0.3, -0.4, -0.5)])
def test_towards_turns_z(direction: tuple[float, ...]) -> None:
    from scipy.spatial.transform import Rotation

    unit = np.array(direction) / np.linalg.norm(direction)
    np.testing.assert_allclose(Rotation.from_quat(towards(direction)).apply((0, 0, 1)), unit, atol=1e-9)
