# SPDX-License-Identifier: Apache-2.0
"""How a graph ends under `ros2 launch`: the arm comes to rest first, as under `vla launch` (bringup/supervisor.py).

Left to itself, launch interrupts every node at once, and calls it an error when one takes its time. Here the nodes that
move the arm are interrupted, and the others are stopped when those have gone, or when their time is up. After an
episode launch is told to shut down when all of that is done. Imported only where ROS 2's launch is.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from launch.actions import EmitEvent, OpaqueFunction, RegisterEventHandler, Shutdown, TimerAction
from launch.event_handlers import OnProcessStart, OnShutdown
from launch.events import matches_action
from launch.events.process import SignalProcess

from controllers.errors import VlaError
from vla_ros.launching.graph import NodeSpec
from vla_ros.launching.processes.supervisor import (
    DEATH_GRACE_S,
    EXIT_BAD_INPUT,
    KILL_AFTER_S,
    STOP_OTHERS_AFTER_S,
    TERMINATE_AFTER_S,
)

Actions = list[Any]
_AT_ONCE_S = 0.01
CONTROL = "control_node"
# What does not move the arm may take so long to end, from the request on [s], on a machine that is busy. Only then
# launch is to speak of a failure.
_PATIENCE_S, _KILL_AFTER_S = 5.0, 7.0


class LaunchFailed(VlaError):
    """The job did not succeed: `ros2 launch` says why and exits with 1."""


class OrderlyEnd:
    """Know which nodes live, and say what to do when one ends or all shall."""

    def __init__(self) -> None:
        self._specs: dict[Any, NodeSpec] = {}  # of every node's action
        self._alive: list[Any] = []
        self._asked: list[Any] = []  # to stop: a second SIGTERM would kill a process on its way out
        self._ending = False  # a node has ended the graph, or somebody else has
        self._shutting_down = False
        self._late: Any = None  # the timer that stops the others even if those that move the arm do not end
        self._finally: Any = None  # what ends the launch once every node has gone

    def options(self, spec: NodeSpec) -> dict[str, Any]:
        """Return what the launch_ros Node of `spec` needs to take part."""
        terminate, kill = (
            (TERMINATE_AFTER_S, KILL_AFTER_S) if spec.executable == CONTROL else (_PATIENCE_S, _KILL_AFTER_S)
        )
        return {
            "on_exit": self._on_exit(spec),
            "sigterm_timeout": str(terminate),
            "sigkill_timeout": f"{kill - terminate:.3f}",
        }

    def handlers(self, nodes: dict[Any, NodeSpec]) -> Actions:
        """Return the actions that make this watch over `nodes`; they come before them in the description."""
        self._specs = nodes
        return [
            RegisterEventHandler(OnProcessStart(on_start=self._on_start)),
            RegisterEventHandler(OnShutdown(on_shutdown=self._on_shutdown)),
        ]

    def _on_start(self, event: Any, context: Any) -> None:
        if event.action in self._specs:
            self._alive.append(event.action)

    def _on_exit(self, spec: NodeSpec) -> Callable[[Any, Any], Actions | None]:
        def ended(event: Any, context: Any) -> Actions | None:
            if event.action in self._alive:
                self._alive.remove(event.action)
            if self._shutting_down:
                return self._stop_others()
            if self._finally is not None:
                return self._stop_others() if self._alive else [self._finally]
            if self._ending:
                return None
            return self._consequences(spec, event.returncode)

        return ended

    def _consequences(self, spec: NodeSpec, code: int) -> Actions | None:
        """Return what a node's end means for the others that still run."""
        if spec.decides and code == 0:
            return self._end_in_order(Shutdown(reason=f"{spec.name} finished"))
        if spec.decides and code > 0:
            return self._end_in_order(_fail(f"{spec.name} finished without success (exit code {code})", _AT_ONCE_S))
        if spec.ends and code == 0:
            return None
        if code == EXIT_BAD_INPUT:
            self._ending = True
            return [_fail(f"{spec.name}: bad input, see its last line", _AT_ONCE_S)]
        if spec.ends:
            self._ending = True
            how = f"died: it {_ending(code)}" if code < 0 else "failed: its last line says why"
            return [*self._interrupt_first(), _fail(f"{spec.name} {how}", _AT_ONCE_S)]
        if spec.required:
            self._ending = True
            # Guard and the arm's driver go on for a while, to hold the arm if it was control that died.
            return [*self._interrupt_first(), _fail(f"{spec.name} died: it {_ending(code)}", DEATH_GRACE_S)]
        return None

    def _end_in_order(self, last: Any) -> Actions:
        """Return what ends every node, and then the launch by the action `last`."""
        self._ending, self._finally = True, last
        if not self._alive:
            return [last]
        impatience = TimerAction(period=_PATIENCE_S, actions=[last])  # launch goes on with signals of its own
        kill = TimerAction(period=KILL_AFTER_S, actions=[OpaqueFunction(function=self._kill_control)])
        return [*self._interrupt_first(), self._stop_others_later(), kill, impatience, *self._stop_others()]

    def _kill_control(self, context: Any) -> Actions:
        """Return what ends a control that does not: it must not outlive guard and driver while launch is patient."""
        hung = [action for action in self._alive if self._specs[action].executable == CONTROL]
        return [_signal(action, signal.SIGKILL) for action in hung]

    def _stop_others_later(self) -> Any:
        stop_others = OpaqueFunction(function=lambda context: self._stop_others(wait=False))
        self._late = TimerAction(period=STOP_OTHERS_AFTER_S, actions=[stop_others], cancel_on_shutdown=False)
        return self._late

    def _on_shutdown(self, event: Any, context: Any) -> Actions:
        self._ending = self._shutting_down = True
        if self._finally is not None and not self._alive:
            return []
        actions = [] if self._late is not None else [self._stop_others_later()]
        if event.due_to_sigint and not context.noninteractive:
            # launch trusts the terminal to have interrupted everyone; a `kill -INT` reaches nobody but launch.
            actions += self._interrupt_first()
        return actions + self._stop_others()

    def _interrupt_first(self) -> Actions:
        return [_signal(action, signal.SIGINT) for action in self._alive if self._specs[action].stops_first]

    def _stop_others(self, wait: bool = True) -> Actions:
        """Return what stops the other nodes; `wait` for those that move the arm to have gone."""
        first = [action for action in self._alive if self._specs[action].stops_first]
        if wait and first:
            return []
        if self._late is not None:
            self._late.cancel()  # launch would wait for it
        others = [action for action in self._alive if action not in (*first, *self._asked)]
        self._asked += others
        return [_signal(action, signal.SIGTERM) for action in others]


def _signal(action: Any, number: signal.Signals) -> Any:
    return EmitEvent(event=SignalProcess(signal_number=number, process_matcher=matches_action(action)))


def _fail(reason: str, after: float) -> Any:
    """Return the action that ends the launch with exit code 1, `after` [s]: launch has no other way to say so."""

    def fail(context: Any) -> None:
        raise LaunchFailed(reason)

    return TimerAction(period=after, actions=[OpaqueFunction(function=fail)])


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
