# SPDX-License-Identifier: Apache-2.0
"""Colour and depth of one model in a single pass, without a screen."""

from __future__ import annotations

from typing import Any

import mujoco
import numpy as np

_context: Any = None


class Renderer:
    """Render one model; all models of the process share one OpenGL context."""

    def __init__(self, model: mujoco.MjModel, width: int, height: int) -> None:
        global _context
        self._model = model
        if _context is None:
            _context = mujoco.GLContext(width, height)
        _context.make_current()
        self._scene = mujoco.MjvScene(model, maxgeom=model.ngeom + 100)
        self._option = mujoco.MjvOption()  # as LIBERO draws: shapes that are felt are in group 0
        self._option.geomgroup[0] = 0
        self._option.sitegroup[:] = 0  # robosuite marks the hand's axis
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._render = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_50)
        self._render.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._render)
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._near = model.vis.map.znear * model.stat.extent  # [m]
        self._far = model.vis.map.zfar * model.stat.extent  # [m]
        self._color = np.empty((height, width, 3), dtype=np.uint8)
        self._depth = np.empty((height, width), dtype=np.float32)

    def render(self, data: mujoco.MjData, camera: int) -> tuple[np.ndarray, np.ndarray]:
        """Return colour (H, W, 3) uint8 and depth (H, W) float32 [m] along the optical axis."""
        self._camera.fixedcamid = camera
        mujoco.mjv_updateScene(
            self._model, data, self._option, None, self._camera, mujoco.mjtCatBit.mjCAT_ALL, self._scene
        )
        mujoco.mjr_render(self._rectangle, self._scene, self._render)
        mujoco.mjr_readPixels(self._color, self._depth, self._rectangle, self._render)
        scale = self._near / (self._far - self._near)  # a reversed depth buffer: 1 at the near plane, 0 at the far one
        depth = self._far * scale / (self._depth[::-1] + scale)
        return np.ascontiguousarray(self._color[::-1]), depth.astype(np.float32)

    def close(self) -> None:
        """Free what the driver holds for this model."""
        self._render.free()
