# SPDX-License-Identifier: Apache-2.0
"""What is changed in LIBERO's models, compiled and stepped: cameras, fingers, gravity, what is taken away."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from vla_ros.benchmarks.libero.server.xml_model import Camera, adapted

# Bodies named and shaped as robosuite names and shapes them.
FINGER = """
<body name="gripper0_{side}finger" pos="0 0 0.0524">
  <joint name="gripper0_finger_joint{n}" axis="0 1 0" type="slide" damping="100" armature="1"/>
  <geom type="box" size="0.01 0.01 0.0269" pos="0 {y} 0.0269" mass="0.1"/>
  <body name="gripper0_finger_joint{n}_tip" pos="0 {tip} 0.056">
    <inertial pos="0 0 0" mass="0.01" diaginertia="1e-4 1e-4 1e-4"/>
    <geom type="box" size="0.008 0.004 0.008" pos="0 {pad} -0.015" friction="2 0.05 0.0001"
          name="gripper0_finger{n}_pad_collision"/>
  </body>
</body>"""
MODEL = f"""
<mujoco><option timestep="0.002"/><worldbody>
  <geom name="floor" type="plane" size="3 3 0.1"/>
  <body name="robot0_link0" pos="-0.6 0 0.9">
    <body name="robot0_link1" pos="0 0 0.3"><joint name="robot0_joint1" axis="0 1 0"/>
      <geom type="box" size="0.05 0.05 0.1" pos="0.1 0 0" mass="3"/>
      <body name="gripper0_right_gripper" pos="0 0 0.3">
        {FINGER.format(side="left", n=1, y=0.01, tip=0.0085, pad=-0.005)}
        {FINGER.format(side="right", n=2, y=-0.01, tip=-0.0085, pad=0.005)}
      </body>
    </body>
  </body>
  <body name="basket_1_main" pos="0.2 0.2 0.1"><freejoint/><geom type="box" size="0.1 0.1 0.1"/></body>
  <body name="milk_1_main" pos="0.2 -0.2 0.1"><freejoint/><geom type="box" size="0.03 0.03 0.1"/></body>
</worldbody></mujoco>"""
EXTENSION = 0.0269


def _looking_down(height: float) -> np.ndarray:
    T = np.diag([1.0, -1.0, -1.0, 1.0])  # optical z downwards
    T[2, 3] = height
    return T @ np.diag([1.0, -1.0, -1.0, 1.0])


@pytest.fixture
def model() -> mujoco.MjModel:
    cameras = [Camera("front", _looking_down(1.5), 42.5)]
    return mujoco.MjModel.from_xml_string(adapted(MODEL, cameras, (640, 480), EXTENSION, ["basket_1_main"]))


def test_the_camera_stands_where_it_was_put(model):
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    camera = model.camera("front")
    assert camera.fovy[0] == 42.5
    assert (model.vis.global_.offwidth, model.vis.global_.offheight) == (640, 480)
    np.testing.assert_allclose(data.cam_xpos[camera.id], [0, 0, 1.5])
    np.testing.assert_allclose(data.cam_xmat[camera.id].reshape(3, 3)[:, 2], [0, 0, 1], atol=1e-9)  # looks along −z


def test_the_fingers_end_further_out_and_keep_their_pads(model):
    before = mujoco.MjModel.from_xml_string(MODEL)
    for number, side in ((1, "left"), (2, "right")):
        pad, old = (
            model.geom(f"gripper0_finger{number}_pad_collision"),
            before.geom(f"gripper0_finger{number}_pad_collision"),
        )
        np.testing.assert_allclose(pad.pos - old.pos, [0, 0, EXTENSION])
        np.testing.assert_allclose(pad.friction, old.friction)
        finger = model.body(f"gripper0_{side}finger").id
        ends = [model.geom_pos[g][2] + model.geom_size[g][2] for g in np.flatnonzero(model.geom_bodyid == finger)]
        assert max(ends) == pytest.approx(0.0538 + EXTENSION)
        # Nothing of what was added reaches past the gripping face, the middle of the hand.
        added = np.flatnonzero(model.geom_bodyid == finger)[1:]
        assert len(added) == 2
        towards = [abs(model.geom_pos[g][1]) - model.geom_size[g][1] for g in added]
        assert min(towards) > 0.0
    assert model.body_mass.sum() == pytest.approx(before.body_mass.sum())


def test_the_arm_floats_without_torques_and_what_is_taken_away_is_neither_felt_nor_falls(model):
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 500)
    assert abs(data.joint("robot0_joint1").qpos[0]) < 1e-6
    basket = model.body("basket_1_main").id
    np.testing.assert_allclose(data.xpos[basket], [0.2, 0.2, 0.1], atol=1e-6)
    assert not any(basket in model.geom_bodyid[contact.geom] for contact in data.contact)
    assert model.geom_rgba[model.geom_bodyid == basket][:, 3].max() == 0.0
    unchanged = mujoco.MjModel.from_xml_string(MODEL)
    falling = mujoco.MjData(unchanged)
    mujoco.mj_step(unchanged, falling, 500)
    assert abs(falling.joint("robot0_joint1").qpos[0]) > 0.1  # so the compensation does something


def test_a_body_that_is_not_there_cannot_be_taken_away():
    with pytest.raises(ValueError, match="red_basket"):
        adapted(MODEL, [], (640, 480), 0.0, ["red_basket_1_main"])
