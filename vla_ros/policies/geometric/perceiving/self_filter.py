# SPDX-License-Identifier: Apache-2.0
"""Which points are the robot itself: its URDF's shapes, placed by forward kinematics, grown by a margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pinocchio as pin


@dataclass(frozen=True, eq=False)
class Primitive:
    """A box, cylinder or sphere fixed to a joint."""

    joint: int  # pinocchio joint index
    T_joint_shape: np.ndarray  # (4, 4)
    shape: str
    size: np.ndarray  # [m] half edges | (radius, half length) | (radius,)
    reach: float  # [m] radius of the bounding sphere
    reflectance: float  # share of light a colourless surface reflects; 0 for a coloured or dark one


class RobotShape:
    """The robot's shapes in the base frame for any joint configuration."""

    def __init__(self, urdf: str, joints: Sequence[str], finger_joints: Sequence[str]) -> None:
        """`urdf` is expanded XML; `joints` and `finger_joints` name what the state's q and gripper width drive."""
        self._model = pin.buildModelFromXML(urdf)
        self._data = self._model.createData()
        self._q = pin.neutral(self._model)
        self._columns = [self._model.joints[self._model.getJointId(name)].idx_q for name in joints]
        self._fingers = [self._model.joints[self._model.getJointId(name)].idx_q for name in finger_joints]
        self._primitives = _primitives(self._model, urdf)

    def place(self, q: np.ndarray, gripper_width: float) -> list[tuple[Primitive, np.ndarray]]:
        """Return every shape with its pose T_base_shape (4, 4)."""
        self._q[self._columns] = q
        self._q[self._fingers] = gripper_width / 2.0
        pin.forwardKinematics(self._model, self._data, self._q)
        return [
            (primitive, self._data.oMi[primitive.joint].homogeneous @ primitive.T_joint_shape)
            for primitive in self._primitives
        ]

    def contains(self, points: np.ndarray, q: np.ndarray, gripper_width: float, margin: float) -> np.ndarray:
        """Say which points (N, 3) are within `margin` [m] of the robot."""
        return self._covered(points, self.place(q, gripper_width), margin)

    def white_surface(self, points: np.ndarray, q: np.ndarray, gripper_width: float, margin: float) -> np.ndarray:
        """Say which points (N, 3) lie within `margin` [m] of the robot's white shapes and on no other."""
        placed = self.place(q, gripper_width)
        white = self._covered(points, [item for item in placed if item[0].reflectance > 0.9], margin)
        return white & ~self._covered(points, [item for item in placed if item[0].reflectance <= 0.9], 0.2 * margin)

    @property
    def white_reflectance(self) -> float:
        """Return the mean reflectance of the white shapes; 0 when the robot has none."""
        white = [primitive.reflectance for primitive in self._primitives if primitive.reflectance > 0.9]
        return float(np.mean(white)) if white else 0.0

    def tool_velocity(self, frame: str, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Return the velocity (3,) [m/s] of a frame's origin in the base frame."""
        step = 0.01
        return (self.frame_position(frame, q) - self.frame_position(frame, q - step * dq)) / step

    def frame_position(self, frame: str, q: np.ndarray) -> np.ndarray:
        """Return where a frame's origin is in the base frame (3,) [m]."""
        self._q[self._columns] = q
        pin.forwardKinematics(self._model, self._data, self._q)
        index = self._model.getFrameId(frame)
        return pin.updateFramePlacement(self._model, self._data, index).translation.copy()

    @staticmethod
    def _covered(points: np.ndarray, placed: list[tuple[Primitive, np.ndarray]], margin: float) -> np.ndarray:
        hit = np.zeros(len(points), bool)
        if len(points) == 0 or not placed:
            return hit
        # Most points are far from most links: all bounding spheres at once spare the exact distances.
        centers = np.stack([T[:3, 3] for _, T in placed], axis=1).astype(np.float32)  # (3, P)
        reach = np.array([primitive.reach + margin for primitive, _ in placed], np.float32)
        # |p − c|² < r², with what depends on the point alone moved to one side
        outside = (centers**2).sum(axis=0) - reach**2 - 2.0 * points @ centers
        candidates = outside < -np.einsum("ij,ij->i", points, points)[:, None]
        for i in np.flatnonzero(candidates.any(axis=0)):
            primitive, T_base_shape = placed[i]
            near = np.flatnonzero(candidates[:, i])
            local = (points[near] - T_base_shape[:3, 3].astype(np.float32)) @ T_base_shape[:3, :3].astype(np.float32)
            hit[near] |= _distance(primitive, local) < margin
        return hit


def _distance(primitive: Primitive, local: np.ndarray) -> np.ndarray:
    """Return the distance of points in the shape's frame to the shape, negative inside [m]."""
    size = primitive.size
    if primitive.shape == "sphere":
        return np.linalg.norm(local, axis=1) - size[0]
    if primitive.shape == "cylinder":
        beyond = np.stack([np.hypot(local[:, 0], local[:, 1]) - size[0], np.abs(local[:, 2]) - size[1]], axis=1)
    else:
        beyond = np.abs(local) - size
    return np.linalg.norm(np.maximum(beyond, 0.0), axis=1) + np.minimum(beyond.max(axis=1), 0.0)


def _primitives(model: pin.Model, urdf: str) -> list[Primitive]:
    geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.VISUAL)
    found = []
    for item in geometry.geometryObjects:
        shape = type(item.geometry).__name__.lower()
        if shape == "box":
            size = np.array(item.geometry.halfSide).ravel()
        elif shape in ("cylinder", "capsule"):
            # A capsule is its cylinder with rounded ends: the cylinder that encloses it filters a little more.
            cap = item.geometry.radius if shape == "capsule" else 0.0
            shape, size = "cylinder", np.array([item.geometry.radius, item.geometry.halfLength + cap])
        elif shape == "sphere":
            size = np.array([item.geometry.radius])
        else:
            # A mesh: its bounding box.
            item.geometry.computeLocalAABB()
            low, high = np.array(item.geometry.aabb_local.min_), np.array(item.geometry.aabb_local.max_)
            T = item.placement.homogeneous.copy()
            T[:3, 3] += T[:3, :3] @ ((low + high) / 2).ravel()
            size = ((high - low) / 2).ravel()
            found.append(Primitive(item.parentJoint, T, "box", size, float(np.linalg.norm(size)), 0.0))
            continue
        placement = item.placement.homogeneous.copy()
        reflectance = _reflectance(np.asarray(item.meshColor).ravel())
        found.append(Primitive(item.parentJoint, placement, shape, size, float(np.linalg.norm(size)), reflectance))
    return found


def _reflectance(rgba: np.ndarray) -> float:
    white = rgba[:3].min() > 0.7 and np.ptp(rgba[:3]) < 0.06
    return float(rgba[:3].mean()) if white else 0.0
