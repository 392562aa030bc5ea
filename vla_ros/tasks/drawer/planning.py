# SPDX-License-Identifier: Apache-2.0
"""How the expert takes a drawer's handle and how it pushes it closed: tilts of the hand that the arm can follow."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step
from vla_ros.sim.grasping.planning import GraspPlanner
from vla_ros.tasks.drawer.drawers import Drawer
from vla_ros.tasks.drawer.motion import pull, push, shifted, tool_at

PITCHES = np.radians((0.0, 20.0, 40.0, 55.0, 70.0, 85.0))  # of the hand: straight down first
OPENING = 0.05  # [m] between the fingers on their way to a handle
THICKNESS = 0.012  # [m] of what they hold
CLEAR = 0.02  # [m] before the handle, where the push begins
PRESSED = 0.008  # [m] that the push goes on when the drawer should be closed
FINGER = 0.012  # [m] of a finger along the push, where the robot's description says nothing
OPENED = 0.93  # of its travel that a drawer is pulled: its end is not hit
SPEEDS = (1.0, 0.5)  # of the expert's: a folded arm follows the slower one only


@dataclass(frozen=True, eq=False)
class _Slide:
    """A drawer that goes with the tool from where the two meet."""

    drawer: Drawer
    opening: float  # [m] before
    T_contact: np.ndarray  # (4, 4)
    after: float  # [m] its opening when the hand leaves

    def opening_at(self, step: Step) -> float:
        """Return how far the drawer is open in a step [m]."""
        moved = float((step.T_base_ee[:3, 3] - self.T_contact[:3, 3]) @ self.drawer.outward)
        if step.phase in (MotionPhase.PULL, MotionPhase.PUSH):
            opening = self.opening + (max(0.0, moved) if step.phase is MotionPhase.PULL else min(0.0, moved))
            return min(max(opening, 0.0), self.drawer.travel)
        return self.after if step.phase in (MotionPhase.RELEASE, MotionPhase.RETREAT) else self.opening


class HandlePlanner(GraspPlanner):
    """Plan what moves a drawer, which goes with the hand in what is checked for collisions."""

    _slide: _Slide | None = None

    def pull(self, drawer: Drawer, opening: float, T_start: np.ndarray, q_start: np.ndarray) -> list[Step] | None:
        """Return the way that pulls a drawer from `opening` [m] on; None where the arm finds none."""
        after = OPENED * drawer.travel
        way = (after - opening) * drawer.outward

        def ways() -> Iterator[tuple[list[Step], _Slide]]:
            for T_hold in _tools(drawer.handle_at(opening), drawer):
                if self._stands(T_hold, way, q_start):
                    for motion, which in self._motions():
                        steps = pull(T_start, T_hold, way, OPENING, THICKNESS, motion, which)
                        yield steps, _Slide(drawer, opening, T_hold, after)

        return self._first(ways(), q_start)

    def push(self, drawer: Drawer, opening: float, T_start: np.ndarray, q_start: np.ndarray) -> list[Step] | None:
        """Return the way that pushes a drawer closed from `opening` [m]; None where the arm finds none."""
        outward = drawer.outward
        way = -(CLEAR + opening + PRESSED) * outward

        def ways() -> Iterator[tuple[list[Step], _Slide]]:
            for T_handle in _tools(drawer.handle_at(opening), drawer):
                T_contact = shifted(T_handle, (THICKNESS / 2 + self._finger(T_handle, outward)) * outward)
                T_before = shifted(T_contact, CLEAR * outward)
                if self._stands(T_before, way, q_start):
                    for motion, which in self._motions():
                        yield push(T_start, T_before, way, motion, which), _Slide(drawer, opening, T_contact, 0.0)

        return self._first(ways(), q_start)

    def _motions(self) -> Iterator[tuple[ExpertMotionConfig, int]]:
        """Return each speed with each way in."""
        for share in SPEEDS:
            speed, turn_rate = share * self.motion.speed, share * self.motion.turn_rate
            motion = dataclasses.replace(self.motion, speed=speed, turn_rate=turn_rate)
            yield from ((motion, which) for which in range(len(motion.ways)))

    def _finger(self, T: np.ndarray, outward: np.ndarray) -> float:
        """Return how far a finger reaches from the tool point towards the front [m], the tool at T (4, 4)."""
        envelope, sine = self._gripper.envelope, float(-T[:3, 2] @ outward)
        if envelope is None:
            return FINGER
        return envelope.tip * sine + envelope.finger_half_width * float(np.sqrt(max(0.0, 1.0 - sine**2)))

    def _stands(self, T_begin: np.ndarray, way: np.ndarray, q_start: np.ndarray) -> bool:
        """Say whether the arm can have its tool at both ends of a way (3,) [m]: a quick first look."""
        self._stand()
        q = np.asarray(q_start, dtype=float)
        for T in (T_begin, shifted(T_begin, way)):
            reached = self.posture(T, q)
            if reached is q:
                return False
            q = reached
        return True

    def _first(self, ways: Iterator[tuple[list[Step], _Slide]], q_start: np.ndarray) -> list[Step] | None:
        """Return the first way on which nothing is touched that should not be; else the first that pushes objects."""
        fallback = None
        for steps, slide in ways:
            self._stand()
            self._slide = slide
            try:
                followed = self._follow(steps, q_start)
            finally:
                self._slide = None
            if followed is not None and followed[0]:
                return steps
            if followed is not None:
                fallback = fallback or steps
        return fallback

    def _touched_at(self, step: Step, q: np.ndarray) -> set[str]:
        slide = self._slide
        if slide is None:
            return super()._touched_at(step, q)
        self._scratch.qpos[self.world.model.joint(slide.drawer.joint).qposadr[0]] = slide.opening_at(step)
        if step.phase is MotionPhase.PUSH:
            return super()._touched_at(step, q) - {slide.drawer.joint}
        if step.phase in (MotionPhase.CLOSE, MotionPhase.PULL):  # what is held is not touched: as with open fingers
            step = dataclasses.replace(step, width=OPENING)
        return super()._touched_at(step, q)


def _tools(point: np.ndarray, drawer: Drawer) -> Iterator[np.ndarray]:
    for pitch in PITCHES:
        for flipped in (False, True):
            yield tool_at(point, drawer.outward, float(pitch), flipped)
