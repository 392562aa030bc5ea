# SPDX-License-Identifier: Apache-2.0
"""Unions of solids against areas and thicknesses known in closed form."""

import mujoco
import numpy as np
import pytest

from vla_ros.sim.grasping.solid_union import cross_union, sample_surface
from vla_ros.sim.grasping.solids import body_solids, hull


def load(geoms: str) -> tuple[mujoco.MjModel, mujoco.MjData]:
    body = f'<body pos=".1 -.2 .3" euler="20 -30 50">{geoms}</body>'
    model = mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{body}</worldbody></mujoco>")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def test_surface_is_sampled_by_area() -> None:
    model, data = load('<geom type="box" size=".05 .05 .005"/>')
    (solid,) = body_solids(model, data, 1)
    surface = sample_surface([solid], 4000, np.random.default_rng(3))
    faces = np.abs(surface.normals @ solid.T_base_solid[:3, 2]) > 0.9
    assert faces.mean() == pytest.approx(0.02 / (0.02 + 4 * 0.001), abs=0.03)


def test_a_hollow_union_has_two_walls() -> None:
    """Two parallel plates, one made of two overlapping boxes, cross as two pieces of material."""
    model, data = load(
        '<geom type="box" size=".002 .03 .03" pos="-.03 0 0"/>'
        '<geom type="box" size=".002 .03 .03" pos=".03 0 0"/><geom type="box" size=".002 .03 .03" pos=".032 0 0"/>'
    )
    solids = body_solids(model, data, 1)
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = data.xmat[1].reshape(3, 3), data.xpos[1]
    origin = pose[:3, 3] - 0.1 * pose[:3, 0]
    material = cross_union(solids, origin[None], pose[None, :3, 0])
    np.testing.assert_allclose(material.t_in[:, 0], [0.068, 0.128], atol=1e-9)
    np.testing.assert_allclose(material.t_out[:, 0], [0.072, 0.134], atol=1e-9)


def test_points_inside_another_part_are_not_surface() -> None:
    cube = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]) * 0.02
    moved = np.eye(4)
    moved[0, 3] = 0.02
    parts = [hull(cube, np.eye(4)), hull(cube, moved)]
    points = sample_surface(parts, 2000, np.random.default_rng(4)).points
    inner = (np.abs(points[:, 1]) < 0.019) & (np.abs(points[:, 2]) < 0.019) & (points[:, 0] > -0.019)
    assert len(points) > 500
    assert not (inner & (points[:, 0] < 0.039)).any()
