# SPDX-License-Identifier: Apache-2.0
"""A policy that can correct its own chunk by a newer observation, quicker than it draws another: a capability."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation


@runtime_checkable
class CorrectingPolicy(Policy, Protocol):
    """A policy with a correction beside its chunks."""

    @property
    def corrects(self) -> bool:
        """Say whether this one was trained to."""
        ...

    def correct(self, observation: Observation, remainder: ActionChunk) -> ActionChunk:
        """Return what is left of a chunk, at the same times, corrected by what is seen now.

        `remainder` is stamped like `observation`. May be called while `infer` runs in another thread.
        """
        ...
