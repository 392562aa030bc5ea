# SPDX-License-Identifier: Apache-2.0
"""How a parcel goes through a quarter turn: lifted, turned in the air and put down, or tilted over its edge.

Pure geometry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.sim.grasping.motion import minimum_jerk
from vla_ros.tasks.flip.grips import Axis
from vla_ros.tasks.flip.labelled_box import LabelledBox
from vla_ros.tasks.two_hands.carrying import object_ways

QUARTER = np.pi / 2  # [rad]
CLEAR = 0.020  # [m] between table and parcel while it turns in the air
LIFT = 0.03  # [m] above the table where it is carried elsewhere
SET_DOWN = 0.002  # [m] above the table where it is let go
SPEED, TURN_RATE = 0.15, 0.8  # [m/s], [rad/s] at the fastest point
TILT_RATE = 0.6  # [rad/s] likewise, over an edge


@dataclass(frozen=True, eq=False)
class ParcelTurn:
    """Poses T_base_parcel (4, 4) of a turn, or of a way elsewhere."""

    keys: tuple[np.ndarray, ...]  # where it lies, what it goes through, where it lies then
    way: list[np.ndarray]  # from the first to the last, one a period


def air_turn(box: LabelledBox, table: float, T_lies: np.ndarray, axis: Axis, turn: float, period: float) -> ParcelTurn:
    """Return a `turn` [rad] about an axis, positive from forward to down, made in the air. `table`: its height [m]."""
    half_forward = float(np.abs(axis.forward @ T_lies[:3, :3]) @ np.array(box.half))
    half_up = T_lies[2, 3] - box.lowest(T_lies)
    lifted = T_lies.copy()
    lifted[2, 3] = table + float(np.hypot(half_forward, half_up)) + CLEAR
    turned = _about(lifted, lifted[:3, 3], turn * axis.along)
    down = turned.copy()
    down[2, 3] += table + SET_DOWN - box.lowest(turned)
    keys = (T_lies, lifted, turned, down)
    return ParcelTurn(keys, object_ways(keys, SPEED, TURN_RATE, period))


def tilt(box: LabelledBox, table: float, T_lies: np.ndarray, axis: Axis, turn: float, period: float) -> ParcelTurn:
    """Return a `turn` [rad] about the edge over which the parcel tilts; it comes to lie beside where it lay."""
    half_forward = float(np.abs(axis.forward @ T_lies[:3, :3]) @ np.array(box.half))
    edge = T_lies[:3, 3] + np.sign(turn) * half_forward * axis.forward
    edge[2] = table
    shares = minimum_jerk(1.875 * abs(turn) / TILT_RATE, period)
    way = [_about(T_lies, edge, share * turn * axis.along) for share in shares]
    return ParcelTurn((T_lies, *(way[index] for index in (len(way) // 3, len(way) // 2, -1))), way)


def move(table: float, box: LabelledBox, T_lies: np.ndarray, shift: np.ndarray, period: float) -> ParcelTurn:
    """Return how it is lifted a little, carried by a level `shift` (3,) [m] and put down, not turned."""
    lifted, over, down = T_lies.copy(), T_lies.copy(), T_lies.copy()
    over[:3, 3] += shift
    down[:3, 3] += shift
    down[2, 3] += table + SET_DOWN - box.lowest(T_lies)
    lifted[2, 3] = over[2, 3] = T_lies[2, 3] + LIFT
    keys = (T_lies, lifted, over, down)
    return ParcelTurn(keys, object_ways(keys, SPEED, TURN_RATE, period))


def _about(T: np.ndarray, point: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Return a pose (4, 4) turned by a rotation vector (3,) [rad] about a point (3,) [m]."""
    R = Rotation.from_rotvec(turn).as_matrix()
    turned = np.eye(4)
    turned[:3, :3] = R @ T[:3, :3]
    turned[:3, 3] = R @ (T[:3, 3] - point) + point
    return turned
