# SPDX-License-Identifier: Apache-2.0
"""Whether the arm can hold a grasp and lift from it: inverse kinematics from where the arm is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from controllers.safety.self_distance import SelfDistance
from vla_ros.objects.grasp import Grasp
from vla_ros.policies.geometric.motion import rotation_between
from vla_ros.robots.groups import ArmGroup
from vla_ros.robots.reach import ArmReach

LIMIT_MARGIN = 0.2  # [rad] the controller pushes away from joint limits: a pose in that zone is never quite reached
RETREAT = 0.12  # [m] towards the base, at most
TURNED = (0.35, 0.7, 1.0)  # shares of the way to the first pose at which the arm is looked at


def described_reach(arm: ArmGroup) -> ArmReach:
    """Return how far an arm reaches. Raises ConfigError for one whose description does not say it."""
    if arm.reach is None:
        raise ConfigError(f"arm '{arm.name}' has no 'reach' in config/robots: grasps cannot be planned without it")
    return arm.reach


class Reach:
    """Where one arm can go: inside its limits, with strength, and without folding into itself."""

    def __init__(self, urdf: str, arm: ArmGroup) -> None:
        """`urdf` is XML text. Raises ConfigError for an arm whose description does not say how far it reaches."""
        self.described, joints, tool_frame = described_reach(arm), arm.joints, arm.tool_frame
        self.model, self._rest = ArmModel(urdf, joints, tool_frame), arm.home
        self.model.lower, self.model.upper = self.model.lower + LIMIT_MARGIN, self.model.upper - LIMIT_MARGIN
        self.home = self.model.forward(np.array(arm.home))  # (4, 4) of the tool, base frame
        self._own = SelfDistance(urdf, [joints], [tool_frame], self.described.clear, 1.0)

    def strength(self, poses: Sequence[np.ndarray], q: np.ndarray, least: float = 0.0) -> float:
        """Return the least manipulability on the way from q (N,) [rad] through the poses (4, 4), in a straight line
        to the first; 0 where the arm cannot go, or as soon as it is below `least`.

        A descent may pass a joint limit, or a posture so folded or stretched that the arm has no strength in it; a
        wrist may turn into the forearm on the way there.
        """
        T_start, weakest = self.model.forward(q), np.inf
        for T in (*(between(T_start, poses[0], share) for share in TURNED), *poses[1:]):
            # Leaning to the posture that the controller's nullspace leans to, or the arm would arrive in another.
            solution = solve_ik(self.model, T, q, q_rest=self._rest, starts=1)
            if solution is None or self._own.objection(solution):
                return 0.0
            weakest = min(weakest, manipulability(self.model, solution))
            if weakest < least:
                return 0.0
            q = solution
        return float(weakest)

    def lifted(self, T_base_grasp: np.ndarray, lift: float) -> np.ndarray:
        """Return the pose `lift` [m] higher, drawn towards the base by up to RETREAT where the arm would stretch.

        Straight up from the far edge of the table leaves the arm's reach; a little nearer to the shoulder does not.
        """
        T = T_base_grasp.copy()
        T[2, 3] += lift
        stretch = self.described.stretch(T[0, 3], T[2, 3])
        horizontal = float(np.linalg.norm(T[:2, 3]))
        T[:2, 3] *= 1.0 - stretch * RETREAT / max(horizontal, 1e-6)
        return T


def first_reachable(
    reach: Reach, grasps: Iterable[Grasp], q: np.ndarray, lift: float, tries: int, strength: float
) -> Grasp | None:
    """Return the first grasp that the arm reaches from q (N,) [rad] and can raise by `lift` [m], of `tries` tested.

    `strength` is the least manipulability on the way.
    """
    refused: list[np.ndarray] = []
    for grasp in grasps:
        T = grasp.T_base_grasp
        # What is out of reach here is out of reach a centimetre further: spend the tries on different grasps.
        if any(alike(T, other, 0.02, 0.4) for other in refused):
            continue
        way = (backed_off(T, 0.2), backed_off(T, 0.1), T, reach.lifted(T, 0.5 * lift), reach.lifted(T, lift))
        if reach.strength(way, q, strength) >= strength:
            return grasp
        refused.append(T)
        if len(refused) >= tries:
            return None
    return None


def leans_well(T_base_grasp: np.ndarray, near_base: float) -> bool:
    """Say whether a leaning approach helps: back towards the base near it, outwards further away.

    Near its base the arm unfolds when the hand comes in from outside; at full stretch the wrist stays nearer when
    the fingers reach out.
    """
    place = T_base_grasp[:2, 3]
    distance = float(np.linalg.norm(place))
    outwards = float(T_base_grasp[:2, 2] @ place) / max(distance, 1e-6)
    return outwards < -0.1 if distance < near_base else outwards > 0.1


def manipulability(model: ArmModel, q: np.ndarray) -> float:
    """Return √det(J Jᵀ) at q (N,) (Yoshikawa 1985)."""
    J = model.jacobian(q)
    return float(np.sqrt(max(np.linalg.det(J @ J.T), 0.0)))


def backed_off(T_base_grasp: np.ndarray, distance: float) -> np.ndarray:
    """Return the pose `distance` [m] before the grasp along its approach."""
    T = T_base_grasp.copy()
    T[:3, 3] -= distance * T[:3, 2]
    return T


def alike(T_a: np.ndarray, T_b: np.ndarray, distance: float, angle: float) -> bool:
    """Say whether two poses differ by less than a distance [m] and an angle [rad]."""
    return bool(np.linalg.norm(T_a[:3, 3] - T_b[:3, 3]) < distance and rotation_between(T_a, T_b) < angle)


def between(T: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """Return the pose that is `share` of the way from T to the other."""
    middle = np.eye(4)
    middle[:3, 3] = T[:3, 3] + share * (other[:3, 3] - T[:3, 3])
    turns = Slerp([0.0, 1.0], Rotation.from_matrix([T[:3, :3], other[:3, :3]]))
    middle[:3, :3] = turns([share]).as_matrix()[0]
    return middle
