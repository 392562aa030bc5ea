# SPDX-License-Identifier: Apache-2.0
"""What fingers meet when they close from where they stand: rays from their pads' faces along the way they close.

Shape legend: N candidates, F fingers, R rays of a pad, O objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vla_ros.robots.tools.description import Finger, Tool
from vla_ros.sim.candidates.still_scene import NOT_AN_OBJECT, StillScene
from vla_ros.sim.candidates.swept_tool import finger_offsets

TOUCHING = 0.0015  # [m] what is no further behind a pad's first contact is touched with it: pads give way
_ACROSS, _ALONG = 5, 6  # rays over a pad's width and length
_SHARP = 0.5  # sine of the slope from which on a surface is a corner: rays 6 mm apart see as much of a radius of 6 mm
_INSET = 0.95  # share of a pad that they cover


@dataclass(frozen=True, eq=False)
class FingerContacts:
    """What each finger meets first, base frame."""

    meets: np.ndarray  # (N, F) bool: something, before its way ends
    travel: np.ndarray  # (N, F) [m] that it closes until then, infinite where it meets nothing
    points: np.ndarray  # (N, F, 3) [m] middle of what it touches
    normals: np.ndarray  # (N, F, 3) outwards there, unit
    patch: np.ndarray  # (N, F) [m] that what it touches reaches from that middle
    directions: np.ndarray  # (N, F, 3) unit vectors along which it closes
    cover: np.ndarray  # (N, F) share of the pad's rays that touch
    touched: np.ndarray  # (N, F, O + 1) bool; the last column stands for table and tote

    def alone(self, objects: np.ndarray) -> np.ndarray:
        """Say (N,) whether every finger touches the object of the candidate (N,) and nothing else."""
        own = np.take_along_axis(self.touched, objects[:, None, None], axis=2)[..., 0]
        return np.asarray((own & (self.touched.sum(axis=2) == 1)).all(axis=1))


def finger_contacts(
    still: StillScene,
    tool: Tool,
    positions: np.ndarray,
    rotations: np.ndarray,
    widths: np.ndarray,
    depths: np.ndarray,
) -> FingerContacts:
    """Close the fingers of tools at positions (N, 3) and rotations (N, 3, 3), `widths` (N,) [m] apart at first.

    `depths` (N,) [m] of their tips beyond the tool's plane. Each closes until it meets something: the object would
    slide between them, or the tool give way. Fingers are as far as their ways go.
    """
    count, number, things = len(positions), len(tool.fingers), len(still.names)
    offsets = finger_offsets(tool, widths, depths)
    rays = _ACROSS * _ALONG
    distance, met = np.empty((count, number, rays)), np.empty((count, number, rays), int)
    normals, starts = np.empty((count, number, rays, 3)), np.empty((count, number, rays, 3))
    directions = np.empty((count, number, 3))
    left = np.empty((count, number))  # [m] of its way
    for index, finger in enumerate(tool.fingers):
        pad = _pad(finger)
        along = np.append(finger.direction, 0.0)
        gone = (offsets[:, index, :2] - (finger.x, finger.y)) @ finger.direction
        left[:, index] = np.maximum(finger.travel - gone, 0.0)
        for row in range(count):
            rotation = rotations[row]
            starts[row, index] = positions[row] + (offsets[row, index] + pad) @ rotation.T
            directions[row, index] = rotation @ along
            hits = still.cast(starts[row, index], directions[row, index], 0.0)
            distance[row, index], met[row, index], normals[row, index] = hits.distance, hits.objects, hits.normal
    first = distance.min(axis=2)
    meets = first <= left
    touching = (distance <= first[..., None] + TOUCHING) & meets[..., None]
    weight = touching / np.maximum(touching.sum(axis=2), 1)[..., None]
    ends = starts + np.where(touching, distance, 0.0)[..., None] * directions[:, :, None]
    points = (weight[..., None] * ends).sum(axis=2)
    apart = np.linalg.norm(ends - points[:, :, None], axis=-1)
    spacing = np.array([2.0 * _INSET * finger.radius / (_ACROSS - 1) for finger in tool.fingers])
    kinds = np.where(met == NOT_AN_OBJECT, things, met)
    return FingerContacts(
        meets=meets,
        travel=np.where(meets, first, np.inf),
        points=points,
        normals=_contact_normals(rotations, directions, distance, normals),
        patch=np.where(touching, apart, 0.0).max(axis=2) + 0.5 * spacing,
        directions=directions,
        cover=touching.mean(axis=2),
        touched=((kinds[..., None] == np.arange(things + 1)) & touching[..., None]).any(axis=2),
    )


def _contact_normals(
    rotations: np.ndarray, directions: np.ndarray, distance: np.ndarray, normals: np.ndarray
) -> np.ndarray:
    """Return (N, F, 3) unit normals of what the pads lie on, from distances (N, F, R) and surface normals (N, F, R, 3).

    Where a surface is nearest amid a pad it is parallel to it there, between the rays: its slope counts only at the
    pad's border, or where it is a corner's, on which an object turns away.
    """
    nearest = distance.argmin(axis=2)
    normal = np.take_along_axis(normals, nearest[..., None, None], axis=2)[:, :, 0]
    up = np.broadcast_to(rotations[:, None, :, 2], directions.shape)
    for axis, index, last in (
        (np.cross(up, directions), nearest // _ALONG, _ACROSS - 1),
        (up, nearest % _ALONG, _ALONG - 1),
    ):
        slope = (normal * axis).sum(axis=-1)
        amid = (index > 0) & (index < last) & (np.abs(slope) < _SHARP)
        normal = normal - np.where(amid, slope, 0.0)[..., None] * axis
    return np.asarray(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9))


def _pad(finger: Finger) -> np.ndarray:
    """Return (R, 3) [m] where rays leave a pad, from the middle of its lower edge, in the tool's frame."""
    side = np.array([-finger.direction[1], finger.direction[0], 0.0])
    across = np.linspace(-_INSET, _INSET, _ACROSS) * finger.radius
    up = np.linspace(0.5 * (1.0 - _INSET), 0.5 * (1.0 + _INSET), _ALONG) * finger.length
    return (across[:, None, None] * side - up[None, :, None] * np.array([0.0, 0.0, 1.0])).reshape(-1, 3)
