# SPDX-License-Identifier: Apache-2.0
"""What a tool touches on its straight way to a pose: its shapes drawn out along +z, which for cylinders is exact.

The body and every cup and finger are the shapes of the tool's URDF, made longer by the way. Cups stand with their
pistons in and end where the bellows are pressed together: the rest gives way. Fingers are boxes of their own poses.
Shape legend: N candidates, K cups and fingers of the tool, F fingers, O objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_ros.robots.tools.description import Finger, Tool
from vla_ros.robots.tools.urdf import body_length, pad_thickness
from vla_ros.sim.candidates.still_scene import NOT_AN_OBJECT, StillScene, placed_data, still_spec

APPROACH = 0.1  # [m] of the straight way
BODY = "tool"  # of the simulated tool
_TOUCHES = 1  # contact bit by which the tool touches what is of the scene, and nothing else anything


@dataclass(frozen=True, eq=False)
class Touches:
    """What N candidates' tools touch on their ways, by who touches: the last column stands for table and tote."""

    body: np.ndarray  # (N, O + 1) bool
    elements: np.ndarray  # (N, K, O + 1) bool

    @property
    def any(self) -> np.ndarray:
        """Say (N,) whether anything is touched."""
        return np.asarray(self.body.any(axis=1) | self.elements.any(axis=(1, 2)))


class SweptTool:
    """A tool in a scene that nothing else moves in."""

    def __init__(self, still: StillScene, tool: Tool) -> None:
        self.tool, self._objects = tool, len(still.names)
        spec = still_spec(still.scene, collide_only=True)
        for geom in spec.geoms:
            if geom.contype or geom.conaffinity:
                geom.contype, geom.conaffinity = 0, _TOUCHES
        body = spec.worldbody.add_body(name=BODY)
        body.add_freejoint()
        # The parts are told by name: element/<index> or the body's own.
        _cylinder(body, BODY, tool.body_radius, body_length(tool) - tool.height, tool.height, (0.0, 0.0))
        for number, cup in enumerate(tool.cups):
            _cylinder(body, _element(number), cup.radius, -cup.bellows, tool.height, (cup.x, cup.y))
        for number, finger in enumerate(tool.fingers):
            name = _element(len(tool.cups) + number)
            alone = spec.worldbody.add_body(name=name)
            alone.add_freejoint()
            _box(alone, name, finger, tool.height)
        self.model = spec.compile()
        self.data = placed_data(self.model, still.scene)
        index = np.full(self.model.nbody, len(still.names))
        for number, name in enumerate(still.names):
            index[self.model.body(name).id] = number
        self._thing = index[self.model.geom_bodyid]  # (ngeom,) column of Touches
        self._part = np.full(self.model.ngeom, NOT_AN_OBJECT)  # (ngeom,) 0 body, 1 + number of an element
        self._part[self.model.geom(BODY).id] = 0
        for number in range(len(tool.names)):
            self._part[self.model.geom(_element(number)).id] = 1 + number
        self._tool_at = self._address(BODY)
        self._fingers_at = [self._address(_element(len(tool.cups) + number)) for number in range(len(tool.fingers))]

    def touches(self, positions: np.ndarray, rotations: np.ndarray, widths: np.ndarray, depths: np.ndarray) -> Touches:
        """Say what is touched by tools at positions (N, 3) and rotations (N, 3, 3), fingers as `finger_offsets`."""
        count = len(positions)
        touched = np.zeros((count, 1 + len(self.tool.names), self._objects + 1), bool)
        offsets = finger_offsets(self.tool, widths, depths)
        quaternion, turned = np.empty(4), np.empty(4)
        for row in range(count):
            mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(rotations[row]).ravel())
            self._stand(self._tool_at, positions[row], quaternion)
            for number, finger in enumerate(self.tool.fingers):
                place = positions[row] + rotations[row] @ offsets[row, number]
                angle = np.arctan2(*finger.direction[::-1]) / 2.0
                mujoco.mju_mulQuat(turned, quaternion, np.array([np.cos(angle), 0.0, 0.0, np.sin(angle)]))
                self._stand(self._fingers_at[number], place, turned)
            mujoco.mj_kinematics(self.model, self.data)
            mujoco.mj_collision(self.model, self.data)
            pairs = self.data.contact.geom[: self.data.ncon]
            parts, things = self._part[pairs], self._thing[pairs]
            own = parts.argmax(axis=1)
            rows = np.arange(len(pairs))
            touched[row, parts[rows, own], things[rows, 1 - own]] = True
        return Touches(touched[:, 0], touched[:, 1:])

    def _stand(self, address: int, place: np.ndarray, quaternion: np.ndarray) -> None:
        self.data.qpos[address : address + 3] = place
        self.data.qpos[address + 3 : address + 7] = quaternion

    def _address(self, name: str) -> int:
        return int(self.model.jnt_qposadr[self.model.body(name).jntadr[0]])


def finger_offsets(tool: Tool, widths: np.ndarray, depths: np.ndarray) -> np.ndarray:
    """Return (N, F, 3) [m] where the middle of each pad's lower edge is, in the tool's frame.

    `widths` (N,) [m] between fingers, `depths` (N,) [m] of their tips beyond the plane; NaN: open, and in.
    """
    if not tool.fingers:
        return np.zeros((len(widths), 0, 3))
    out = np.where(np.isfinite(depths), depths, 0.0)
    closed = finger_ways(tool, np.where(np.isfinite(widths), widths, tool.opening))
    offsets = np.zeros((len(widths), len(tool.fingers), 3))
    for number, finger in enumerate(tool.fingers):
        offsets[:, number, :2] = np.array([finger.x, finger.y]) + closed[:, None] * finger.direction
        offsets[:, number, 2] = out
    return offsets


def finger_ways(tool: Tool, widths: np.ndarray) -> np.ndarray:
    """Return (N,) [m] by how much each finger has closed when they are `widths` (N,) [m] apart as `tool.opening` is."""
    return (tool.opening - widths) / tool.opening_rate


def narrowest(tool: Tool) -> float:
    """Return the least width between fingers [m]."""
    return max(tool.opening - tool.opening_rate * min(finger.travel for finger in tool.fingers), 0.0)


def _element(number: int) -> str:
    return f"element/{number}"


def _cylinder(
    body: mujoco.MjsBody, name: str, radius: float, end: float, height: float, place: tuple[float, float]
) -> None:
    """Add a cylinder from the flange, drawn out by the approach, to z = `end`."""
    start = -height - APPROACH
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[radius, 0.5 * (end - start), 0.0],
        pos=[*place, 0.5 * (end + start)],
        contype=_TOUCHES,
        conaffinity=0,
    )


def _box(body: mujoco.MjsBody, name: str, finger: Finger, height: float) -> None:
    """Add a pad in a frame whose x points where it closes; its stem counts as broad as the pad."""
    long = height + APPROACH
    thick = pad_thickness(finger)
    body.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[0.5 * thick, finger.radius, 0.5 * long],
        pos=[-0.5 * thick, 0.0, -0.5 * long],
        contype=_TOUCHES,
        conaffinity=0,
    )
