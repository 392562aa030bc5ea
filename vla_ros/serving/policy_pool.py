# SPDX-License-Identifier: Apache-2.0
"""Instances of one policy: each connection has its own, and what one has left the next one takes.

A policy remembers its episode (plans, history, chunks that it joins), so that two robots cannot share an instance, and
a lock around one would mix their episodes. The first is loaded at the start, another when a second robot asks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from vla_ros.policies.base import Policy


class PolicyPool:
    """As many instances as were ever needed at once."""

    def __init__(self, load: Callable[[], Policy]) -> None:
        """Load the first. Raises ConfigError as `load` does."""
        self._load = load
        self._lock = threading.Lock()
        self._idle = [load()]

    def take(self) -> Policy:
        """Return an instance that nobody else has, loaded where none is idle: seconds, for a learned policy."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return self._load()

    def give_back(self, policy: Policy) -> None:
        """Take an instance back; whoever has it next resets it."""
        with self._lock:
            self._idle.append(policy)
