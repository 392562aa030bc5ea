# SPDX-License-Identifier: Apache-2.0
"""What every node process does alike: start, spin, stop quietly when asked, name its errors in one line."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import rclpy
from rclpy.clock import Clock, ClockType
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from controllers.errors import VlaError
from vla_ros.messages import MessageError
from vla_ros.nodes.managed import ManagedNode
from vla_ros.nodes.transport import Transport, choose_transport

_PR_SET_NAME = 15
# EventsExecutor.spin() without a time-out busy-waits in rclpy 7.1; with one it sleeps until an event, and a signal
# is noticed at the latest after this time.
WAKE_PERIOD_S = 0.1


class StopRequest:
    """SIGINT and SIGTERM as a flag: a node ends between two callbacks, never inside one."""

    def __init__(self) -> None:
        self.requested = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    @staticmethod
    def ignore_further() -> None:
        """Be deaf from here on: Python forgets handlers before it ends, and a second SIGTERM would kill it then."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.requested = True

    def __bool__(self) -> bool:
        return self.requested


class Spinner:
    """One node, its executor and the request to stop."""

    def __init__(self, node: Node, stop: StopRequest) -> None:
        self.node = node
        self.stop = stop
        self._executor: Any = EventsExecutor()
        self._executor.add_node(node)
        self._left_out = ""

    def once(self, timeout: float = WAKE_PERIOD_S) -> None:
        """Handle one event, or return after `timeout` [s]; a message that cannot be is left out, and said once."""
        try:
            self._executor.spin_once(timeout_sec=timeout)
        except MessageError as error:
            if str(error) != self._left_out:
                self._left_out = str(error)
                self.node.get_logger().warning(f"a message was left out: {error}")

    def until(self, finished: Callable[[], bool] = lambda: False) -> None:
        """Spin until asked to stop, or until `finished` says so."""
        while not self.stop and not finished():
            self.once()


def run_node(name: str, serve: Callable[[StopRequest], int | None], transport: Transport = Transport.STREAMS) -> int:
    """Run a node process to its end and return its exit code.

    `serve` makes the node, spins it until the stop request and tidies up. A VlaError becomes one line and exit
    code 2.
    """
    _name_process(name)
    faulthandler.enable()  # a crash in someone's C says in the log where it was
    stop = StopRequest()
    choose_transport(transport)
    # rclpy's own handlers would shut the context down at once, and a node could not even stop its arm any more.
    rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    try:
        return serve(stop) or 0
    except VlaError as error:
        print(error, file=sys.stderr, flush=True)
        return 2
    finally:
        stop.ignore_further()
        with contextlib.suppress(Exception):  # what fails now is of no interest to anyone
            rclpy.try_shutdown()


def serve_until_stopped(make: Callable[[], ManagedNode]) -> Callable[[StopRequest], None]:
    """Return a `serve` for a managed node that only reacts."""

    def serve(stop: StopRequest) -> None:
        node = make()
        try:
            spinner = Spinner(node, stop)
            node.start()
            spinner.until()
        finally:
            node.close()

    return serve


def spin_until_stopped(make: Callable[[], Node]) -> Callable[[StopRequest], None]:
    """Return a `serve` for a node that is no managed one and only reacts."""
    return lambda stop: Spinner(make(), stop).until()


def steady_timer(node: Node, period: float, callback: Callable[[], None]) -> None:
    """Call back every `period` [s] of the wall clock: a watch must not stop with the simulation it watches."""
    node.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))


def _name_process(name: str) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_NAME, f"vla {name}".encode()[:15], 0, 0, 0)
