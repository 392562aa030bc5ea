# SPDX-License-Identifier: Apache-2.0
"""A policy that samples its chunk by integrating a velocity field: an optional capability, in NumPy terms.

Flow matching (Lipman et al. 2023) as in GraspVLA: a^τ = (1 − τ) ε + τ a with noise ε at τ = 0 and the actions at
τ = 1, so the field is u = a − ε, and Euler steps of 1/n lead from noise to actions.

Shape legend: H steps, D numbers an action.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.base import Policy
from vla_ros.policies.observation import Observation

Numbers = TypeVar("Numbers", bound=Any)  # an array or a tensor
Pullback = Callable[[np.ndarray], np.ndarray]


@runtime_checkable
class FlowPolicy(Policy, Protocol):
    """A policy whose chunk is drawn from a velocity field over normalised actions."""

    @property
    def action_shape(self) -> tuple[int, int]:
        """Return (H, D) of what the field moves."""
        ...

    @property
    def period(self) -> float:
        """Return the time [s] between actions."""
        ...

    def prepare(self, observation: Observation) -> Any:
        """Encode the observation once; what comes out conditions every evaluation of the field."""
        ...

    def velocity(self, condition: Any, x: np.ndarray, tau: float) -> np.ndarray:
        """Return v(x, τ) (H, D)."""
        ...

    def decode(self, observation: Observation, actions: np.ndarray) -> ActionChunk:
        """Turn normalised actions (H, D) into an absolute chunk; row i is the action that leads to its point i."""
        ...

    def encode(self, observation: Observation, chunk: ActionChunk) -> np.ndarray:
        """Return the normalised actions (K, D) that lead through the K points of a chunk stamped like `observation`.

        The inverse of `decode`, for as many rows as the chunk has points.
        """
        ...


@runtime_checkable
class DifferentiableFlowPolicy(FlowPolicy, Protocol):
    """A flow policy that can also differentiate its field."""

    def vjp(self, condition: Any, x: np.ndarray, tau: float) -> tuple[np.ndarray, Pullback]:
        """Return v(x, τ) (H, D) and the function that maps a cotangent c (H, D) to cᵀ ∂v/∂x (H, D)."""
        ...


@runtime_checkable
class PrefixFlowPolicy(FlowPolicy, Protocol):
    """A flow policy whose field was trained to go on from actions that are decided already."""

    @property
    def prefix_max(self) -> int:
        """Return how many first actions may be decided; 0: this one was not trained for it."""
        ...

    def velocity_after(self, condition: Any, x: np.ndarray, tau: float, known: int) -> np.ndarray:
        """Return v(x, τ) (H, D) where the first `known` rows of x are the decided actions, clean."""
        ...


def integrate_flow(velocity: Callable[[Numbers, float], Numbers], noise: Numbers, steps: int) -> Numbers:
    """Carry noise (..., H, D) along v(x, τ) from τ = 0 to 1 in Euler steps of 1/`steps`."""
    x = noise
    for k in range(steps):
        x = x + velocity(x, k / steps) / steps
    return x
