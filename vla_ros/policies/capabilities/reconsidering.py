# SPDX-License-Identifier: Apache-2.0
"""Think again: what a policy was about to do looks like a failure. An optional capability."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Reconsidering(Protocol):
    """A policy that can choose otherwise than it did in the attempt before."""

    def reconsider(self) -> None:
        """Begin another attempt at the same instruction, with what this one chose made less likely."""
        ...
