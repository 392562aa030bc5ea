# SPDX-License-Identifier: Apache-2.0
"""Which dead nodes are started again, after how long, how often; and why not."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection

from vla_ros.launching.graph import NodeSpec
from vla_ros.launching.processes.process import NodeProcess

# A node that dies more often than so many times in so long [s] will die again.
RESTARTS_MAX, WINDOW_S = 5, 300.0
# [s] from a death to the restart: this, doubled with each restart in the window, up to that.
BACK_OFF_S, BACK_OFF_MAX_S = 0.5, 8.0
# [s] that a guard needs to notice that control is silent and to have the arm held, on a busy machine.
HELD_WITHIN_S = 1.5
GUARD_FIRST_S = 2.0  # [s] from a guard's restart to that of whom it guards

Start = Callable[[NodeSpec, int], NodeProcess]  # the node, for the how manyeth time again


class Restarts:
    """Count restarts and plan the next ones; whoever owns the processes asks when one is due."""

    def __init__(self, start: Start) -> None:
        self.counts: dict[str, int] = {}  # restarts of each node that had one
        self._start = start
        self._recent: dict[str, deque[float]] = {}  # [s] monotonic
        self._died: dict[str, float] = {}  # [s] monotonic
        self._due: dict[str, tuple[float, NodeSpec]] = {}  # [s] monotonic
        self.resting: dict[str, float] = {}  # [s] monotonic: since when they were asked to come to rest

    def refusal(self, process: NodeProcess, now: float, specs: Collection[NodeSpec], dead: Collection[str]) -> str:
        """Return why a node that has just died is not started again; "" where it may be.

        `specs` are those of the whole graph, `dead` the names of those that do not run now.
        """
        spec, code = process.spec, process.exit_code or 0
        self._died[spec.name] = now
        if spec.again is None:
            return spec.not_again
        if spec.ends and code > 0:
            return "it has said why"
        for guard in (other.name for other in specs if spec.name in other.guards):
            if guard in dead:
                return f"{guard} is not there to hold the arm"
        for name in spec.guards:
            if name in self._died and now - self._died[name] < HELD_WITHIN_S:
                return f"{name} died just before it: nobody has had the arm held"
        recent = self._recent.setdefault(spec.name, deque())
        while recent and now - recent[0] > WINDOW_S:
            recent.popleft()
        if len(recent) >= RESTARTS_MAX:
            return f"it has died {len(recent) + 1} times within {WINDOW_S / 60.0:g} minutes"
        return ""

    def plan(self, spec: NodeSpec, now: float) -> float:
        """Plan a restart and return how long it is until then [s]."""
        recent = self._recent.setdefault(spec.name, deque())
        delay = min(BACK_OFF_S * 2.0 ** len(recent), BACK_OFF_MAX_S)
        recent.append(now)
        self._due[spec.name] = (now + delay, spec)
        return delay

    def plan_behind(self, spec: NodeSpec, guard: str, now: float) -> None:
        """Plan the restart of a node that rests because its guard died: once that one is there again."""
        at, _ = self._due.get(guard, (now, spec))
        self._due[spec.name] = (max(at, now) + GUARD_FIRST_S, spec)

    @property
    def pending(self) -> bool:
        """Say whether a node is to be started again."""
        return bool(self._due or self.resting)

    def cancel(self) -> None:
        """Start nothing any more."""
        self._due.clear()
        self.resting.clear()

    def start_due(self, now: float) -> list[NodeProcess]:
        """Start again what is due, and return it."""
        started = []
        for name, (at, spec) in list(self._due.items()):
            if now >= at:
                del self._due[name]
                self.counts[name] = self.counts.get(name, 0) + 1
                started.append(self._start(spec, self.counts[name]))
        return started
