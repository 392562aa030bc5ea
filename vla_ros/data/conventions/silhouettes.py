# SPDX-License-Identifier: Apache-2.0
"""Where a robot is in a camera's picture, by its joints and the camera's calibration: its shapes' outlines, filled.

Shape legend: N frames, P points of a shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from vla_ros.data.conventions.recording import Recording, transforms_of
from vla_ros.policies.contract import CameraStream
from vla_ros.policies.image_fit import fit_intrinsics
from vla_ros.robots.camera_calibration import load_calibration
from vla_ros.robots.cameras import look_at
from vla_ros.robots.embodiment import expand_urdf
from vla_ros.robots.visible_robot import LinkShape, VisibleRobot

NEAR = 0.02  # [m] in front of the camera, where a shape is cut off
GOES_WITH = 0.06  # [m] a finger's way, that a shape may move in the camera's frame
_STANDING_IN = "franka"  # whose front and side cameras config/cameras describes


@dataclass(frozen=True, eq=False)
class Optics:
    """One camera over all frames, in pixels of a picture of width × height."""

    width: int
    height: int
    intrinsics: np.ndarray  # (N, 4) fx, fy, cx, cy [px]
    T_base_camera: np.ndarray | None  # (N, 4, 4); None where it is fixed to a link of the robot
    link: str = ""
    T_link_camera: np.ndarray | None = None  # (4, 4)
    nominal: bool = False  # where the robot's file has it, not a calibration of this recording


def optics_of(recording: Recording, camera: str) -> Optics | None:
    """Return a camera's calibration by the dataset, else by the robot's file; None where neither has it."""
    contract, stream = recording.contract, recording.contract.cameras[camera]
    for name, feature in contract.features.items():
        if feature.kind == "calibration" and feature.camera == camera and name in recording.reader.metadata.features:
            values = np.asarray(recording.reader.column(name), dtype=float)
            return Optics(stream.width, stream.height, values[:, :4], transforms_of(values[:, 4:]))
    described = recording.robot.camera(camera)
    if described.mount is not None:
        mount = described.mount
        T = look_at(np.array(mount.position), np.array(mount.look_at), mount.up)
        fitted = fit_intrinsics(_by_angle(mount.fovy, stream), stream, camera)
        return Optics(stream.width, stream.height, fitted[None], None, described.frame, T, nominal=True)
    if described.frame or recording.robot.name != _STANDING_IN:
        return None
    calibration = load_calibration(camera)
    (fx, fy), (cx, cy) = calibration.focal_length, calibration.principal_point
    numbers = np.array([fx, fy, cx, cy, calibration.width, calibration.height])
    fitted = fit_intrinsics(numbers, stream, camera)
    return Optics(stream.width, stream.height, fitted[None], calibration.T_frame_camera[None], nominal=True)


def _by_angle(fovy: float, stream: CameraStream) -> np.ndarray:
    """Return optics of the usual 640×480 picture, of which the contract stores a part."""
    width, height = (640, 480) if stream.fit != "exact" else (stream.width, stream.height)
    focal = height / 2.0 / np.tan(np.radians(fovy) / 2.0)
    return np.array([focal, focal, (width - 1) / 2.0, (height - 1) / 2.0, width, height])


class Silhouettes:
    """A robot's outline in a camera's pictures, drawn in a small size."""

    def __init__(self, recording: Recording) -> None:
        """Take the joints that the state tells; the others are at home, fingers at the measured width."""
        names, columns = [], []
        for group in recording.robot.driven_groups:
            told = recording.columns([f"{joint}/position" for joint in group.joints])
            names += list(group.joints)
            columns.append(np.tile(group.home, (len(recording), 1)) if told is None else told)
        for gripper in recording.robot.grippers:
            width = recording.columns([f"{gripper.name}/width"])
            names += list(gripper.joints)
            share = np.zeros((len(recording), 1)) if width is None else width / len(gripper.joints)
            columns.append(np.repeat(share, len(gripper.joints), axis=1))
        self._q = np.hstack(columns)
        self._robot = VisibleRobot(expand_urdf(recording.robot), names)
        corners = [_corners(shape) for shape in self._robot.shapes]
        self._points = np.vstack(corners)  # (P, 3) of all shapes, each in its own frame
        self._ends = np.cumsum([0, *map(len, corners)])
        self._owner = np.repeat(np.arange(len(corners)), list(map(len, corners)))
        self._local = np.array([shape.T_link_shape for shape in self._robot.shapes])
        self._base = recording.robot.base_frame

    def carried_with(self, optics: Optics, frames: np.ndarray) -> frozenset[int]:
        """Return which shapes go where the camera goes: those of the hand that it is on, with the fingers."""
        chosen = frames[np.linspace(0, len(frames) - 1, 12).astype(int)]
        places = []
        for frame in chosen:
            T = self._to_camera(optics, frame)
            places.append([(T @ self._robot.T_base_link(shape.link))[:3] for shape in self._robot.shapes])
        spread = np.ptp(np.array(places), axis=0).max(axis=(1, 2))  # [m], or of a rotation's matrix
        return frozenset(np.flatnonzero(spread < GOES_WITH).tolist())

    def _to_camera(self, optics: Optics, frame: int) -> np.ndarray:
        """Place the robot as in a frame, and return its root in the camera (4, 4)."""
        self._robot.update(self._q[frame])
        if optics.T_base_camera is None:
            assert optics.T_link_camera is not None
            return np.linalg.inv(self._robot.T_base_link(optics.link) @ optics.T_link_camera)
        T_base_root = np.linalg.inv(self._robot.T_base_link(self._base))
        return np.linalg.inv(optics.T_base_camera[min(frame, len(optics.T_base_camera) - 1)]) @ T_base_root

    def draw(
        self, optics: Optics, frame: int, size: tuple[int, int], shapes: frozenset[int] | None = None
    ) -> np.ndarray:
        """Return the mask (height, width) of `size` uint8, 1 where the robot is, or these shapes of it."""
        height, width = size
        mask = np.zeros(size, dtype=np.uint8)
        T_camera_root = self._to_camera(optics, frame)
        fx, fy, cx, cy = optics.intrinsics[min(frame, len(optics.intrinsics) - 1)]
        scale = np.array([width / optics.width, height / optics.height])
        T = (
            T_camera_root
            @ np.array([self._robot.T_base_link(shape.link) for shape in self._robot.shapes])
            @ self._local
        )
        points = np.einsum("nij,nj->ni", T[self._owner, :3, :3], self._points) + T[self._owner, :3, 3]
        away = np.maximum(points[:, 2], NEAR)
        pixels = np.column_stack([fx * points[:, 0] / away + cx, fy * points[:, 1] / away + cy])
        pixels = np.clip((pixels + 0.5) * scale - 0.5, -1e4, 1e4).round().astype(np.int32)
        for number, (first, last) in enumerate(zip(self._ends[:-1], self._ends[1:], strict=True)):
            if (shapes is None or number in shapes) and points[first:last, 2].min() >= NEAR:
                # One around or behind the camera is left out: its outline has no end.
                cv2.fillConvexPoly(mask, cv2.convexHull(pixels[first:last]), 1)
        return mask


def _corners(shape: LinkShape) -> np.ndarray:
    """Return points (P, 3) whose convex hull is the shape, in its own frame."""
    half = shape.size / 2.0
    if shape.kind == "box":
        signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=float)
        return signs * half
    angle = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    if shape.kind == "cylinder":
        return np.vstack([np.column_stack([circle * half[:2], np.full(12, z)]) for z in (-half[2], half[2])])
    rings = [np.column_stack([circle * np.cos(tilt), np.full(12, np.sin(tilt))]) for tilt in (-1.2, -0.6, 0, 0.6, 1.2)]
    return np.vstack([*rings, [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0)]]) * half
