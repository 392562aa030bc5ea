# SPDX-License-Identifier: Apache-2.0
"""The grasping task: what counts as an attempt, as lifted and as success. Pure logic on the simulator's truth.

GraspVLA, Appendix E: up to three attempts, each counted by the gripper closing; success when the named object is
lifted at least 15 cm; the scene is never reset in between. The hold of one second is our addition: a thrown object
is not a grasped one. So is the end when another object is held up there: no policy puts it back, and 60 s would pass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.closing_limits import ClosingLimits
from vla_ros.tasks.judging import Outcome
from vla_ros.tasks.watches import ClosureWatch, LiftWatch

WRONG = Outcome("another object was lifted")
FALLEN = Outcome("named object fell off the table")


@dataclass(frozen=True)
class GraspTaskConfig(ClosingLimits):
    """Limits and thresholds of the task; config/tasks/grasping.yaml."""

    lift_m: float = 0.15  # [m] above where the object lay
    hold_s: float = 1.0  # [s] without a break at that height
    wrong_hold_s: float = 5.0  # [s] that another object is held at that height: the attempt has ended
    first_lift_m: float = 0.05  # [m] from here on an object counts as lifted, for the first-lifted rate
    fallen_m: float = 0.15  # [m] below where it lay: off the table, out of reach
    moved_m: float = 0.03  # [m] from where it lay: manipulated, where what is asked for is not there
    refrain_s: float = 25.0  # [s] without that: left alone; who takes something has it by then

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("lift_m", "hold_s", "wrong_hold_s", "first_lift_m", "fallen_m", "moved_m", "refrain_s")


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
        self._gripper = ClosureWatch(width_max, self.config.closed_fraction, self.config.open_fraction)
        others = [name for name in start_heights if name != target] if wrong is None else wrong
        self._held = LiftWatch([target], start_heights, self.config.lift_m, self.config.hold_s)
        self._wrong = LiftWatch(others, start_heights, self.config.lift_m, self.config.wrong_hold_s)

    @property
    def finished(self) -> bool:
        """Say whether the episode is over."""
        return self.outcome != Outcome.RUNNING

    @property
    def success(self) -> bool:
        """Say whether the named object was lifted and held."""
        return self.outcome == Outcome.SUCCESS

    def update(self, time: float, heights: Mapping[str, float], gripper_command: float) -> Outcome:
        """Advance to `time` [s] with the objects' heights [m] and the commanded gripper width [m]."""
        if self.finished:
            return self.outcome
        self._watch_heights(time, heights)
        reopened = self._gripper.update(gripper_command)
        self.attempts = self._gripper.closures
        lift = heights[self.target] - self._start_heights[self.target]
        wrong = self._wrong.update(time, heights)
        if self._held.update(time, heights):
            self.attempts = max(self.attempts, 1)  # lifted without a full closure is an attempt all the same
            self.outcome = Outcome.SUCCESS
        elif wrong:
            self.outcome = WRONG
        elif lift < -self.config.fallen_m:
            self.outcome = FALLEN
        elif reopened and self.attempts >= self.config.attempts:
            self.outcome = Outcome.ATTEMPTS
        elif time - self._start_time >= self.config.time_limit_s - 1e-9:
            self.outcome = Outcome.TIME
        return self.outcome

    def _watch_heights(self, time: float, heights: Mapping[str, float]) -> None:
        for name, start in self._start_heights.items():
            if self.first_lifted is None and heights[name] - start >= self.config.first_lift_m:
                self.first_lifted = name
        self.lifted_max = max(self.lifted_max, heights[self.target] - self._start_heights[self.target])
