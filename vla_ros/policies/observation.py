# SPDX-License-Identifier: Apache-2.0
"""What a policy sees: images with their published calibration, the state of the robot's groups, words; nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import pose_channels
from controllers.errors import VlaError
from controllers.rotations import from_matrix


@dataclass(frozen=True, eq=False)
class CameraView:
    """One exposure of one camera.

    The camera frame is the optical one: x right, y down, z forward.
    """

    name: str
    stamp: float  # [s] exposure
    color: np.ndarray  # (H, W, 3) uint8 RGB
    depth: np.ndarray | None = None  # (H, W) float32 [m] along z, aligned to color; 0 where nothing was measured
    intrinsics: np.ndarray | None = None  # (3, 3) pinhole K [px]; None: not calibrated, or not needed
    T_base_camera: np.ndarray | None = None  # (4, 4) published calibration, robot base frame; None as above
    # Left, top, width, height [px] of the part of the camera's own picture that `color` is; None: all, unscaled.
    window: tuple[int, int, int, int] | None = None

    @property
    def calibration(self) -> tuple[np.ndarray, np.ndarray]:
        """Return K (3, 3) and T_base_camera (4, 4). Raises VlaError for a camera without them."""
        if self.intrinsics is None or self.T_base_camera is None:
            raise VlaError(f"camera '{self.name}' has no calibration")
        return self.intrinsics, self.T_base_camera


@dataclass(frozen=True, eq=False)
class ArmState:
    """One arm."""

    joints: tuple[str, ...]
    q: np.ndarray  # (N,) [rad]
    dq: np.ndarray  # (N,) [rad/s]
    T_base_ee: np.ndarray  # (4, 4) tool centre point


@dataclass(frozen=True, eq=False)
class EndEffectorState:
    """One end effector: what its kind measures."""

    width: float | None = None  # [m] total opening of a parallel gripper
    sealed: Mapping[str, bool] = field(default_factory=dict)  # by cup: whether it holds something; none: nobody says


@dataclass(frozen=True, eq=False)
class JointGroupState:
    """One group of joints that carries no tool, such as a lift or a head."""

    joints: tuple[str, ...]
    q: np.ndarray  # (N,) [rad] or [m]
    dq: np.ndarray  # (N,) [rad/s] or [m/s]


@dataclass(frozen=True, eq=False)
class BaseState:
    """A moving base by its odometry."""

    T_odom_base: np.ndarray  # (4, 4)
    twist: np.ndarray  # (3,) x, y [m/s], yaw [rad/s] in the base frame


@dataclass(frozen=True, eq=False)
class RobotState:
    """The groups of a robot at `stamp`, each by its name: measured, or as they are commanded."""

    stamp: float  # [s]
    arms: Mapping[str, ArmState]
    end_effectors: Mapping[str, EndEffectorState] = field(default_factory=dict)
    joint_groups: Mapping[str, JointGroupState] = field(default_factory=dict)
    base: BaseState | None = None

    @property
    def values(self) -> dict[str, float]:
        """Return every number by the name of its channel, as chunks and contracts call it."""
        known: dict[str, float] = {}
        for name, arm in self.arms.items():
            numbers = (*arm.T_base_ee[:3, 3].tolist(), *from_matrix(arm.T_base_ee[:3, :3]))
            known |= zip(pose_channels(name), numbers, strict=True)
        groups: tuple[ArmState | JointGroupState, ...] = (*self.arms.values(), *self.joint_groups.values())
        for group in groups:
            known |= zip((f"{joint}/position" for joint in group.joints), group.q.tolist(), strict=True)
            known |= zip((f"{joint}/velocity" for joint in group.joints), group.dq.tolist(), strict=True)
        for name, tool in self.end_effectors.items():
            if tool.width is not None:
                known[f"{name}/width"] = tool.width
            known |= {f"{cup}/seal": float(sealed) for cup, sealed in tool.sealed.items()}
        if self.base is not None:
            known |= zip(BASE_AXES, self.base.twist.tolist(), strict=True)
        return known


@dataclass(frozen=True, eq=False)
class Observation:
    """Everything a policy may know at one instant, stamped by the reference camera's exposure."""

    stamp: float  # [s]
    instruction: str
    cameras: Mapping[str, CameraView]  # by the names that the policy needs them by
    state: RobotState  # measured, interpolated to `stamp`
    # At `stamp`, the anchor of `anchor: commanded`: tools and end effectors are commanded (an end effector that
    # nobody commands is not in it), joints and the base measured, for nobody says where they are commanded.
    commanded: RobotState
    history: tuple[RobotState, ...] = ()  # older measured states, oldest first
    camera_history: Mapping[str, tuple[CameraView, ...]] = field(default_factory=dict)  # earlier views, oldest first
