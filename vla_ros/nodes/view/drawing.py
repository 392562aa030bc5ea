# SPDX-License-Identifier: Apache-2.0
"""NumPy -> Foxglove's messages: times, poses, lines, boxes, words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from foxglove.messages import (
    Color,
    CubePrimitive,
    CylinderPrimitive,
    Duration,
    FrameTransform,
    ImageAnnotations,
    LinePrimitive,
    Point2,
    Point3,
    PointsAnnotation,
    PointsAnnotationType,
    Pose,
    Quaternion,
    SceneEntity,
    SceneUpdate,
    SpherePrimitive,
    TextPrimitive,
    Timestamp,
    Vector3,
)

from controllers.rotations import from_matrix
from vla_ros.robots.visible_robot import LinkShape

RGBA = tuple[float, float, float, float]


def nanoseconds(time: float) -> int:
    """Return a time [s] as Foxglove's log times take it."""
    return max(0, round(time * 1e9))


def timestamp(time: float) -> Timestamp:
    """Return a time [s]."""
    whole, rest = divmod(nanoseconds(time), 1_000_000_000)
    return Timestamp(whole, nsec=rest)


def color(rgba: Iterable[float]) -> Color:
    """Return a colour, 0…1 each."""
    r, g, b, a = (float(value) for value in rgba)
    return Color(r=r, g=g, b=b, a=a)


def vector(v: Iterable[float]) -> Vector3:
    """Return a vector."""
    x, y, z = (float(value) for value in v)
    return Vector3(x=x, y=y, z=z)


def quaternion(q: Iterable[float]) -> Quaternion:
    """Return a quaternion xyzw."""
    x, y, z, w = (float(value) for value in q)
    return Quaternion(x=x, y=y, z=z, w=w)


def at(position: np.ndarray) -> np.ndarray:
    """Return the transform (4, 4) that only moves, to `position` (3,) [m]."""
    T = np.eye(4)
    T[:3, 3] = position
    return T


def pose(T: np.ndarray) -> Pose:
    """Return a transform (4, 4) as a pose."""
    return Pose(position=vector(T[:3, 3]), orientation=quaternion(from_matrix(T[:3, :3])))


def pose_of(position: np.ndarray, orientation: np.ndarray) -> Pose:
    """Return a position (3,) [m] and a quaternion (4,) xyzw as a pose."""
    return Pose(position=vector(position), orientation=quaternion(orientation))


def frame_transform(time: float, parent: str, child: str, T_parent_child: np.ndarray) -> FrameTransform:
    """Return where `child` is in `parent`."""
    return FrameTransform(
        timestamp=timestamp(time),
        parent_frame_id=parent,
        child_frame_id=child,
        translation=vector(T_parent_child[:3, 3]),
        rotation=quaternion(from_matrix(T_parent_child[:3, :3])),
    )


def line(points: np.ndarray, rgba: RGBA, thickness: float = 2.0) -> LinePrimitive:
    """Return a line through `points` (N, 3) [m], `thickness` [px] wide whatever the distance."""
    return LinePrimitive(
        thickness=thickness,
        scale_invariant=True,
        points=[Point3(x=x, y=y, z=z) for x, y, z in points.tolist()],
        color=color(rgba),
    )


def dots(points: np.ndarray, rgba: RGBA, diameter: float = 0.006) -> list[SpherePrimitive]:
    """Return a small sphere at each of `points` (N, 3) [m]."""
    size = vector([diameter] * 3)
    upright = quaternion([0.0, 0.0, 0.0, 1.0])
    return [
        SpherePrimitive(pose=Pose(position=vector(p), orientation=upright), size=size, color=color(rgba))
        for p in points.tolist()
    ]


def box(T: np.ndarray, size: Iterable[float], rgba: Iterable[float]) -> CubePrimitive:
    """Return a box of full edges `size` [m], its middle at T (4, 4)."""
    return CubePrimitive(pose=pose(T), size=vector(size), color=color(rgba))


def words(position: np.ndarray, text: str, rgba: RGBA, height: float = 0.02) -> TextPrimitive:
    """Return text that faces the viewer, `height` [m] high."""
    return TextPrimitive(pose=pose(at(position)), billboard=True, font_size=height, color=color(rgba), text=text)


def scene(time: float, frame: str, name: str, lifetime: float = 0.0, **primitives: Any) -> SceneUpdate:
    """Return an update that replaces the entity `name`; `primitives` are SceneEntity's lists.

    It disappears after `lifetime` [s]; 0: never.
    """
    ends = Duration.from_secs(lifetime) if lifetime > 0.0 else None
    entity = SceneEntity(
        timestamp=timestamp(time), frame_id=frame, id=name, frame_locked=True, lifetime=ends, **primitives
    )
    return SceneUpdate(entities=[entity])


def image_annotations(time: float, ends: np.ndarray, colors: np.ndarray, thick: np.ndarray) -> ImageAnnotations:
    """Return lines (L, 2, 2) [px] over an image, RGBA (L, 4); those that are not `thick` (L,) are thin."""
    groups = [(chosen, width) for chosen, width in ((~thick, 1.0), (thick, 3.0)) if chosen.any()]
    return ImageAnnotations(
        points=[
            PointsAnnotation(
                timestamp=timestamp(time),
                type=PointsAnnotationType.LineList,
                points=[Point2(x=x, y=y) for x, y in ends[chosen].reshape(-1, 2).tolist()],
                outline_colors=[color(rgba) for rgba in colors[chosen]],
                thickness=width,
            )
            for chosen, width in groups
        ]
    )


def robot_scene(time: float, shapes: Sequence[LinkShape]) -> SceneUpdate:
    """Return an entity for each link, locked to the link's frame: transforms alone move the robot."""
    entities = []
    for link in dict.fromkeys(shape.link for shape in shapes):
        own = [shape for shape in shapes if shape.link == link]
        entities.append(
            SceneEntity(
                timestamp=timestamp(time),
                frame_id=link,
                id=link,
                frame_locked=True,
                cubes=[box(s.T_link_shape, s.size, s.color) for s in own if s.kind == "box"],
                cylinders=[_cylinder(s) for s in own if s.kind == "cylinder"],
                spheres=[_sphere(s) for s in own if s.kind == "sphere"],
            )
        )
    return SceneUpdate(entities=entities)


def _cylinder(shape: LinkShape) -> CylinderPrimitive:
    return CylinderPrimitive(
        pose=pose(shape.T_link_shape),
        size=vector(shape.size),
        bottom_scale=1.0,
        top_scale=1.0,
        color=color(shape.color),
    )


def _sphere(shape: LinkShape) -> SpherePrimitive:
    return SpherePrimitive(pose=pose(shape.T_link_shape), size=vector(shape.size), color=color(shape.color))
