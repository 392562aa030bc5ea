# SPDX-License-Identifier: Apache-2.0
"""Keep a graph's processes: forward their output, notice deaths, stop them in order and in time.

One thread and one selector: nothing to lock, and no fork beside a running thread.
"""

from __future__ import annotations

import contextlib
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from vla_ros.launching.processes.child import REST_S
from vla_ros.launching.processes.console import Console
from vla_ros.launching.processes.process import NodeProcess
from vla_ros.launching.processes.restarts import RESTARTS_MAX, WINDOW_S, Restarts

# From the request to stop [s]. All together stays below the 3 s that a person waits after Ctrl-C.
STOP_OTHERS_AFTER_S = REST_S
TERMINATE_AFTER_S = 1.7
KILL_AFTER_S = 2.3
# After a node's death the others go on at least so long [s]: whoever died, guard and the arm's driver must still be
# there to hold it. Control itself is asked to bring the arm to rest at once.
DEATH_GRACE_S = 1.5
# A node that somebody stops (SIGSTOP) for longer is as good as dead [s].
SUSPENDED_MAX_S = 2.0
_TICK_S = 0.05

EXIT_FAILED, EXIT_BAD_INPUT = 1, 2


class Supervisor:
    """Run started processes until one of them ends the graph or a signal does.

    With `restarts` a node that dies is started again where that is safe; without, its death ends the graph.
    """

    def __init__(
        self,
        processes: Sequence[NodeProcess],
        console: Console,
        every_second: Callable[[], None] = lambda: None,
        restarts: Restarts | None = None,
    ) -> None:
        self.processes = list(processes)
        self.exit_code: int | None = None
        self.reason = ""
        self.died = False  # a node's death or failure ended the graph
        self._console = console
        self._every_second = every_second
        self._restarts = restarts
        self._ended: set[str] = set()
        self._stop_at: float | None = None  # [s] monotonic: when the orderly stop began
        self._grace = 0.0  # [s] from then on in which the nodes that do not stop first go on
        self._signals: list[signal.Signals] = []
        self._suspended: dict[str, float] = {}  # [s] monotonic: since when, of nodes that are
        self._selector = selectors.DefaultSelector()
        for process in self.processes:
            self._selector.register(process, selectors.EVENT_READ)

    def run(self) -> int:
        """Return the graph's exit code once every process is gone. Must run in the main thread."""
        previous = {
            number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        try:
            return self._run()
        finally:
            for process in self.processes:
                process.close()
            self._selector.close()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _run(self) -> int:
        next_second = time.monotonic()
        while self._waits or not all(process.spec.name in self._ended for process in self.processes):
            self._forward_output(_TICK_S)
            now = time.monotonic()
            for process in self.processes:
                if process.exit_code is not None and process.spec.name not in self._ended:
                    self._on_end(process, now)
            self._handle_signals(now)
            if now >= next_second:
                next_second = now + 1.0
                self._watch_suspended(now)
                self._every_second()
            if self._stop_at is not None:
                self._stop(now - self._stop_at)
            elif self._restarts is not None:
                self._start_due(self._restarts, now)
        return EXIT_FAILED if self.exit_code is None else self.exit_code

    def _forward_output(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            process: Any = key.fileobj
            lines, more = process.read_lines()
            for line in lines:
                self._console.node_line(process.spec.name, line)
            if not more:
                self._selector.unregister(process)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals.append(signal.Signals(number))

    def _handle_signals(self, now: float) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if self.reason == "interrupted" and number is signal.SIGINT:
                self._console.log("interrupted again: killing every node")
                for process in self.processes:
                    process.send(signal.SIGKILL)
                continue
            self._console.log(f"{number.name}: stopping every node")
            self.reason = "interrupted"
            self.exit_code = 128 + number
            self._stop_at = now if self._stop_at is None else self._stop_at
            self._grace = 0.0

    def _on_end(self, process: NodeProcess, now: float) -> None:
        name = process.spec.name
        self._ended.add(name)
        for line in process.rest_of_output():
            self._console.node_line(name, line)
        code = process.exit_code
        stopping = self._stop_at is not None
        if not stopping and self._begins_again(process, now):
            return
        if process.last_signal is not None:  # it was asked to
            if process.last_signal is signal.SIGKILL:
                self._console.log(f"{name} did not stop when asked and was killed")
        elif process.spec.ends and not stopping:
            if code != 0:
                self._on_failure(process, now)
        elif process.spec.decides and code is not None and code >= 0:
            if not stopping:
                self._finish(code, f"{name} finished", now)
        elif code == EXIT_BAD_INPUT and not stopping:
            self._finish(EXIT_BAD_INPUT, "bad input", now)
            self._console.log(f"{name}: {process.last_lines[-1] if process.last_lines else process.ending()}")
        elif process.spec.required:
            self._report_death(process)
            if not stopping:
                self.died, self._grace = True, DEATH_GRACE_S
                self._finish(EXIT_FAILED, f"{name} died: it {process.ending()}", now)
        else:
            self._console.log(f"{name} {process.ending()}; going on without it")

    # -- nodes that are started again ----------------------------------------------------------------------------------
    @property
    def _waits(self) -> bool:
        """Say whether a dead node is to be started again."""
        return self._restarts is not None and self._restarts.pending and self._stop_at is None

    def _begins_again(self, process: NodeProcess, now: float) -> bool:
        """Plan the restart of a node that has ended; False where it is not started again, which is said."""
        restarts, spec = self._restarts, process.spec
        if restarts is None:
            return False
        guard = self._guard_of(spec.name)
        if restarts.resting.pop(spec.name, None) is not None:
            if process.exit_code not in (0, 128 + signal.SIGINT):  # rested, or interrupted while Python started
                self.died, self._grace = True, DEATH_GRACE_S
                self._finish(EXIT_FAILED, f"{spec.name} {process.ending()} without its {guard}", now)
                self._console.log(self.reason)
                return True
            self._forget(process)  # the arm rests, and control waits for its guard
            restarts.plan_behind(spec, guard, now)
            return True
        code = process.exit_code
        if process.last_signal is not None or code == EXIT_BAD_INPUT or (spec.decides and (code or 0) >= 0):
            return False
        if spec.ends and code == 0:
            return False
        specs = [other.spec for other in self.processes]
        refusal = restarts.refusal(process, now, specs, self._ended - {spec.name})
        if refusal:
            self._console.log(f"{spec.name} is not started again: {refusal}")
            return False
        self._report_death(process)
        self._forget(process)
        delay = restarts.plan(spec, now)
        limit = f"at most {RESTARTS_MAX} times in {WINDOW_S / 60.0:g} minutes"
        self._console.log(f"{spec.name} is started again in {delay:g} s ({limit})")
        for other in self.processes:
            if other.spec.name in spec.guards and other.spec.name not in self._ended:
                self._console.log(f"{other.spec.name} brings the arm to rest: it must not work without {spec.name}")
                other.send(signal.SIGINT)
                restarts.resting[other.spec.name] = now
        return True

    def _guard_of(self, name: str) -> str:
        return next((other.spec.name for other in self.processes if name in other.spec.guards), "")

    def _forget(self, process: NodeProcess) -> None:
        """Let go of a process that another one takes the place of, and kill what it left behind."""
        with contextlib.suppress(KeyError, ValueError):  # its output had ended
            self._selector.unregister(process)
        process.close()

    def _start_due(self, restarts: Restarts, now: float) -> None:
        for name, since in restarts.resting.items():
            if now - since > TERMINATE_AFTER_S:
                self.died, self._grace = True, DEATH_GRACE_S
                self._finish(EXIT_FAILED, f"{name} does not come to rest without {self._guard_of(name)}", now)
                self._console.log(self.reason)
                return
        for process in restarts.start_due(now):
            name = process.spec.name
            index = next(i for i, other in enumerate(self.processes) if other.spec.name == name)
            self.processes[index] = process
            self._ended.discard(name)
            self._selector.register(process, selectors.EVENT_READ)

    def _on_failure(self, process: NodeProcess, now: float) -> None:
        """End the graph because a node that was to end by itself has failed: its last line says why."""
        name, killed = process.spec.name, (process.exit_code or 0) < 0
        said = f"{name}: {process.last_lines[-1]}" if process.last_lines and not killed else ""
        self.died = True
        self._console.log(said or f"{name} died: it {process.ending()}")
        self._finish(EXIT_FAILED, said or f"{name} died: it {process.ending()}", now)

    def _watch_suspended(self, now: float) -> None:
        for process in self.processes:
            name = process.spec.name
            if not process.suspended:
                self._suspended.pop(name, None)
                continue
            too_long = now - self._suspended.setdefault(name, now) >= SUSPENDED_MAX_S
            if too_long and process.spec.required and self._stop_at is None:
                self.died, self._grace = True, DEATH_GRACE_S
                self._finish(EXIT_FAILED, f"{name} was stopped (SIGSTOP) and does nothing any more", now)
                self._console.log(self.reason)

    def _report_death(self, process: NodeProcess) -> None:
        self._console.log(f"{process.spec.name} died: it {process.ending()}")
        if process.last_lines:
            self._console.log(f"the last lines of {process.spec.name}:")
            for line in process.last_lines:
                self._console.quote(line)

    def _finish(self, exit_code: int, reason: str, stop_at: float) -> None:
        self.exit_code, self.reason, self._stop_at = exit_code, reason, stop_at

    def _stop(self, elapsed: float) -> None:
        """Ask, then insist. The nodes that bring the arm to rest come first, while the others still work."""
        alive = [process for process in self.processes if process.spec.name not in self._ended]
        first_gone = not any(process.spec.stops_first for process in alive)
        for process in alive:
            first = process.spec.stops_first
            waited = elapsed if first else elapsed - max(0.0, self._grace - STOP_OTHERS_AFTER_S)
            if waited >= KILL_AFTER_S:
                wanted = signal.SIGKILL
            elif waited >= TERMINATE_AFTER_S:
                wanted = signal.SIGTERM
            elif first or waited >= STOP_OTHERS_AFTER_S or (first_gone and elapsed >= self._grace):
                wanted = signal.SIGINT
            else:
                continue
            if process.last_signal is not wanted and process.last_signal is not signal.SIGKILL:
                process.send(wanted)
