# SPDX-License-Identifier: Apache-2.0
"""Convex solids against MuJoCo's own ray casting and against areas known in closed form."""

import mujoco
import numpy as np
import pytest

from vla_ros.sim.grasping.solid_union import sample_surface
from vla_ros.sim.grasping.solids import body_solids

SHAPES = {
    "box": '<geom type="box" size=".03 .05 .02"/>',
    "sphere": '<geom type="sphere" size=".04"/>',
    "ellipsoid": '<geom type="ellipsoid" size=".03 .02 .05"/>',
    "cylinder": '<geom type="cylinder" size=".03 .05"/>',
    "capsule": '<geom type="capsule" size=".02 .04"/>',
    "mesh": '<geom type="mesh" mesh="wedge"/>',
}
ASSET = '<asset><mesh name="wedge" vertex="0 0 0 .1 0 0 0 .08 0 0 0 .06 .1 .08 .01"/></asset>'


def load(geoms: str) -> tuple[mujoco.MjModel, mujoco.MjData]:
    body = f'<body pos=".1 -.2 .3" euler="20 -30 50">{geoms}</body>'
    model = mujoco.MjModel.from_xml_string(f"<mujoco>{ASSET}<worldbody>{body}</worldbody></mujoco>")
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


def random_lines(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    aim = np.array([0.1, -0.2, 0.3]) + rng.uniform(-0.06, 0.06, (count, 3))
    return aim - 0.5 * directions, directions


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_lines_enter_where_mujoco_says(shape: str) -> None:
    model, data = load(SHAPES[shape])
    (solid,) = body_solids(model, data, 1)
    origins, directions = random_lines(np.random.default_rng(1), 200)
    crossing = solid.cross(origins, directions)
    geom = np.zeros(1, dtype=np.int32)

    def ray(origin: np.ndarray, direction: np.ndarray) -> float:
        return mujoco.mj_ray(model, data, origin, direction, None, 1, -1, geom)

    expected = np.array([ray(o, d) for o, d in zip(origins, directions, strict=True)])
    expected[expected < 0.0] = np.inf
    back = np.array([ray(o + d, -d) for o, d in zip(origins, directions, strict=True)])
    leaving = np.where(back < 0.0, -np.inf, 1.0 - back)
    assert 20 < np.isfinite(expected).sum() < 200
    np.testing.assert_allclose(crossing.t_in, expected, atol=1e-6)
    np.testing.assert_allclose(crossing.t_out, leaving, atol=1e-6)


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_normals_point_outwards(shape: str) -> None:
    model, data = load(SHAPES[shape])
    (solid,) = body_solids(model, data, 1)
    surface = sample_surface([solid], 300, np.random.default_rng(2))
    np.testing.assert_allclose(np.linalg.norm(surface.normals, axis=1), 1.0, atol=1e-6)
    assert not solid.contains(surface.points + 1e-4 * surface.normals).any()
    assert solid.contains(surface.points - 1e-4 * surface.normals).mean() > 0.99
