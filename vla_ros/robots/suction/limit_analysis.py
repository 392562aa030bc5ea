# SPDX-License-Identifier: Apache-2.0
"""The most that cups could hold if they shared the load as well as is possible: a linear programme, exact but slow.

Lower-bound theorem of limit analysis: no way to share a load needs less than this. `hold` shares it as springs do and
so can only need more. Friction ellipsoid and bending circles are drawn by tangents, from outside.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from vla_ros.robots.suction.holding import CupLimits
from vla_ros.robots.suction.seal import rim_offsets

_TANGENTS = 24  # of a circle


def least_utilisation(
    positions: np.ndarray,
    axes: np.ndarray,
    radius: np.ndarray,
    vacuum: np.ndarray,
    force: np.ndarray,
    center: np.ndarray,
    limits: CupLimits | None = None,
) -> float:
    """Return the smallest scale of all limits at which C sealed cups can hold a force (3,) at a point (3,).

    `positions`, `axes` (C, 3), `radius`, `vacuum` (C,), units and frame as in `hold`. Infinite where none can.
    """
    limits = limits or CupLimits()
    cups = len(positions)
    columns = 6 * cups + 1  # force and moment of each cup, then the scale
    balance = np.zeros((6, columns))
    bounded = []
    sphere, circle = _sphere(), rim_offsets(_TANGENTS)
    for cup in range(cups):
        at = 6 * cup
        balance[:3, at : at + 3] = balance[3:, at + 3 : at + 6] = np.eye(3)
        balance[3:, at : at + 3] = np.cross(positions[cup] - center, np.eye(3)).T
        axis = axes[cup]
        across = np.linalg.svd(axis[None])[2][1:]  # (2, 3) spans the lip's plane
        suction, r = vacuum[cup] * np.pi * radius[cup] ** 2, radius[cup]
        slip = np.zeros((len(sphere), columns))  # tangent · (f, τ_z / r) <= μ (s V + axis · f)
        slip[:, at : at + 3] = sphere[:, :2] @ across - limits.friction * axis
        slip[:, at + 3 : at + 6] = sphere[:, 2:] * axis / r
        slip[:, -1] = -limits.friction * suction
        peel = np.zeros((len(circle), columns))  # tangent · τ <= r (s V + axis · f) / 2
        peel[:, at : at + 3] = -0.5 * r * axis
        peel[:, at + 3 : at + 6] = circle @ across
        peel[:, -1] = -0.5 * r * suction
        material = np.zeros((len(circle), columns))
        material[:, at + 3 : at + 6] = circle @ across
        material[:, -1] = -np.pi * r * limits.material
        bounded += [slip, peel, material]
    cost = np.zeros(columns)
    cost[-1] = 1.0
    limit = np.concatenate(bounded)
    bounds = [(None, None)] * (columns - 1) + [(0.0, None)]
    load = np.concatenate([force, np.zeros(3)])
    found = linprog(cost, limit, np.zeros(len(limit)), balance, load, bounds, method="highs")
    return float(found.fun) if found.status == 0 else np.inf


def _sphere() -> np.ndarray:
    """Return (K, 3) unit vectors all over a sphere: a Fibonacci lattice."""
    count = 8 * _TANGENTS
    z = 1.0 - (2.0 * np.arange(count) + 1.0) / count
    angle = np.pi * (1.0 + 5.0**0.5) * np.arange(count)
    flat = np.sqrt(1.0 - z**2)
    return np.stack([flat * np.cos(angle), flat * np.sin(angle), z], axis=-1)
