# SPDX-License-Identifier: Apache-2.0
"""Geometry of parts, held against MuJoCo's own."""

import mujoco
import numpy as np
import pytest

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.geometry import convex_polygon, mass_center, part_volume, polygon_gap, surface_points
from vla_ros.objects.parts import Part
from vla_ros.objects.shapes import lathe
from vla_ros.sim.object_geoms import add_object

SHAPES = [
    Part("box", (0.01, 0.02, 0.03)),
    Part("sphere", (0.02,)),
    Part("ellipsoid", (0.01, 0.02, 0.03)),
    Part("cylinder", (0.02, 0.05)),
    Part("capsule", (0.02, 0.05)),
    Part("mesh", mesh=lathe([(0, -0.02), (0.03, -0.02), (0.03, 0.02), (0, 0.02)], 6)),
]


@pytest.mark.parametrize("part", SHAPES, ids=lambda part: part.shape)
def test_volume_is_the_simulators(part: Part) -> None:
    spec = mujoco.MjSpec()
    body = spec.worldbody.add_body()
    geom = body.add_geom(type=getattr(mujoco.mjtGeom, f"mjGEOM_{part.shape.upper()}"), density=1000)
    if part.mesh is None:
        geom.size[: len(part.size)] = part.size
    else:
        mesh = spec.add_mesh(name="mesh", uservert=part.mesh.vertices.ravel(), userface=part.mesh.faces.ravel())
        geom.meshname = mesh.name
    assert part_volume(part) * 1000 == pytest.approx(spec.compile().body_mass[1], rel=1e-4)


@pytest.mark.parametrize("model", load_catalogue().objects[::4], ids=lambda model: model.name)
def test_mass_and_mass_center_are_the_simulators(model) -> None:
    spec = mujoco.MjSpec()
    add_object(spec, "thing", model, np.eye(4))
    compiled = spec.compile()
    assert compiled.body_mass[1] == pytest.approx(model.mass, rel=1e-6)
    np.testing.assert_allclose(compiled.body_ipos[1], mass_center(model.parts), atol=1e-6)


def test_fine_points_reach_further_and_never_outside() -> None:
    for part in SHAPES[1:5]:
        coarse, fine = surface_points([part]), surface_points([part], fine=True)
        direction = np.array([0.48, 0.6, 0.64])
        assert (coarse @ direction).max() <= (fine @ direction).max() + 1e-12
    ball = surface_points([SHAPES[1]], fine=True)
    np.testing.assert_allclose(np.linalg.norm(ball, axis=1), 0.02, rtol=1e-9)


def square(center: tuple[float, float], half: float, angle: float = 0.0) -> np.ndarray:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return convex_polygon(np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * half @ turn.T + center)


def test_gap_of_separate_touching_and_overlapping_squares() -> None:
    assert polygon_gap(square((0, 0), 1), square((3, 0), 1)) == pytest.approx(1.0)
    assert polygon_gap(square((0, 0), 1), square((2, 0.5), 1)) == pytest.approx(0.0)
    assert polygon_gap(square((0, 0), 1), square((1.5, 0), 1)) == pytest.approx(-0.5)
    assert polygon_gap(square((0, 0), 1), square((1 + np.sqrt(2) + 0.2, 0), 1, np.pi / 4)) == pytest.approx(0.2)


def test_points_on_a_line_are_no_footprint() -> None:
    with pytest.raises(ValueError, match="no polygon"):
        convex_polygon(np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]))
