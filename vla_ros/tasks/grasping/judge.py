# SPDX-License-Identifier: Apache-2.0
"""Judge a run: what is lifted, whether the instruction means it, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vla_ros.sim.referring.meaning import Meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.grasping.lifting import GraspTask, GraspTaskConfig, LiftWatch, Outcome

ONGOING, TERMINATED, INVALID = 0, 1, -1  # TaskStatus values
ABSENT_PATIENCE_S = 2.0  # [s] of simulated time in which a policy may still find what it calls absent
DONE_PATIENCE_S = 5.0  # [s] in which a policy that calls itself done, or whose chunks are refused, may be right


class EpisodeJudge:
    """Follow one run. Where the words fit several objects, each of them counts."""

    def __init__(
        self,
        meant: Meaning,
        objects: Sequence[SceneObject],
        heights: Mapping[str, float],  # [m] where each lies
        time: float,  # [s]
        width_max: float,  # [m]
        config: GraspTaskConfig,
    ) -> None:
        self._config = config
        self._descriptions = {item.name: item.description for item in objects}
        self._start, self._start_heights = time, dict(heights)
        self._named = [item.name for item in meant.named]
        self._doubt = meant.doubt
        possible = {item.name for item in (*meant.named, *meant.open)}
        self._not_meant = [item.name for item in objects if item.name not in possible]
        self._tasks = [GraspTask(name, heights, time, width_max, config, ()) for name in self._named]
        # Nothing is named: nothing can succeed, but what the arm does is followed all the same.
        self._watch = (
            self._tasks[0] if self._tasks else GraspTask(objects[0].name, heights, time, width_max, config, ())
        )
        self._unclear = LiftWatch([item.name for item in meant.open], heights, config.lift_m, config.hold_s)
        self._wrong = LiftWatch(self._not_meant, heights, config.lift_m, config.wrong_hold_s)
        self._attempts = 0
        self._first_lifted: str | None = None
        self._idle_since: dict[str, float] = {}
        self._lifted: dict[str, float] = dict.fromkeys(heights, 0.0)  # [m] now
        self.time = time
        self.reason = ""  # why there is no success; empty while it runs and after a success
        self._outcome = Outcome.RUNNING
        self.events: list[str] = []  # lines not yet taken

    @property
    def elapsed(self) -> float:
        """Return simulated time since the start [s]."""
        return self.time - self._start

    @property
    def success(self) -> bool:
        """Say whether a named object was lifted and held."""
        return any(task.success for task in self._tasks)

    @property
    def outcome(self) -> Outcome:
        """Return what it came to; RUNNING until that is decided, also when it was interrupted before."""
        return Outcome.SUCCESS if self.success else self._outcome

    @property
    def finished(self) -> bool:
        """Say whether the run is over."""
        return self.success or bool(self.reason)

    @property
    def attempts(self) -> int:
        """Return how often the gripper has closed."""
        return self._watch.attempts

    @property
    def first_lifted(self) -> str | None:
        """Return the name of the object that was lifted first."""
        return self._watch.first_lifted

    @property
    def lifted_max(self) -> float:
        """Return the greatest height [m] a named object reached above where it lay."""
        return max((task.lifted_max for task in self._tasks), default=0.0)

    @property
    def target_text(self) -> str:
        """Return what is to be grasped, in words."""
        return " or ".join(f"the {self._descriptions[name]}" for name in self._named)

    @property
    def unjudged(self) -> bool:
        """Say whether something was lifted of which nobody can say whether it was meant."""
        return self.outcome is Outcome.UNJUDGED

    @property
    def wrong_in_hand(self) -> str | None:
        """Return the name of the object that is up and is surely not meant."""
        up = {name: self._lifted[name] for name in self._not_meant if self._lifted[name] >= self._config.first_lift_m}
        return max(up, key=up.__getitem__, default=None)

    def description(self, name: str) -> str:
        """Return what a person would call an object."""
        return self._descriptions[name]

    def update(self, time: float, heights: Mapping[str, float], width: float, status: int, refused: str) -> None:
        """Advance to `time` [s]: objects' heights [m], commanded width [m], status and refusal of chunks."""
        self.time = time
        self._lifted = {name: heights[name] - start for name, start in self._start_heights.items()}
        outcomes = [task.update(time, heights, width) for task in self._tasks or [self._watch]]
        unclear, wrong = self._unclear.update(time, heights), self._wrong.update(time, heights)
        self._tell()
        if self.success:
            self._attempts = self.attempts
        elif unclear:
            self._end(Outcome.UNJUDGED, f"lifted the {self._descriptions[unclear]}; {self._doubt}")
        elif wrong:
            self._end(Outcome.WRONG, f"lifted the {self._descriptions[wrong]}, which is not what was asked for")
        elif all(outcome is not Outcome.RUNNING for outcome in outcomes) and self._tasks:
            self._end(outcomes[0], outcomes[0].value)
        elif self._watch.outcome is Outcome.ATTEMPTS:
            self._end(Outcome.ATTEMPTS, Outcome.ATTEMPTS.value)
        elif self.elapsed >= self._config.time_limit_s:
            self._end(Outcome.TIME, Outcome.TIME.value)
        elif self._lasts("absent", status == INVALID, ABSENT_PATIENCE_S):
            self._end(Outcome.GAVE_UP, "the policy finds nothing that the instruction names")
        elif self._lasts("done", status == TERMINATED, DONE_PATIENCE_S):
            self._end(Outcome.GAVE_UP, "the policy calls itself done")
        elif self._lasts("refused", bool(refused), DONE_PATIENCE_S):
            self._end(Outcome.GAVE_UP, f"chunks are refused: {refused}")

    def stop(self, reason: str, outcome: Outcome = Outcome.ERROR) -> None:
        """End the run for a reason outside the task; RUNNING leaves its outcome open."""
        if not self.reason:
            self._end(outcome, reason)

    def take_events(self) -> list[str]:
        """Return the lines since the last call."""
        events, self.events = self.events, []
        return events

    def _end(self, outcome: Outcome, reason: str) -> None:
        self._outcome, self.reason = outcome, reason

    def _tell(self) -> None:
        if self.attempts > self._attempts:
            self._attempts = self.attempts
            self.events.append(f"attempt {self._attempts}: closing on {self.target_text or 'something'}")
        lifted = self.first_lifted
        if lifted is not None and lifted != self._first_lifted:
            self._first_lifted = lifted
            wrong = ", which is not what was asked for" if lifted in self._not_meant else ""
            self.events.append(f"lifting the {self._descriptions[lifted]}{wrong}")

    def _lasts(self, what: str, holds: bool, patience: float) -> bool:
        if not holds:
            self._idle_since.pop(what, None)
            return False
        return self.time - self._idle_since.setdefault(what, self.time) >= patience
