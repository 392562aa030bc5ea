# SPDX-License-Identifier: Apache-2.0
"""Whether an arm reaches a placed object and a hand fits around it: the scenes ask for nothing impossible."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.objects.geometry import polygon_gap
from vla_ros.sim.scenes.footprint import Placement

OPENING = 0.08  # [m] between the open fingers
_FINGER = (0.016, 0.022)  # [m] along and across the closing axis
_HAND = (0.21, 0.07)  # [m] along and across
_FINGER_LENGTH = 0.06  # [m] from the finger tips up to the hand
_WRIST_REACH = 0.67  # [m] from shoulder to wrist of a Franka, a little short of its 0.70
_SHOULDER = 0.333  # [m]
_WRIST_OFFSET = 0.088  # [m] the last joint's axis lies outside the wrist
_WRIST_HEIGHT = 0.23  # [m] wrist above the finger tips, hand pointing down
_LIFT = 0.17  # [m]


def reachable(placement: Placement, table_height: float) -> bool:
    """Say whether a Franka at the origin can take the object from above and lift it."""
    radius = float(np.linalg.norm(placement.center))
    tip = max(table_height + 0.02, placement.top - 0.05) + _LIFT
    wrist = np.hypot(radius - _WRIST_OFFSET, tip + _WRIST_HEIGHT - _SHOULDER)
    return bool(wrist <= _WRIST_REACH and radius >= 0.28)


def _rectangle(center: np.ndarray, axis: np.ndarray, size: tuple[float, float]) -> np.ndarray:
    across = np.array([-axis[1], axis[0]])
    corners = [(1, 1), (-1, 1), (-1, -1), (1, -1)]
    return np.array([center + 0.5 * (a * size[0] * axis + b * size[1] * across) for a, b in corners])


def hand_fits(target: Placement, others: Sequence[Placement], table_height: float) -> bool:
    """Say whether a grasp from above leaves room for fingers and hand: at the middle, or at the rim of what is wide."""
    tip = max(table_height + 0.01, target.top - 0.035)
    near = [other for other in others if np.linalg.norm(other.center - target.center) < 0.35]
    for angle in np.arange(12) * np.pi / 12:
        axis = np.array([np.cos(angle), np.sin(angle)])
        reach = (target.polygon - target.center) @ axis
        width = reach.max() - reach.min()
        if width <= OPENING - 0.005:
            centers = [target.center + axis * (reach.max() + reach.min()) / 2]
        else:
            centers = [target.center + axis * reach.max(), target.center + axis * reach.min()]
        if any(_free(center, axis, near, tip) for center in centers):
            return True
    return False


def _free(center: np.ndarray, axis: np.ndarray, others: Sequence[Placement], tip: float) -> bool:
    fingers = [_rectangle(center + s * axis * (OPENING + _FINGER[0]) / 2, axis, _FINGER) for s in (-1, 1)]
    hand = _rectangle(center, axis, _HAND)
    for other in others:
        if other.top > tip and any(polygon_gap(finger, other.polygon) < 0.004 for finger in fingers):
            return False
        if other.top > tip + _FINGER_LENGTH and polygon_gap(hand, other.polygon) < 0.004:
            return False
    return True
