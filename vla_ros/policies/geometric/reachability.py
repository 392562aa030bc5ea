# SPDX-License-Identifier: Apache-2.0
"""Whether the arm can hold a grasp and lift from it: inverse kinematics from where the arm is."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from controllers.inverse_kinematics import solve_ik
from controllers.model import ArmModel
from vla_ros.policies.geometric.grasp_candidates import Grasp


def first_reachable(model: ArmModel, grasps: Iterable[Grasp], q: np.ndarray, lift: float, tries: int) -> Grasp | None:
    """Return the first grasp that the arm reaches from q (N,) [rad] and can raise by `lift` [m], of `tries` tested."""
    for _, grasp in zip(range(tries), grasps, strict=False):
        q_grasp = solve_ik(model, grasp.T_base_grasp, q, starts=1)
        if q_grasp is not None and solve_ik(model, lifted(grasp.T_base_grasp, lift), q_grasp, starts=1) is not None:
            return grasp
    return None


def lifted(T_base_grasp: np.ndarray, lift: float, retreat: float = 0.12) -> np.ndarray:
    """Return the pose `lift` [m] higher, drawn towards the base by up to `retreat` [m] where the arm would stretch.

    Straight up from the far edge of the table leaves the arm's reach; a little nearer to the shoulder does not.
    """
    T = T_base_grasp.copy()
    T[2, 3] += lift
    stretch = float(np.clip((np.hypot(T[0, 3], T[2, 3] - 0.1) - 0.66) / 0.1, 0.0, 1.0))
    horizontal = np.linalg.norm(T[:2, 3])
    T[:2, 3] *= 1.0 - stretch * retreat / max(horizontal, 1e-6)
    return T
