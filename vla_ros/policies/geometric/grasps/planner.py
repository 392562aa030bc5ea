# SPDX-License-Identifier: Apache-2.0
"""From the chosen thing to the grasp that is tried: hidden sides filled in, candidates, reach, past failures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vla_ros.objects.grasp import Grasp
from vla_ros.policies.actions.single_arm import SingleArmObservation
from vla_ros.policies.geometric.config import GeometricConfig
from vla_ros.policies.geometric.grasps.candidates import GraspScene, propose_grasps
from vla_ros.policies.geometric.grasps.gripper_space import GripperDimensions
from vla_ros.policies.geometric.grasps.judge import GraspJudge, GraspSurroundings
from vla_ros.policies.geometric.grasps.reachability import Reach, alike, first_reachable, leans_well
from vla_ros.policies.geometric.perceiving.completion import complete, thin
from vla_ros.policies.geometric.perceiving.perception import TableView
from vla_ros.policies.geometric.perceiving.segmentation import Segment

POINTS_MAX = 350
JUDGED_MAX = 64  # grasps, the cheapest, that a judge is asked of


class PointCloudGraspPlanner:
    """Choose grasps, remembering which ones failed in this episode."""

    def __init__(
        self, reach: Reach, gripper: GripperDimensions, config: GeometricConfig, judge: GraspJudge | None = None
    ) -> None:
        """`judge`: puts the cheapest grasps in another order; none: the cost alone does."""
        self._reach, self._gripper = reach, gripper
        self._config, self._judge = config, judge
        self._failures: list[np.ndarray] = []

    def reset(self) -> None:
        """Forget past failures."""
        self._failures = []

    def remember_failure(self, grasp: Grasp) -> None:
        """Keep away from this grasp until the next episode."""
        self._failures.append(grasp.T_base_grasp)

    def plan(
        self,
        target: Segment,
        view: TableView,
        observation: SingleArmObservation,
        surroundings: Callable[[], GraspSurroundings],
    ) -> Grasp | None:
        """Return the best grasp that fits, is reachable and has not failed; None without one.

        `surroundings` says what is measured around the target, where there is a judge.
        """
        config = self._config
        points = complete(target, view.origins, config.grasp.hidden_edge, 0.006)
        if len(points) > POINTS_MAX:  # a big thing needs no finer grid than a small one
            points = thin(points, 0.006 * np.sqrt(len(points) / POINTS_MAX))
        others = [thin(item.points, 0.006) for item in view.without(target)]
        around = np.concatenate(others) if others else np.zeros((0, 3), np.float32)
        x_axis = observation.state.T_base_ee[:2, 0]
        x_axis = x_axis / max(float(np.linalg.norm(x_axis)), 1e-6)
        scene = GraspScene(points, around, view.table, x_axis)
        q, lift, tries = observation.state.q, config.episode.lift, config.episode.reach_tries
        strong, weak = self._reach.described.strong, self._reach.described.weak
        # Straight down first; leaning reaches what lies too near the base or too high for that.
        upright = [g for g in propose_grasps(scene, config.grasp, self._gripper) if not self._failed(g)]
        if self._judge is not None and upright:
            upright = _judged(self._judge, upright, surroundings())
        found = first_reachable(self._reach, upright, q, lift, tries, strong)
        if found is not None:
            return found
        tilted = propose_grasps(scene, config.grasp, self._gripper, config.grasp.tilts)
        leaning = [g for g in tilted if leans_well(g.T_base_grasp, self._reach.described.near) and not self._failed(g)]
        found = first_reachable(self._reach, leaning, q, lift, tries, strong)
        # A grasp at the limit of the arm's strength is better than none.
        return found or first_reachable(self._reach, leaning + upright, q, lift, tries, weak)

    def clearance(self, grasp: Grasp, view: TableView, observation: SingleArmObservation) -> float:
        """Return how far above the grasp the tool must fly [m] to pass over everything between it and the arm."""
        start, goal = observation.state.T_base_ee[:2, 3], grasp.T_base_grasp[:2, 3]
        way = goal - start
        length = max(float(np.linalg.norm(way)), 1e-6)
        top = view.table
        for item in view.fragments:
            offset = item.points[:, :2] - start
            along = np.clip(offset @ way / length, 0.0, length)
            aside = np.linalg.norm(offset - along[:, None] * way / length, axis=1)
            near = aside < 0.11
            if near.any():
                top = max(top, float(item.points[near, 2].max()))
        needed = top + self._config.episode.clearance - grasp.T_base_grasp[2, 3]
        if np.linalg.norm(goal) < self._reach.described.near:
            # Low and close to its own base the folded arm has nowhere to turn: sideways first, then down.
            needed = max(needed, 0.25)
        return float(np.clip(needed, 0.06, 0.30))

    def _failed(self, grasp: Grasp) -> bool:
        return any(alike(grasp.T_base_grasp, failure, 0.02, 0.35) for failure in self._failures)


def _judged(judge: GraspJudge, grasps: list[Grasp], surroundings: GraspSurroundings) -> list[Grasp]:
    """Return grasps with the cheapest of them first, the best by the judge before the others."""
    asked, others = grasps[:JUDGED_MAX], grasps[JUDGED_MAX:]
    merits = judge.merits(surroundings, asked)
    return [asked[row] for row in np.argsort(-merits, kind="stable")] + others
