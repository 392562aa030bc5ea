# SPDX-License-Identifier: Apache-2.0
"""The grasping task: what counts as an attempt, as lifted and as success. Pure logic on the simulator's truth.

GraspVLA, Appendix E: up to three attempts, each counted by the gripper closing; success when the named object is
lifted at least 15 cm; the scene is never reset in between. The hold of one second is our addition: a thrown object
is not a grasped one. So is the end when another object is held up there: no policy puts it back, and 60 s would pass.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from controllers.errors import ConfigError


@dataclass(frozen=True)
class GraspTaskConfig:
    """Limits and thresholds of the task; config/tasks/grasping.yaml."""

    lift_m: float = 0.15  # [m] above where the object lay
    hold_s: float = 1.0  # [s] without a break at that height
    wrong_hold_s: float = 5.0  # [s] that another object is held at that height: the attempt has ended
    attempts: int = 3
    time_limit_s: float = 60.0  # [s] simulated
    first_lift_m: float = 0.05  # [m] from here on an object counts as lifted, for the first-lifted rate
    fallen_m: float = 0.15  # [m] below where it lay: off the table, out of reach
    closed_fraction: float = 0.45  # of the full width: a command below it closes the gripper
    open_fraction: float = 0.55  # of the full width: a command above it opens the gripper

    def __post_init__(self) -> None:
        for name in ("lift_m", "hold_s", "wrong_hold_s", "time_limit_s", "first_lift_m", "fallen_m"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ConfigError(f"{name} must be above 0, got {value}")
        if self.attempts < 1:
            raise ConfigError(f"attempts must be at least 1, got {self.attempts}")
        if not 0.0 < self.closed_fraction < self.open_fraction < 1.0:
            raise ConfigError(
                f"0 < closed_fraction < open_fraction < 1 must hold, got {self.closed_fraction}, {self.open_fraction}"
            )


class Outcome(Enum):
    """Why an episode is over; the words are those of the result table."""

    RUNNING = "running"
    SUCCESS = "success"
    ATTEMPTS = "attempts used up"
    TIME = "time limit"
    WRONG = "another object was lifted"
    UNJUDGED = "not judged"  # lifted, and nobody can say whether it was meant
    FALLEN = "named object fell off the table"
    GAVE_UP = "policy gave up"
    ERROR = "error"


EXIT_UNJUDGED = 3  # of a run whose outcome is UNJUDGED


class LiftWatch:
    """Follow since when each of some objects has been lifted to a height."""

    def __init__(self, names: Iterable[str], start_heights: Mapping[str, float], lift: float, hold: float) -> None:
        """`start_heights` [m]; `lift` [m] above them, for `hold` [s] without a break."""
        self._thresholds = {name: start_heights[name] + lift for name in names}
        self._hold = hold
        self._since: dict[str, float] = {}  # [s]

    def update(self, time: float, heights: Mapping[str, float]) -> str | None:
        """Advance to `time` [s] with the objects' heights [m]; return the object that has been up for long enough."""
        for name, threshold in self._thresholds.items():
            if heights[name] < threshold:
                self._since.pop(name, None)
            elif time - self._since.setdefault(name, time) >= self._hold - 1e-9:
                return name
        return None


class GraspTask:
    """Judge one episode from the heights of its objects and the commanded gripper width."""

    def __init__(
        self,
        target: str,
        start_heights: Mapping[str, float],  # [m] of every object once the scene has settled
        start_time: float,  # [s]
        width_max: float,  # [m] full opening of the gripper
        config: GraspTaskConfig | None = None,
        wrong: Collection[str] | None = None,  # objects that are surely not meant; None: all others
    ) -> None:
        if target not in start_heights:
            raise ConfigError(f"the task's object '{target}' is not in the scene: {', '.join(sorted(start_heights))}")
        self.config = config or GraspTaskConfig()
        self.target = target
        self.outcome = Outcome.RUNNING
        self.attempts = 0
        self.first_lifted: str | None = None
        self.lifted_max = 0.0  # [m] highest the named object has been above its start
        self._start_heights = dict(start_heights)
        self._start_time = start_time
        self._width_max = width_max
        self._closed: bool | None = None  # unknown until the first command: starting closed is no attempt
        others = [name for name in start_heights if name != target] if wrong is None else wrong
        self._held = LiftWatch([target], start_heights, self.config.lift_m, self.config.hold_s)
        self._wrong = LiftWatch(others, start_heights, self.config.lift_m, self.config.wrong_hold_s)

    @property
    def finished(self) -> bool:
        """Say whether the episode is over."""
        return self.outcome is not Outcome.RUNNING

    @property
    def success(self) -> bool:
        """Say whether the named object was lifted and held."""
        return self.outcome is Outcome.SUCCESS

    def update(self, time: float, heights: Mapping[str, float], gripper_command: float) -> Outcome:
        """Advance to `time` [s] with the objects' heights [m] and the commanded gripper width [m]."""
        if self.finished:
            return self.outcome
        self._watch_heights(time, heights)
        reopened = self._watch_gripper(gripper_command)
        lift = heights[self.target] - self._start_heights[self.target]
        wrong = self._wrong.update(time, heights)
        if self._held.update(time, heights):
            self.attempts = max(self.attempts, 1)  # lifted without a full closure is an attempt all the same
            self.outcome = Outcome.SUCCESS
        elif wrong:
            self.outcome = Outcome.WRONG
        elif lift < -self.config.fallen_m:
            self.outcome = Outcome.FALLEN
        elif reopened and self.attempts >= self.config.attempts:
            self.outcome = Outcome.ATTEMPTS
        elif time - self._start_time >= self.config.time_limit_s - 1e-9:
            self.outcome = Outcome.TIME
        return self.outcome

    def give_up(self) -> None:
        """End the episode because the policy says there is nothing to do."""
        if not self.finished:
            self.outcome = Outcome.GAVE_UP

    def _watch_heights(self, time: float, heights: Mapping[str, float]) -> None:
        for name, start in self._start_heights.items():
            if self.first_lifted is None and heights[name] - start >= self.config.first_lift_m:
                self.first_lifted = name
        self.lifted_max = max(self.lifted_max, heights[self.target] - self._start_heights[self.target])

    def _watch_gripper(self, command: float) -> bool:
        """Count closures, open to closed with hysteresis; say whether the gripper has just been told to open."""
        fraction = command / self._width_max
        if self._closed is None:
            self._closed = fraction < self.config.closed_fraction
        elif not self._closed and fraction < self.config.closed_fraction:
            self._closed = True
            self.attempts += 1
        elif self._closed and fraction > self.config.open_fraction:
            self._closed = False
            return True
        return False
