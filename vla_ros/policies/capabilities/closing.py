# SPDX-License-Identifier: Apache-2.0
"""A policy that holds something open, such as a connection: an optional capability."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Closing(Protocol):
    """A policy that wants to know that nobody will ask it any more."""

    def close(self) -> None:
        """Let go of what is open."""
        ...
