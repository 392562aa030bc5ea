# SPDX-License-Identifier: Apache-2.0
"""How a hand takes a thing, its links kept apart, and where it puts it: where most room is, else on what lies there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.arm.inverse_kinematics import solve_ik
from controllers.arm.model import ArmModel
from vla_ros.objects.geometry import surface_points
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, lift, retreat
from vla_ros.sim.world import World
from vla_ros.tasks.placing.planning import OVER_RIM, PlacementPlanner, Site
from vla_ros.tasks.placing.receptacles import Body
from vla_ros.tasks.two_hands.apart import LOOKED_AT, ArmsApart, too_fast
from vla_ros.tasks.two_hands.pair_codec import JointStep

TURNS = np.radians((0.0, 45.0, -45.0, 90.0, -90.0, 180.0))  # about the vertical
ALONG, ACROSS = 5, 3  # spots that are looked at
GAPS = (0.010, 0.035, 0.070)  # [m] above what is below it where it is let go
BESIDE = 0.015  # [m] nearer than that two things may come to lie on each other
LEVEL = 0.02  # [m] heights of piles that differ by less are the same
TRIED = 60  # places that are looked at
LOOKED_EVERY = 2  # steps of a way


class BussingPlanner(PlacementPlanner):
    """Plan ways on which control need not stop an arm, and placements into a receptacle that other things are in."""

    def __init__(self, world: World, arm: ArmModel, motion: ExpertMotionConfig) -> None:
        super().__init__(world, arm, motion)
        robot = world.embodiment
        others = [other for other in robot.arms if other is not self._group]
        self._apart = [ArmsApart(world.model, self._group, other, robot.base_frame) for other in others]
        self._gap_before = LOOKED_AT  # [m] at the last look

    def _follow(self, steps: list[Step], q_start: np.ndarray) -> tuple[bool, float] | None:
        self._touched(q_start, steps[0].width)
        self._gap_before = self._gap()
        return super()._follow([*steps, *self._way_out(steps[-1])], q_start)

    def joints_along(self, steps: Sequence[Step], q_start: np.ndarray) -> list[JointStep] | None:
        """Return steps with the joints at which the arm does them, as they were looked at; None where it cannot."""
        q, done = np.asarray(q_start, dtype=float), []
        for step in steps:
            reached = solve_ik(self.arm, step.T_base_ee, q, q_rest=self._rest, starts=1)
            if reached is None:
                return None
            q = reached
            done.append(JointStep(step.T_base_ee, step.width, step.phase, q))
        return done

    def _way_out(self, end: Step) -> list[Step]:
        """Return what must be possible after such an end: up from a grasp, back from what is let go."""
        if end.phase is MotionPhase.APPROACH:
            return [dataclasses.replace(step, width=end.width) for step in lift(end.T_base_ee, self.motion)]
        if end.phase is MotionPhase.LOWER:
            back = retreat(end.T_base_ee, end.width, self.motion)
            return [step for step in back if step.phase is MotionPhase.RETREAT]
        return []

    def _touched_at(self, step: Step, q: np.ndarray) -> set[str]:
        """Name what is touched; the arm's own tool where it nears torso or other arm faster than control lets pass."""
        touched = super()._touched_at(step, q)
        if step.phase is MotionPhase.RETREAT:  # a hand that leaves parts from what it was between
            touched -= set(self.world.object_names)
        before, self._gap_before = self._gap_before, self._gap()
        if too_fast(before, self._gap_before, LOOKED_EVERY * self.motion.period):
            touched.add(self._group.tool_frame)
        return touched

    def _gap(self) -> float:
        """Return how far the arm is from torso and other arm [m], as it stands in the supposed state."""
        return min((one.gap(self._scratch, LOOKED_AT) for one in self._apart), default=LOOKED_AT)

    def places(self, held: str, goal: Site, T_held: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
        """Return where what is held at T_held (4, 4) can be let go, lowest piles and nearest to the middle first.

        Each is T_base_object (4, 4), and how far above it [m] the way there crosses the rim.
        """
        models = {one.name: one.model for one in self.world.scene.objects}
        T_goal, receptacle, body = goal.T_base_site, goal.receptacle, Body.of(models[held])
        points, inside = surface_points(models[held].parts), self._inside(held, goal)
        floor, rim = T_goal[2, 3] + receptacle.floor, T_goal[2, 3] + receptacle.rim
        low, high = (np.array(receptacle.outline).min(axis=0), np.array(receptacle.outline).max(axis=0))
        found: list[tuple[float, float, np.ndarray]] = []
        for R in (Rotation.from_euler("z", turn).as_matrix() @ T_held[:3, :3] for turn in TURNS):
            seen = points @ (T_goal[:3, :3].T @ R)[:2].T  # (P, 2) outline from above, in the receptacle's frame
            least, most = seen.min(axis=0), seen.max(axis=0)
            for spot in _spots(low - least, high - most):
                pile = _pile(inside, spot + least - BESIDE, spot + most + BESIDE, floor)
                T = np.eye(4)
                T[:3, :3] = R
                T[:2, 3] = (T_goal @ np.array([*spot, 0.0, 1.0]))[:2]
                T[2, 3] = pile - body.lowest(T)
                found.append((LEVEL * round((pile - floor) / LEVEL), float(np.linalg.norm(spot)), T))
        found.sort(key=lambda place: place[:2])
        for gap in GAPS:
            for _, _, T_pile in found[:TRIED]:
                T = T_pile.copy()
                T[2, 3] += gap
                yield T, max(rim + OVER_RIM - body.lowest(T), OVER_RIM)

    def _inside(self, held: str, goal: Site) -> np.ndarray:
        """Return points (N, 3) of what is in a receptacle already: x, y in its frame, heights in the base's [m]."""
        T_inverse = np.linalg.inv(goal.T_base_site)
        found = [np.empty((0, 3))]
        for placed in self.world.scene.objects:
            T = self.world.object_pose(placed.name)
            if placed.name == held or np.allclose(T, goal.T_base_site):
                continue
            if goal.receptacle.over(goal.T_base_site, Body.of(placed.model).middle(T)):
                points = surface_points(placed.model.parts) @ T[:3, :3].T + T[:3, 3]
                local = points @ T_inverse[:3, :3].T + T_inverse[:3, 3]
                found.append(np.column_stack([local[:, :2], points[:, 2]]))
        return np.concatenate(found)


def _spots(low: np.ndarray, high: np.ndarray) -> Sequence[np.ndarray]:
    """Return places (2,) [m] for the origin of something between corners; their middle where there is no room."""
    middle, half = (low + high) / 2.0, np.maximum((high - low) / 2.0 - BESIDE, 0.0)
    counts = (ALONG, ACROSS) if half[0] >= half[1] else (ACROSS, ALONG)
    grid = np.meshgrid(*(np.linspace(-1.0, 1.0, count) for count in counts))
    return [middle + half * share for share in np.column_stack([axis.ravel() for axis in grid])]


def _pile(inside: np.ndarray, low: np.ndarray, high: np.ndarray, floor: float) -> float:
    """Return how high what is between two corners (2,) reaches [m]."""
    under = ((inside[:, :2] >= low) & (inside[:, :2] <= high)).all(axis=1)
    return float(inside[under, 2].max(initial=floor))
