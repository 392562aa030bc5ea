# SPDX-License-Identifier: Apache-2.0
"""Every object, dropped in every pose it may rest in, comes to rest: no jitter, no sinking, no endless rolling."""

import mujoco
import numpy as np
import pytest
from scene_making.dropped_object import drop
from scipy.spatial.transform import Rotation

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.parts import Part
from vla_ros.objects.resting import RestingFaces, named_orientation

CATALOGUE = load_catalogue()
ROUND = {"sphere", "ellipsoid", "capsule", "cylinder"}


@pytest.mark.parametrize("base", CATALOGUE.objects, ids=lambda model: model.name)
def test_it_settles_where_it_was_put(base) -> None:
    model = CATALOGUE.vary(base, np.random.default_rng(1))
    for orientation in model.resting:
        compiled, data, T = drop(model, orientation)
        mujoco.mj_step(compiled, data, 800)
        fastest = 0.0
        for _ in range(100):
            mujoco.mj_step(compiled, data)
            fastest = max(fastest, float(np.linalg.norm(data.qvel[:3])))
        assert fastest < 0.01, "still moving 1.8 s after the drop"
        assert np.linalg.norm(data.qpos[:2] - T[:2, 3]) < 0.03, "rolled away"
        lean = np.degrees(np.arccos(np.clip(T[2, :3] @ data.body("thing").xmat.reshape(3, 3)[2], -1, 1)))
        assert lean < 15, "fell over"
        assert min(data.contact.dist) > -0.0015, "sinks into the table"
        assert data.ncon <= 12, "costs too many contacts at rest"


def test_a_pushed_ball_rolls_and_stops() -> None:
    ball = next(model for model in CATALOGUE.objects if model.category == "ball")
    compiled, data, T = drop(ball, ball.resting[0])
    mujoco.mj_step(compiled, data, 200)
    data.qvel[:3] = (0.15, 0.0, 0.0)
    mujoco.mj_step(compiled, data, 1500)
    assert 0.02 < data.qpos[0] - T[0, 3] < 0.30
    assert np.linalg.norm(data.qvel[:3]) < 0.005


@pytest.mark.parametrize(
    "base",
    [one for one in CATALOGUE.objects if not one.rolls and ROUND & {part.shape for part in one.collision_parts}],
    ids=lambda model: model.name,
)
def test_what_has_no_rolling_resistance_does_not_rock_on(base) -> None:
    """A round side that its category does not tell of: the thing would rock or roll for minutes."""
    model = CATALOGUE.vary(base, np.random.default_rng(1))
    for orientation in model.resting:
        compiled, data, _ = drop(model, orientation)
        mujoco.mj_step(compiled, data, 200)
        data.qvel[3:6] = data.body("thing").xmat.reshape(3, 3).T @ (0.6, 4.0, 0.0)
        mujoco.mj_step(compiled, data, 2500)
        assert np.linalg.norm(data.qvel[3:6]) < 0.2, f"turns 5 s after a push: {base.category} needs rolls: true"


def test_a_leaning_box_is_turned_onto_its_nearest_face() -> None:
    faces = RestingFaces([Part("box", (0.02, 0.03, 0.05))])
    assert len(faces.normals) == 6
    for lean, expected in ((0.3, 0.0), (1.4, np.pi / 2)):
        turned = Rotation.from_quat(faces.rest(Rotation.from_euler("x", lean)))
        np.testing.assert_allclose(turned.as_matrix(), Rotation.from_euler("x", expected).as_matrix(), atol=1e-6)


def test_what_would_topple_is_no_resting_face() -> None:
    """A heavy ball on a thin, light stem cannot stand on the stem."""
    faces = RestingFaces([Part("sphere", (0.03,), (0, 0, 0.05)), Part("cylinder", (0.004, 0.03), (0, 0, 0.0))])
    assert faces.normals[:, 2].min() > -0.9


@pytest.mark.parametrize(("name", "axis"), [("side", 2), ("roll", 0)])
def test_what_lies_has_its_axis_level(name: str, axis: int) -> None:
    for seed in range(5):
        matrix = named_orientation(name, np.random.default_rng(seed)).as_matrix()
        assert abs(matrix[2, axis]) < 1e-9
