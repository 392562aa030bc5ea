# SPDX-License-Identifier: Apache-2.0
import subprocess
import sys

import mujoco
import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.sim import rendering
from vla_ros.sim.rendering import Renderer

WIDTH, HEIGHT = 64, 48


def two_walls(distance: float) -> tuple[mujoco.MjModel, mujoco.MjData]:
    """A red wall `distance` [m] in front of camera 0, a blue one as far in front of camera 1."""
    spec = mujoco.MjSpec()
    spec.stat.extent, spec.visual.map.znear, spec.visual.map.zfar = 1.0, 0.01, 20.0
    spec.visual.headlight.ambient = [1.0, 1.0, 1.0]
    box = mujoco.mjtGeom.mjGEOM_BOX
    spec.worldbody.add_geom(type=box, size=[9, 9, 0.1], pos=[0, 0, -distance - 0.1], rgba=[1, 0, 0, 1])
    spec.worldbody.add_geom(type=box, size=[9, 9, 0.1], pos=[0, 0, distance + 0.1], rgba=[0, 0, 1, 1])
    spec.worldbody.add_camera(name="down", fovy=60)
    spec.worldbody.add_camera(name="up", quat=[0, 1, 0, 0], fovy=60)
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    return model, data


@pytest.mark.parametrize("distance", [0.1, 0.5, 1.0, 3.0, 9.0])
def test_depth_is_metric_along_the_optical_axis(distance):
    model, data = two_walls(distance)
    renderer = Renderer(model, WIDTH, HEIGHT)
    _, depth = renderer.render(data, 0)
    assert depth.shape == (HEIGHT, WIDTH)
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, distance, rtol=1e-4)
    renderer.close()


def test_two_models_do_not_draw_into_each_other():
    """They share one GL context: each must bind its own buffer again."""
    (model, data), (other_model, other_data) = two_walls(1.0), two_walls(2.0)
    one, other = Renderer(model, WIDTH, HEIGHT), Renderer(other_model, WIDTH, HEIGHT)
    red, near = one.render(data, 0)
    red_again, far = other.render(other_data, 0)
    blue, near_too = one.render(data, 1)
    assert red[..., 0].min() > 200
    assert red_again[..., 0].min() > 200
    assert blue[..., 2].min() > 200
    assert blue[..., 0].max() < 100
    np.testing.assert_allclose(near, near_too, rtol=1e-6)
    np.testing.assert_allclose(far, 2.0 * near, rtol=1e-3)
    one.close()
    other.close()


def test_images_are_not_overwritten_by_the_next_frame():
    model, data = two_walls(1.0)
    renderer = Renderer(model, WIDTH, HEIGHT)
    color, depth = renderer.render(data, 0)
    kept = color.copy(), depth.copy()
    renderer.render(data, 1)
    np.testing.assert_array_equal(color, kept[0])
    np.testing.assert_array_equal(depth, kept[1])
    renderer.close()


def test_rows_run_downwards():
    spec = mujoco.MjSpec()
    spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[9, 1, 0.1], pos=[0, 1.05, -2], rgba=[1, 1, 1, 1])
    spec.worldbody.add_camera(name="camera", fovy=60)  # y of the world is up in the image
    model = spec.compile()
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    renderer = Renderer(model, WIDTH, HEIGHT)
    color, _ = renderer.render(data, 0)
    assert color[: HEIGHT // 3].mean() > 50
    assert color[2 * HEIGHT // 3 :].mean() < 5
    renderer.close()


def test_no_graphics_is_one_line_with_the_remedy(monkeypatch):
    import mujoco.egl

    def fail(width, height):
        raise ImportError("Cannot initialize a EGL device display")

    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setattr(mujoco.egl, "GLContext", fail)
    with pytest.raises(ConfigError, match="install libegl1") as raised:
        rendering._new_context(WIDTH, HEIGHT)
    assert "\n" not in str(raised.value)


def test_mujoco_imported_first_without_a_backend_still_renders():
    """Without MUJOCO_GL, importing MuJoCo settles on a window system that a server does not have."""
    script = (
        "import os; os.environ.pop('MUJOCO_GL', None)\n"
        "import mujoco\n"
        "from vla_ros.sim.rendering import Renderer\n"
        "spec = mujoco.MjSpec(); spec.worldbody.add_camera(name='c')\n"
        "model = spec.compile(); data = mujoco.MjData(model); mujoco.mj_forward(model, data)\n"
        "print(Renderer(model, 32, 24).render(data, 0)[0].shape)\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "(24, 32, 3)", result.stderr
    assert "Traceback" not in result.stderr
