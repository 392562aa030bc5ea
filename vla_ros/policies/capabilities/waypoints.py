# SPDX-License-Identifier: Apache-2.0
"""A policy that knows when the way to somewhere does not matter: an optional capability (HYDRA)."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation


@runtime_checkable
class WaypointPolicy(Policy, Protocol):
    """A policy with waypoints beside its chunks."""

    @property
    def knows_waypoints(self) -> bool:
        """Say whether this one was trained to."""
        ...

    def waypoint(self, observation: Observation) -> ActionChunk | None:
        """Return where to go, as a chunk of one point; None where every action matters: then ask for a chunk."""
        ...
