# SPDX-License-Identifier: Apache-2.0
"""What a policy sees: images with their published calibration, robot state, words. Nothing else fits in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class CameraView:
    """One exposure of one camera.

    The camera frame is the optical one: x right, y down, z forward.
    """

    name: str
    stamp: float  # [s] exposure
    color: np.ndarray  # (H, W, 3) uint8 RGB
    depth: np.ndarray | None  # (H, W) float32 [m] along z, aligned to color; 0 where nothing was measured
    intrinsics: np.ndarray  # (3, 3) pinhole K [px]
    T_base_camera: np.ndarray  # (4, 4) published calibration, robot base frame


@dataclass(frozen=True, eq=False)
class RobotState:
    """Measured state of one arm and its gripper at `stamp`."""

    stamp: float  # [s]
    q: np.ndarray  # (N,) [rad]
    dq: np.ndarray  # (N,) [rad/s]
    T_base_ee: np.ndarray  # (4, 4) tool centre point
    gripper_width: float  # [m] total opening


@dataclass(frozen=True, eq=False)
class Observation:
    """Everything a policy may know at one instant, stamped by the reference camera's exposure."""

    stamp: float  # [s]
    instruction: str
    cameras: Mapping[str, CameraView]
    state: RobotState  # interpolated to `stamp`
    T_base_ee_commanded: np.ndarray  # (4, 4) commanded pose at `stamp`: the anchor of `anchor: commanded`
    history: tuple[RobotState, ...] = ()  # older states, oldest first
    gripper_width_commanded: float | None = None  # [m] at `stamp`; None: nobody says
