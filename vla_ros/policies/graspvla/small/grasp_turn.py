# SPDX-License-Identifier: Apache-2.0
"""Which way round a grasp is taken: likely by its looks, within what the arm can do, and kept once begun."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_ros.policies.geometric.grasps.reachability import Reach, backed_off, leans_well
from vla_ros.policies.geometric.motion import rotation_between
from vla_ros.policies.grasp_finding.grasp_pose import (
    TILTS,
    YAWS,
    flipped,
    nearest_flip,
    soft_bins,
    to_angles,
    to_rotation,
)
from vla_ros.policies.grasp_finding.grasp_search import FoundGrasp
from vla_ros.robots.reach import ArmReach

KEPT = 0.12  # of the likelihood of the best heading that the last one must have to be kept
FOLLOWED = 0.2  # [rad] the last orientation follows what is found within this, and stays as it is beyond
LEANS = (0.3, -0.3, 0.6, -0.6)  # [rad] of tilt that are tried where no likely orientation is in reach
BEFORE, AFTER = 0.1, 0.15  # [m] way in and up that the arm must be able to go


def choose_turn(
    found: FoundGrasp, reach: Reach, T_base_ee: np.ndarray, q: np.ndarray, last: np.ndarray | None
) -> np.ndarray:
    """Return a grasp's orientation (3, 3), the first in which the arm at q (N,) [rad] is strong on its way.

    `T_base_ee` (4, 4) is where the tool is, `last` (4, 4) the grasp that is approached. The fingers are alike: of the
    two ways round the nearer one first. Where no orientation is strong enough, the strongest.
    """
    reference = T_base_ee if last is None else last
    near = [nearest_flip(R, reference[:3, :3]) for R in found.rotations]
    if last is not None and _likely(found, last):
        # One that is nearly as good is no reason to turn round on the way.
        closest = min((_posed(R, last[:3, 3]) for R in near), key=lambda T: rotation_between(last, T))
        return closest[:3, :3] if rotation_between(last, closest) < FOLLOWED else last[:3, :3]
    strongest, best = 0.0, near[0]
    for R, least in _ways_round(near, found, reach.described):
        T = _posed(R, found.point)
        strength = reach.strength((backed_off(T, BEFORE), T, reach.lifted(T, AFTER)), q, strongest)
        if strength >= least:
            return R
        if strength > strongest:
            strongest, best = strength, R
    return best


def _likely(found: FoundGrasp, T: np.ndarray) -> bool:
    """Say whether the heading of a pose is still among the likely ones; its tilt may be one that reach requested."""
    heading, tilt, _ = to_angles(T[:3, :3])
    headings = found.likelihood.reshape(YAWS, TILTS).sum(axis=1)
    return bool(soft_bins(heading, tilt).reshape(YAWS, TILTS).sum(axis=1) @ headings >= KEPT * headings.max())


def _ways_round(near: list[np.ndarray], found: FoundGrasp, arm: ArmReach) -> Iterator[tuple[np.ndarray, float]]:
    """Yield orientations, and the strength the arm must have in them: each likely one, then the same leaned.

    Half a turn more comes last: where the arm has hardly any strength it loses its posture on the way round.
    """
    ways = [
        way for R in near for way in ((R, arm.weak), *((leaned, arm.strong) for leaned in _leaned(R, found, arm.near)))
    ]
    yield from ways
    yield from ((flipped(R), least) for R, least in ways)


def _leaned(R: np.ndarray, found: FoundGrasp, near: float) -> list[np.ndarray]:
    """Return an orientation leaned the ways that help, the likeliest first."""
    heading, tilt, slope = to_angles(R)
    leaning = [nearest_flip(to_rotation(heading, tilt + lean, slope), R) for lean in LEANS]
    helpful = [other for other in leaning if leans_well(_posed(other, found.point), near)]
    return sorted(helpful, key=lambda other: -float(soft_bins(*to_angles(other)[:2]) @ found.likelihood))


def _posed(R: np.ndarray, point: np.ndarray) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = R, point
    return T
