# SPDX-License-Identifier: Apache-2.0
"""A flow-matching policy over the actions of a contract; differentiable, so that real-time chunking can guide it.

Shape legend: H steps, D numbers an action, C numbers of condition.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np
import torch

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError
from vla_ros.policies.actions.codec import ActionCodec
from vla_ros.policies.actions.normalisation import Normaliser
from vla_ros.policies.capabilities.flow_policy import Pullback, integrate_flow
from vla_ros.policies.flow.network import VelocityNetwork
from vla_ros.policies.flow.waypoints import WaypointNetwork
from vla_ros.policies.observation import Observation

Seen = Callable[[Observation], np.ndarray]


class MlpFlowPolicy:
    """Features of the observation condition a velocity field over normalised actions.

    Of the last evaluation of its field are `features`, the last hidden layer (FeatureProvider), and `disagreement`, of
    its horizons (AgreeingPolicy).
    Raises ConfigError when network, statistics and codec do not fit each other.
    """

    def __init__(
        self,
        network: VelocityNetwork,
        normaliser: Normaliser,
        codec: ActionCodec,
        seen: Seen,
        steps: int = 5,
        seed: int = 0,
    ) -> None:
        """Sample in `steps` Euler steps (Δτ = 0.2); `seen` returns what the network is conditioned on (C,)."""
        shape = network.horizon, network.action_size
        if shape != (codec.horizon, codec.size) or normaliser.mean.shape != (codec.size,):
            raise ConfigError(
                f"flow policy: the network makes {shape}, the action contract wants "
                f"{(codec.horizon, codec.size)}, the statistics are of {len(normaliser.mean)} numbers"
            )
        if steps < 1:
            raise ConfigError(f"flow policy: steps must be at least 1, got {steps}")
        self.codec = codec
        # Gradients are wanted of actions alone.
        self._network = network.eval().requires_grad_(False)
        self._normaliser, self._seen, self._steps, self._seed = normaliser, seen, steps, seed
        self.reset()

    def reset(self) -> None:
        """Begin the noise anew: an episode depends on the seed and its observations alone."""
        self._random = np.random.default_rng(self._seed)
        self._sequence = 0
        self.features: np.ndarray | None = None  # (W,)
        self.disagreement: np.ndarray | None = None  # (H,) of normalised actions; None: it has one horizon, or none yet

    def seed(self, seed: int) -> None:
        """Draw other noise from the next `reset` on."""
        self._seed = seed

    def infer(self, observation: Observation) -> ActionChunk:
        """Sample a chunk."""
        started = time.perf_counter()
        condition = self.prepare(observation)
        noise = self._random.standard_normal(self.action_shape)
        actions = integrate_flow(lambda x, tau: self.velocity(condition, x, tau), noise, self._steps)
        self._sequence += 1
        spent = time.perf_counter() - started
        return self._chunk(observation, actions, self._sequence, spent)

    # -- the flow, in NumPy terms (vla_ros/policies/capabilities/flow_policy.py) ---------------------------------------
    @property
    def action_shape(self) -> tuple[int, int]:
        """Return (H, D)."""
        return self._network.horizon, self._network.action_size

    @property
    def period(self) -> float:
        """Return the time [s] between actions."""
        return self.codec.period

    def prepare(self, observation: Observation) -> torch.Tensor:
        """Return the condition (1, C)."""
        seen = torch.as_tensor(self._seen(observation), dtype=torch.float32)
        if seen.shape != (self._network.condition_size,):
            raise ConfigError(
                f"flow policy: what is seen is {tuple(seen.shape)}, the network takes ({self._network.condition_size},)"
            )
        return seen[None]

    def velocity(self, condition: torch.Tensor, x: np.ndarray, tau: float) -> np.ndarray:
        """Return v(x, τ) (H, D)."""
        with torch.no_grad():
            return self._forward(condition, torch.as_tensor(x, dtype=torch.float32), tau).double().numpy()

    # -- what it may have been trained for as well ---------------------------------------------------------------------
    @property
    def prefix_max(self) -> int:
        """Return how many first actions it can be given; 0: none."""
        return self._network.prefix_max

    def velocity_after(self, condition: torch.Tensor, x: np.ndarray, tau: float, known: int) -> np.ndarray:
        """Return v(x, τ) (H, D), the first `known` rows of x being decided actions."""
        times = torch.full((1, self._network.horizon), tau)
        times[:, :known] = 1.0
        with torch.no_grad():
            return self._evaluated(condition, torch.as_tensor(x, dtype=torch.float32), times).double().numpy()

    @property
    def agrees(self) -> bool:
        """Say whether it mixes horizons."""
        return self._network.mixes

    @property
    def corrects(self) -> bool:
        """Say whether it was trained to correct its chunks."""
        return self._network.correction is not None

    def correct(self, observation: Observation, remainder: ActionChunk) -> ActionChunk:
        """Return what is left of a chunk, stamped like `observation`, corrected by that observation."""
        if self._network.correction is None:
            raise ConfigError("flow policy: it was not trained to correct its chunks: see docs/flow.md")
        rows = self.encode(observation, remainder)
        left = len(rows)
        actions = torch.zeros(1, *self.action_shape)
        actions[0, :left] = torch.as_tensor(rows, dtype=torch.float32)
        with torch.no_grad():
            added = self._network.correction(actions, torch.tensor([left]), self.prepare(observation))[0, :left]
        chunk = self._chunk(observation, rows + added.double().numpy())
        return dataclasses.replace(chunk, times=remainder.times)

    @property
    def knows_waypoints(self) -> bool:
        """Say whether it was trained with waypoints."""
        return self._network.waypoints is not None

    def waypoint(self, observation: Observation) -> ActionChunk | None:
        """Draw where to go, as a chunk of one point; None where every action matters."""
        waypoints = self._network.waypoints
        if not isinstance(waypoints, WaypointNetwork):
            raise ConfigError("flow policy: it was not trained with waypoints: see docs/flow.md")
        noise = torch.as_tensor(
            self._random.standard_normal((1, 1, self._network.action_size + 1)), dtype=torch.float32
        )
        with torch.no_grad():
            action, mode = waypoints.draw(self.prepare(observation), noise)
        return None if mode[0] > 0.0 else self.codec.chunk(observation, action.double().numpy())

    # -- the flow's derivative -----------------------------------------------------------------------------------------
    def vjp(self, condition: torch.Tensor, x: np.ndarray, tau: float) -> tuple[np.ndarray, Pullback]:
        """Return v(x, τ) (H, D) and the map from a cotangent c (H, D) to cᵀ ∂v/∂x (H, D)."""
        # Never under inference_mode: its tensors take no part in a graph, whatever enable_grad says.
        with torch.inference_mode(False), torch.enable_grad():
            at = torch.tensor(x, dtype=torch.float32, requires_grad=True)
            v = self._forward(condition.clone(), at, tau)

        def pullback(cotangent: np.ndarray) -> np.ndarray:
            along = torch.as_tensor(cotangent, dtype=torch.float32)
            (gradient,) = torch.autograd.grad(v, at, along, retain_graph=True)
            return gradient.double().numpy()

        return v.detach().double().numpy(), pullback

    def decode(self, observation: Observation, actions: np.ndarray) -> ActionChunk:
        """Compose normalised delta actions (H, D) onto the observation's anchor."""
        return self._chunk(observation, actions)

    def encode(self, observation: Observation, chunk: ActionChunk) -> np.ndarray:
        """Return the normalised delta actions (K, D) that lead from the observation's anchor through the chunk."""
        return self._normaliser.normalise(self.codec.rows(chunk, self.codec.anchor(observation)))

    def _forward(self, condition: torch.Tensor, x: torch.Tensor, tau: float) -> torch.Tensor:
        return self._evaluated(condition, x, torch.full((1,), tau))

    def _evaluated(self, condition: torch.Tensor, x: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
        hidden = self._network.hidden(x[None], times, condition)
        self.features = hidden.detach()[0, -1].numpy()
        self.disagreement = self._network.disagreement(hidden.detach())[0].numpy() if self._network.mixes else None
        return self._network.velocities(hidden, x[None], times)[0]

    def _chunk(
        self, observation: Observation, actions: np.ndarray, sequence: int = 0, spent: float = 0.0
    ) -> ActionChunk:
        physical = self._normaliser.restore(actions)
        return self.codec.chunk(observation, physical, sequence=sequence, inference_s=spent)
