# SPDX-License-Identifier: Apache-2.0
"""Spin an executor until something holds, and leave ROS so that nothing stays behind."""

from __future__ import annotations

import time
from collections.abc import Callable

import rclpy
from rclpy.executors import Executor
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.utilities import get_default_context


def spin_until(
    executor: Executor | EventsExecutor, done: Callable[[], bool], timeout: float, wake: float = 0.02
) -> bool:
    """Spin until `done` holds, looking at it at least every `wake` [s]; False when it does not within `timeout` [s]."""
    end = time.monotonic() + timeout
    while not done():
        if time.monotonic() > end:
            return False
        executor.spin_once(timeout_sec=wake)
    return True


def leave(executor: EventsExecutor, *nodes: Node) -> None:
    """Destroy the nodes and end their context: an executor that is not shut down keeps them, and all they latched."""
    executor.shutdown()
    for node in nodes:
        node.destroy_node()
    context = nodes[0].context
    # Only without a name does rclpy make the default context usable again.
    rclpy.try_shutdown(context=None if context is get_default_context() else context)
