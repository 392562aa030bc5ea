# SPDX-License-Identifier: Apache-2.0
"""Spin an executor until something holds."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.executors import Executor
from rclpy.experimental import EventsExecutor


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
