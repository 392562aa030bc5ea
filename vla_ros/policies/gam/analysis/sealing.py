# SPDX-License-Identifier: Apache-2.0
"""How well a lip seals on measured points: by what is beyond its rim, and how far that bends.

Fitted to labels of single cups in simulated totes (docs/gam.md, "What analysis takes for a seal").
Shape legend: M points.
"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.gam.analysis.surfaces import all_around, plane_of
from vla_ros.robots.suction.seal import rim_offsets
from vla_ros.robots.tools.description import Cup

BEYOND = 1.5  # radii from a lip's middle within which points count
_AROUND = 1.1  # radii from where on they say whether the thing ends
_BENT = 1.3  # radii within which points say how their surface bends
_FEWEST = 8  # points under a lip
_ITS_OWN = 0.9  # share of them that are of the thing that is meant
_BESIDE = 0.004  # [m] off the plane under a lip that points beyond its rim go on at
_GIVES, _RIGID = 1.5, 2e-4  # bellows' lengths by which a rim bends for e times fewer seals; [m] of rigid ones
_GAP, _ENDS = np.radians(30.0), np.radians(60.0)  # in what goes on around: a gap that says nothing; for e times fewer
_LEAST = 0.15  # less is none


def lies_on_enough(under: np.ndarray, its_own: np.ndarray) -> np.ndarray:
    """Say of lips whether enough points are under each (N,), and enough of them of the thing that is meant (N,)."""
    return np.asarray((under >= _FEWEST) & (its_own >= _ITS_OWN * under))


def seal_quality(own: np.ndarray, its_own: np.ndarray, cup: Cup) -> float:
    """Return how well a cup seals, 0 to 1, on points (M, 3) in the frame of its lip, piston in.

    `its_own` (M,): which are of the thing that is meant. 1 on what is flat and goes on all around; less in proportion
    to how many of such lips seal; 0 where the lip cannot lie on the points, or hardly.
    """
    away = np.hypot(own[:, 0], own[:, 1])
    under = away < cup.radius
    enough = lies_on_enough(under.sum(), its_own[under].sum())
    if not enough or not all_around(own[under, :2], cup.radius):
        return 0.0
    plane, _ = plane_of(own[under])
    reached = -cup.bellows <= plane[2] <= cup.stroke + cup.bellows
    if not reached or np.hypot(*plane[:2]) > np.tan(cup.tilt):
        return 0.0
    off = np.abs(own[:, 2] - own[:, :2] @ plane[:2] - plane[2])
    around = (away > _AROUND * cup.radius) & (away < BEYOND * cup.radius)
    gap = _widest_gap(own[its_own & around & (off < _BESIDE)])
    bend = _bend(own[its_own & (away < _BENT * cup.radius)], cup.radius)
    quality = float(np.exp(-max(gap - _GAP, 0.0) / _ENDS - bend / (_GIVES * max(cup.bellows, _RIGID))))
    return quality if quality >= _LEAST else 0.0


def _widest_gap(points: np.ndarray) -> float:
    """Return the widest angle [rad] about the axis in which no one of points (M, 3) is."""
    if len(points) < 2:
        return 2.0 * np.pi
    angles = np.sort(np.arctan2(points[:, 1], points[:, 0]))
    return float(np.diff(angles, append=angles[0] + 2.0 * np.pi).max())


def _bend(own: np.ndarray, radius: float) -> float:
    """Return how far [m] a rim leaves its plane, peak to peak, on the second-order surface through points (M, 3)."""
    places, rim = own[:, :2] / radius, rim_offsets()
    found, *_ = np.linalg.lstsq(_second_order(places), own[:, 2], rcond=None)
    bent = _second_order(rim)[:, :3] @ found[:3]
    return float(np.ptp(bent))


def _second_order(places: np.ndarray) -> np.ndarray:
    """Return x², x y, y², x, y, 1 (M, 6) of places (M, 2)."""
    x, y = places.T
    return np.column_stack([x * x, x * y, y * y, x, y, np.ones(len(x))])
