# SPDX-License-Identifier: Apache-2.0
"""A scene's cameras in MuJoCo: pinhole optics at the true pose."""

from __future__ import annotations

from collections.abc import Iterable

import mujoco
import numpy as np

from vla_ros.sim.scene import SceneCamera

# MuJoCo's camera looks along −z with y up; the optical frame looks along z with y down.
_R_optical_mujoco = np.diag([1.0, -1.0, -1.0])


def add_cameras(spec: mujoco.MjSpec, cameras: Iterable[SceneCamera]) -> None:
    """Add each camera, fixed in the world, at its true pose."""
    for camera in cameras:
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, (camera.T_base_camera[:3, :3] @ _R_optical_mujoco).ravel())
        height = camera.size[1]
        fovy = 2.0 * np.degrees(np.arctan2(height / 2.0, camera.intrinsics[1, 1]))
        spec.worldbody.add_camera(name=camera.name, pos=camera.T_base_camera[:3, 3], quat=quaternion, fovy=fovy)
