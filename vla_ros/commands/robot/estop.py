# SPDX-License-Identifier: Apache-2.0
"""The e-stop latch of several graphs, published to all of them at once: none waits for one that does not answer."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from typing import TYPE_CHECKING

from controllers.errors import VlaError
from vla_ros.commands.robot.operator_node import operator_node
from vla_ros.runtime.running import RunningGraph

if TYPE_CHECKING:
    from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
    from rclpy.node import Node
    from rclpy.publisher import Publisher

MATCH_TIMEOUT_S = 5.0
# A release that control hears and the guard does not is taken back by the guard, and the one finds this process up to a
# second after the other: it is said once both are there, until both have heard it, for a second and a half at most.
BOTH_WITHIN_S = 4.0  # where one of them is missing, the other is told all the same
RELEASES = 30
SAID_EVERY_S = 0.05

Outcome = float | Exception  # seconds that it took, or why it was not heard


class StoppedAgain(VlaError):
    """Somebody stopped the robot while it was being released: the stop stays."""


class NobodyListens(VlaError):
    """No control node took the message."""


def publish_everywhere(graphs: Sequence[RunningGraph], stopped: bool) -> Iterator[tuple[RunningGraph, Outcome]]:
    """Set or clear the latch of every graph, side by side; yield each with its outcome as it comes in.

    Each has a process of its own: Fast DDS reads its profile, and ROS its discovery range, once a process.
    """
    import rclpy  # noqa: F401  here, so that what is forked need not load it again

    with ExitStack() as stack:
        pending: dict[Future[float], RunningGraph] = {}
        for graph in reversed(graphs):  # the newest first
            fork = multiprocessing.get_context("fork")  # of a process that has neither threads nor a node
            process = stack.enter_context(ProcessPoolExecutor(1, mp_context=fork))
            pending[process.submit(publish_estop, graph, stopped)] = graph
        for done in as_completed(pending):
            error = done.exception()
            yield pending[done], error if isinstance(error, Exception) else done.result()


def publish_estop(graph: RunningGraph, stopped: bool) -> float:
    """Set or clear the e-stop latch of one graph and return how long that took [s].

    Raises NobodyListens when no subscriber is found within MATCH_TIMEOUT_S, and StoppedAgain.
    """
    started = time.monotonic()
    with operator_node(graph) as node:
        from rclpy.duration import Duration
        from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
        from std_msgs.msg import Bool

        latched = QoSProfile(
            depth=1, reliability=ReliabilityPolicy.RELIABLE, durability=DurabilityPolicy.TRANSIENT_LOCAL
        )
        publisher = node.create_publisher(Bool, "estop", latched)
        if stopped:  # the arm must not go on because a third party was slow to match
            publisher.publish(Bool(data=True))
        deadline = time.monotonic() + MATCH_TIMEOUT_S
        while publisher.get_subscription_count() == 0:
            if time.monotonic() > deadline:
                raise NobodyListens(
                    f"no node listens to estop on ROS domain {graph.domain_id} "
                    f"({graph.discovery.lower()}): is a job running?"
                )
            time.sleep(0.01)
        if stopped:
            for _ in range(3):
                publisher.publish(Bool(data=True))
                time.sleep(SAID_EVERY_S)
        else:
            _release(node, publisher)
        publisher.wait_for_all_acked(Duration(seconds=1))
        return time.monotonic() - started


def _release(node: Node, publisher: Publisher) -> None:
    """Say that the stop is released until control and the guard have heard it. Raises StoppedAgain."""
    from rclpy.executors import SingleThreadedExecutor
    from std_msgs.msg import Bool

    listener = ReleaseListener(node)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)

    def spin(seconds: float, done: Callable[[], bool] = lambda: False) -> None:
        end = time.monotonic() + seconds
        while not done() and (left := end - time.monotonic()) > 0.0:
            executor.spin_once(timeout_sec=left)

    def both_there() -> bool:
        return listener.hears_both and publisher.get_subscription_count() >= node.count_subscribers("estop")

    spin(BOTH_WITHIN_S, both_there)
    for said in range(RELEASES):
        if listener.stopped_again or (listener.released and said >= 3):  # drivers of real arms hear it, too
            break
        publisher.publish(Bool(data=False))
        spin(SAID_EVERY_S)
    if listener.stopped_again:
        raise StoppedAgain("it was stopped again while it was released, and stays so: ./vla recover once more")
    executor.remove_node(node)


class ReleaseListener:
    """What control and the guard say of the e-stop, by their own reports."""

    def __init__(self, node: Node) -> None:
        """Listen to both; `node` is spun by whoever asks."""
        from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

        from vla_ros import qos

        self._control: bool | None = None  # stopped, as it says
        self._guard: bool | None = None
        self.stopped_again = False
        node.create_subscription(DiagnosticStatus, "control/progress", self._on_progress, qos.HEARD)
        node.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)

    @property
    def hears_both(self) -> bool:
        """Say whether both have spoken."""
        return self._control is not None and self._guard is not None

    @property
    def released(self) -> bool:
        """Say whether both have heard of the release."""
        return self._control is False and self._guard is False

    def _on_progress(self, message: DiagnosticStatus) -> None:
        stopped = _stopped(message)
        self.stopped_again |= stopped and self._control is False
        self._control = stopped

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "guard":
                self._guard = _stopped(status)


def _stopped(status: DiagnosticStatus) -> bool:
    from vla_ros import messages

    return messages.diagnostic_values(status).get("estop") == "true"
