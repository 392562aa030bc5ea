# SPDX-License-Identifier: Apache-2.0
"""How an episode of any task is judged: on the simulator's truth, by one judge for lockstep and the graph."""

from __future__ import annotations

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from controllers.errors import ConfigError
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.tasks.sentences import SentenceResult

EXIT_UNJUDGED = 3  # of a run whose outcome is UNJUDGED


@dataclass(frozen=True)
class Outcome:
    """Why an episode is over, in the words of the result table; a task adds its own beside those that all have."""

    value: str

    RUNNING: ClassVar[Outcome]
    SUCCESS: ClassVar[Outcome]
    ATTEMPTS: ClassVar[Outcome]
    TIME: ClassVar[Outcome]
    UNJUDGED: ClassVar[Outcome]  # something was done, and nobody can say whether it was meant
    GAVE_UP: ClassVar[Outcome]
    ERROR: ClassVar[Outcome]


Outcome.RUNNING = Outcome("running")
Outcome.SUCCESS = Outcome("success")
Outcome.ATTEMPTS = Outcome("attempts used up")
Outcome.TIME = Outcome("time limit")
Outcome.UNJUDGED = Outcome("not judged")
Outcome.GAVE_UP = Outcome("policy gave up")
Outcome.ERROR = Outcome("error")


