# SPDX-License-Identifier: Apache-2.0
"""Colour and depth images from MuJoCo through one OpenGL context a process."""

from __future__ import annotations

import os
from typing import Any

import mujoco
import numpy as np

from controllers.errors import ConfigError
from vla_ros.sim.surroundings import CLEAR_GROUP

_context: Any = None
_context_size = (0, 0)


def _shared_context(width: int, height: int) -> Any:
    """Return the process's GL context: creating one costs more than rendering an episode's first frames."""
    global _context, _context_size
    if _context is None or width > _context_size[0] or height > _context_size[1]:
        _context = _new_context(width, height)
        _context_size = (width, height)
    return _context


def _new_context(width: int, height: int) -> Any:
    # Not mujoco.GLContext: that one was chosen when MuJoCo was first imported, by whoever did, for a screen perhaps.
    backend = os.environ.get("MUJOCO_GL", "egl")
    try:
        if backend == "osmesa":
            from mujoco.osmesa import GLContext
        elif backend == "glfw":
            from mujoco.glfw import GLContext
        else:
            from mujoco.egl import GLContext
        return GLContext(width, height)
    except Exception as error:  # the backends raise what they like: ImportError, AttributeError, GLError, …
        raise ConfigError(
            f"no OpenGL for rendering (MUJOCO_GL={backend}: {error}): "
            "install libegl1 and libgl1-mesa-dri, or set MUJOCO_GL=osmesa"
        ) from error


class Renderer:
    """Render colour and depth of one model in a single pass; for the thread that made it."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        self._model = model
        self._gl = _shared_context(width, height)
        self._gl.make_current()
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 100)
        self._option = mujoco.MjvOption()
        self._option.geomgroup[CLEAR_GROUP] = 1
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._render = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50.value)
        self._render.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR.value
        self._view = mujoco.MjvCamera()
        self._view.type = mujoco.mjtCamera.mjCAMERA_FIXED.value
        # Clipping planes [m]; MuJoCo gives them as multiples of the model's extent.
        self._near = np.float32(model.vis.map.znear * model.stat.extent)
        self._far = np.float32(model.vis.map.zfar * model.stat.extent)
        self._color = np.empty((height, width, 3), dtype=np.uint8)
        self._depth = np.empty((height, width), dtype=np.float32)

    def render_behind_glass(self, data: mujoco.MjData, camera_id: int) -> np.ndarray:
        """Return depth (H, W) float32 [m] as a stereo camera sees it: of what is behind glass."""
        self._option.geomgroup[CLEAR_GROUP] = 0
        try:
            return self.render(data, camera_id)[1]
        finally:
            self._option.geomgroup[CLEAR_GROUP] = 1

    def render(self, data: mujoco.MjData, camera_id: int) -> tuple[np.ndarray, np.ndarray]:
        """Return colour (H, W, 3) uint8 and depth (H, W) float32 [m] along the optical axis."""
        self._gl.make_current()
        self._view.fixedcamid = camera_id
        everything = mujoco.mjtCatBit.mjCAT_ALL.value
        mujoco.mjv_updateScene(self._model, data, self._option, None, self._view, everything, self._scene)
        # Another model's renderer may have left its own buffer bound: this one would draw into that.
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self._render)
        mujoco.mjr_render(self._rectangle, self._scene, self._render)
        mujoco.mjr_readPixels(self._color, self._depth, self._rectangle, self._render)
        # Reversed depth buffer: 1 at the near plane, 0 at the far one; accurate in float32.
        scale = self._near / (self._far - self._near)
        depth = self._far * scale / (self._depth[::-1] + scale)
        return np.ascontiguousarray(self._color[::-1]), depth

    def close(self) -> None:
        """Free what the graphics driver holds for this model; the shared context stays."""
        self._gl.make_current()
        self._render.free()
