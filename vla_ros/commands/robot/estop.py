# SPDX-License-Identifier: Apache-2.0
"""The e-stop latch of several graphs, published to all of them at once: none waits for one that does not answer."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from contextlib import ExitStack

from controllers.errors import VlaError
from vla_ros.commands.robot.operator_node import operator_node
from vla_ros.runtime.running import RunningGraph

MATCH_TIMEOUT_S = 5.0
# A release that control hears and the guard does not is taken back by the guard, and on a busy machine the one finds
# this process a while after the other: it is said for a second and a half.
RELEASES = 30

Outcome = float | Exception  # seconds that it took, or why it was not heard


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

    Raises NobodyListens when no subscriber is found within MATCH_TIMEOUT_S.
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
        # The arm must not go on because a third party was slow to match: say it as soon as one listens, then again.
        publisher.publish(Bool(data=stopped))
        deadline = time.monotonic() + MATCH_TIMEOUT_S
        while publisher.get_subscription_count() == 0:
            if time.monotonic() > deadline:
                raise NobodyListens(
                    f"no node listens to estop on ROS domain {graph.domain_id} "
                    f"({graph.discovery.lower()}): is a job running?"
                )
            time.sleep(0.01)
        for _ in range(3 if stopped else RELEASES):
            publisher.publish(Bool(data=stopped))
            time.sleep(0.05)
        publisher.wait_for_all_acked(Duration(seconds=1))
        return time.monotonic() - started
