# SPDX-License-Identifier: Apache-2.0
"""From a stream of wanted openings to the goals of a gripper that executes one motion at a time.

Vendors' grippers (libfranka's, every GripperCommand action) take a goal, move for half a second and answer; told a new
one every tick they would never arrive. So a goal follows from an edge of what is wanted, not from its noise:

- opening is a move, at once, when more is wanted than the last goal and what is held leave room for. Whatever is
  between the fingers is let go of without delay;
- closing is a grasp, which presses what it meets. It waits until what is wanted stands still (a trigger on its way
  passes through every opening), unless the hand is to close altogether;
- a grasp on its way, or one that holds something, is not told to close further: a Franka Hand that grasps and is told
  to grasp again answers that it failed (libfranka, issue 108);
- no goal is repeated by itself, a failed one neither: a hand that somebody stopped must not close again.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from controllers.errors import ConfigError

MOVE, GRASP = "move", "grasp"
END = 0.002  # [m] from either end of its way, where an opening is meant to be the end
HELD = 0.002  # [m] by which something held keeps the fingers wider than the grasp's goal
STEADY = 0.002  # [m] within which what is wanted stands still
SETTLE_S = 0.05  # [s] for which it must, before the hand closes part of its way
SETTLE_MOST_S = 0.3  # [s] after which a goal follows from what still moves: a slow hand on a trigger
BEGUN_S = 1.0  # [s] after which a goal's motion shows in what is measured, or there was none
BETWEEN_S = 0.05  # [s] between goals at least


@dataclass(frozen=True)
class Goal:
    """One motion of a gripper."""

    kind: str  # MOVE or GRASP
    width: float  # [m] opening between the fingers
    force: float  # [N] that a grasp presses with; 0 for a move


class GripperGoals:
    """Decide when a gripper gets a new goal, and which."""

    def __init__(
        self, width_max: float, force: float, hysteresis: float = 0.005, release: float = 0.01, squeeze: float = 0.005
    ) -> None:
        """Take the widest opening that a goal may have [m] and the force of a grasp [N].

        `hysteresis` [m]: smaller changes of what is wanted are noise. `release` [m]: how much wider than what is held
        it must be until that is let go. `squeeze` [m]: by how much a grasp's goal is narrower than wanted, so that a
        thing just as wide is pressed. Raises ConfigError for thresholds that leave too little of the way.
        """
        if not (isfinite(width_max) and 0.0 < width_max <= 1.0):
            raise ConfigError(f"gripper: 'width_max' must be above 0 and at most 1 m, got {width_max}")
        if not (isfinite(force) and 0.0 < force <= 1000.0):
            raise ConfigError(f"gripper: 'force' must be above 0 and at most 1000 N, got {force}")
        for name, value in (("hysteresis", hysteresis), ("release", release), ("squeeze", squeeze)):
            if not 0.0 <= value < 0.5 * width_max:
                most = f"less than half of the widest opening, {width_max:g} m"
                raise ConfigError(f"gripper: '{name}' must be 0 m to {most}, got {value}")
        self._width_max, self._force = width_max, force
        self._hysteresis, self._release, self._squeeze = hysteresis, release, squeeze
        self._goal: Goal | None = None
        self._failed = False  # whether that goal did
        self._wish = inf  # [m] what was wanted when it was made; inf: nothing was measured yet
        self._made = -inf  # [s] when
        self._anchor, self._still_since, self._closing_since = inf, -inf, inf  # of what is wanted: [m], [s], [s]

    def update(self, wanted: float, measured: float, now: float) -> Goal | None:
        """Return the goal that is to replace the last one, None where that still does.

        `wanted` and `measured` are openings [m], `now` monotonic [s]. What is not finite changes nothing: without a
        measured opening there is no telling open from close.
        """
        if not (isfinite(wanted) and isfinite(measured) and isfinite(now)):
            return None
        wanted = self._within(wanted)
        if self._wish == inf:
            self._wish = self._within(measured)  # nothing is to move until something else is wanted
        self._watch(wanted, now)
        if self._closes(wanted, measured):
            self._closing_since = min(self._closing_since, now)
            due = self._settled(wanted, now)
        else:
            self._closing_since = inf
            due = self._opens(wanted, measured)
        if not due or 0.0 <= now - self._made < BETWEEN_S:
            return None
        if wanted == self._width_max and measured >= wanted:
            # It is open, and a goal short of that would close it. A grasp that has just begun may not show yet: then
            # what is wanted stays due.
            if self._failed or now - self._made > BEGUN_S:
                self._goal, self._wish = None, wanted
            return None
        # By where the fingers are, not by what was wanted before: they may still be on their way from there.
        if wanted >= measured:
            goal = Goal(MOVE, wanted, 0.0)
        else:
            goal = Goal(GRASP, max(wanted - self._squeeze, 0.0), self._force)
        self._goal, self._failed, self._wish, self._made, self._closing_since = goal, False, wanted, now, inf
        return goal

    def failed(self, goal: Goal) -> None:
        """Note that the gripper gave up a goal: the next thing wanted counts, even if it is only to close further."""
        if goal is self._goal:
            self._failed = True

    def resume(self, wanted: float) -> None:
        """Begin again with a gripper that was not there for a while: what is `wanted` now [m] is no new wish."""
        self._goal, self._failed = None, False
        if isfinite(wanted):
            self._wish = self._within(wanted)

    def _within(self, width: float) -> float:
        """Return an opening on the hand's way; near an end of it that is meant."""
        if width <= END:
            return 0.0
        return self._width_max if width >= self._width_max - END else width

    def _opens(self, wanted: float, measured: float) -> bool:
        if wanted == self._width_max > self._wish:
            return True
        if self._goal is not None and self._goal.kind == MOVE:
            return wanted > self._wish + self._hysteresis
        return wanted > max(self._wish, measured) + self._release  # before the first goal it may hold something, too

    def _closes(self, wanted: float, measured: float) -> bool:
        further = wanted < self._wish - self._hysteresis or wanted == 0.0 < self._wish
        return further and not self._grasps(measured)

    def _grasps(self, measured: float) -> bool:
        """Say whether a grasp is on its way, or something between the fingers has ended it."""
        goal = self._goal
        return goal is not None and goal.kind == GRASP and not self._failed and measured > goal.width + HELD

    def _watch(self, wanted: float, now: float) -> None:
        """Follow since when what is wanted stands still."""
        if abs(wanted - self._anchor) > STEADY or now < self._still_since:
            self._anchor, self._still_since = wanted, now

    def _settled(self, wanted: float, now: float) -> bool:
        still = now - self._still_since >= SETTLE_S
        return wanted == 0.0 or still or now - self._closing_since >= SETTLE_MOST_S
