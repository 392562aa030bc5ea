# SPDX-License-Identifier: Apache-2.0
"""A policy that predicts each action several times and knows how far these are apart: a capability."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from vla_ros.policies.base import Policy


@runtime_checkable
class AgreeingPolicy(Policy, Protocol):
    """A policy whose chunks are fused of several horizons."""

    @property
    def agrees(self) -> bool:
        """Say whether this one was trained to."""
        ...

    @property
    def disagreement(self) -> np.ndarray | None:
        """Return how far apart the horizons were at each step of the last chunk (H,), infinite where there is one."""
        ...