@dataclass(frozen=True)
class TaskLimits:
    """What every task limits; config/tasks/<task>.yaml, with the task's own thresholds beside."""

    attempts: int = 3
    time_limit_s: float = 60.0  # [s] simulated

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ConfigError(f"attempts must be at least 1, got {self.attempts}")
        self._check_positive("time_limit_s")

    def _check_positive(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise ConfigError(f"{name} must be above 0, got {value}")


@dataclass(frozen=True, eq=False)
class Truth:
    """What a judge sees at one time, in the base's frame; of a base that drives in the frame where it was put down."""

    time: float  # [s] simulated
    objects: Mapping[str, np.ndarray]  # T_base_object (4, 4) of each object
    widths: Mapping[str, float]  # commanded opening of each parallel gripper [m]
    tools: Mapping[str, np.ndarray] = field(default_factory=dict)  # T_base_ee (4, 4) of each arm; as commanded on ROS
    joints: Mapping[str, float] = field(default_factory=dict)  # [rad], [m] of each fixture's, by `<fixture>/<joint>`
    cloths: Mapping[str, np.ndarray] = field(default_factory=dict)  # vertices (V, 3) [m] of each

    def before_driving(self, T_odom_base: np.ndarray) -> Truth:
        """Return what is seen from a base that has driven to T_odom_base (4, 4) in the frame where it was put down."""
        R, t = T_odom_base[:3, :3], T_odom_base[:3, 3]
        return dataclasses.replace(
            self,
            objects={name: T_odom_base @ T for name, T in self.objects.items()},
            tools={name: T_odom_base @ T for name, T in self.tools.items()},
            cloths={name: vertices @ R.T + t for name, vertices in self.cloths.items()},
        )

    @property
    def positions(self) -> dict[str, np.ndarray]:
        """Return where each object's origin is (3,) [m]."""
        return {name: T[:3, 3] for name, T in self.objects.items()}

    @property
    def heights(self) -> dict[str, float]:
        """Return the height of each object's origin [m]."""
        return {name: float(T[2, 3]) for name, T in self.objects.items()}


class Judge(ABC):
    """Follow one episode. A task says what it looks at in `_judge`, and ends the episode by `_end`."""

    target: str | None = None  # name of the object that counts, where it is one alone
    attempts: int = 0
    progress: float = 0.0  # 0 to 1, the most so far; 1 is success
    first_lifted: str | None = None  # object that left the table first

    def __init__(self, start: Truth, limits: TaskLimits, objects: Sequence[SceneObject]) -> None:
        """`start` is where everything was; `objects` are those of the scene, as a person would call them."""
        self.limits = limits
        self._descriptions = {item.name: item.description for item in objects}
        self.time = start.time  # [s]
        self.reason = ""  # why there is no success; empty while it runs and after a success
        self.outcome = Outcome.RUNNING  # also of what was interrupted before it was decided
        self._start_time = start.time
        self._events: list[str] = []  # lines not yet taken

    # -- what a task says ----------------------------------------------------------------------------------------------
    @abstractmethod
    def _judge(self, truth: Truth) -> None:
        """Look at the newest truth."""

    @property
    @abstractmethod
    def success_text(self) -> str:
        """Say what was done, after a success."""

    def _shortfall(self) -> str:
        """Return why it failed, as a table counts it, where neither policy nor graph says so."""
        return self.outcome.value

    @property
    def parts(self) -> tuple[int, int]:
        """Return how many of several things that are asked for are done, and how many there are; (0, 0): one alone."""
        return 0, 0

    @property
    def followed(self) -> tuple[int, int]:
        """Return in how many requests what was asked for left the table first, and of how many; (0, 0): one alone."""
        return 0, 0

    @property
    def instruction(self) -> str:
        """Return what is asked for now, where a scene asks for one thing after the other; "": the same all along."""
        return ""

    @property
    def requested(self) -> tuple[str, ...]:
        """Name the objects that the sentence that counts now asks for, where they are known by name."""
        return () if self.target is None else (self.target,)

    @property
    def receptacle(self) -> str:
        """Name the object into which the sentence that counts now asks to put things; "" where it is no single one."""
        return ""

    @property
    def sentences(self) -> tuple[SentenceResult, ...]:
        """Return what became of each sentence where a scene asks for one after the other; (): it asks for one."""
        return ()

    @property
    def wrong_in_hand(self) -> str | None:
        """Return the name of the object that is up and is surely not meant."""
        return None

    def figures(self) -> dict[str, Any]:
        """Return what else a report says, plain values by name."""
        return {}

    # -- what all share ------------------------------------------------------------------------------------------------
    def cause(self, said: str = "") -> str:
        """Return why it failed, as a table counts it; empty for a success. `said`: by the policy or the graph."""
        if self.success:
            return ""
        if self.outcome in (Outcome.GAVE_UP, Outcome.ERROR):
            return f"{self.outcome.value}: {said}" if said else self.outcome.value
        return self._shortfall()

    def description(self, name: str) -> str:
        """Return what a person would call an object."""
        return self._descriptions[name]

    def _called(self, names: Collection[str]) -> str:
        """Return what a person would call one of several objects."""
        return " or ".join(f"the {self._descriptions[name]}" for name in names) or "something"

    @property
    def elapsed(self) -> float:
        """Return simulated time since the start [s]."""
        return self.time - self._start_time

    @property
    def success(self) -> bool:
        """Say whether what was requested is done."""
        return self.outcome == Outcome.SUCCESS

    @property
    def unjudged(self) -> bool:
        """Say whether something was done of which nobody can say whether it was meant."""
        return self.outcome == Outcome.UNJUDGED

    @property
    def finished(self) -> bool:
        """Say whether the episode is over."""
        return self.success or bool(self.reason)

    def update(self, truth: Truth) -> Outcome:
        """Advance to a truth that is newer than the last one."""
        if not self.finished:
            self.time = truth.time
            self._judge(truth)
        if not self.finished and self.elapsed >= self.limits.time_limit_s - 1e-9:
            self._end(Outcome.TIME)
        return self.outcome

    def give_up(self, reason: str = "") -> None:
        """End the episode because the policy does nothing any more."""
        self.stop(reason or Outcome.GAVE_UP.value, Outcome.GAVE_UP)

    def stop(self, reason: str, outcome: Outcome = Outcome.ERROR) -> None:
        """End the episode for a reason outside the task; RUNNING leaves its outcome open."""
        if not self.finished:
            self._end(outcome, reason)

    def take_events(self) -> list[str]:
        """Return what happened since the last call, a line each."""
        events, self._events = self._events, []
        return events

    def _succeed(self, doubt: str = "") -> None:
        """End the episode by a success, or, where it is in doubt whether that was meant, unjudged."""
        if doubt:
            self._end(Outcome.UNJUDGED, f"{self.success_text}; {doubt}")
        else:
            self._events.append(self.success_text)
            self._end(Outcome.SUCCESS)

    def _end(self, outcome: Outcome, reason: str = "") -> None:
        self.outcome = outcome
        if outcome == Outcome.SUCCESS:
            self.progress = 1.0
        else:
            self.reason = reason or outcome.value
