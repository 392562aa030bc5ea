# SPDX-License-Identifier: Apache-2.0
"""A policy of the action transformer: read what is seen and said once, then carry noise to a chunk and its task status.

Shape legend: H actions, A numbers of an action, D = A + 1 with the task status, S numbers of the state.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus
from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.action_transformer.flow_matching import STEPS
from vla_ros.policies.action_transformer.network import ActionTransformer
from vla_ros.policies.action_transformer.state_numbers import state_numbers
from vla_ros.policies.action_transformer.task_status import chunk_status
from vla_ros.policies.actions.codec import state_values
from vla_ros.policies.capabilities.flow_policy import Pullback, integrate_flow
from vla_ros.policies.kv_cache.prefix import Prefix
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment

NOT_THERE = "what the instruction names is not in view"


@dataclass(frozen=True, eq=False)
class Reading:
    """What was seen and read once for a chunk."""

    prefix: Prefix  # keys and values of pictures and words, those that the action transformer has a layer for
    beside: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))  # (E,) numbers beside the state


class PrefixReader(Protocol):
    """What sees and reads: the vision-language model of one size."""

    def read(self, observation: Observation) -> Reading:
        """Look at the pictures and the words."""
        ...

    def reset(self) -> None:
        """Forget the episode."""
        ...


@dataclass(frozen=True, eq=False)
class Condition:
    """What every evaluation of the field is conditioned on."""

    prefix: Prefix
    state: Tensor  # (1, S + E) normalised, and what the reader says beside it


class ActionTransformerPolicy:
    """Views, words and the robot's state in; a chunk of both hands and the base out, and whether the task goes on.

    A differentiable flow policy, for real-time chunking; `features` are of the last evaluation of its field, the mean
    over the actions' tokens (FeatureProvider). An instruction that names nothing in view yields a chunk of
    task status INVALID, one that is done TERMINATED: control holds then, and `explanation` says why.
    """

    def __init__(
        self,
        reader: PrefixReader,
        transformer: ActionTransformer,
        config: ActingConfig,
        robot: Embodiment,
        device: str = "cpu",
        seed: int = 0,
    ) -> None:
        self._reader, self._device, self._seed = reader, torch.device(device), seed
        # Gradients are wanted of actions alone.
        self._transformer = transformer.to(self._device).eval().requires_grad_(False)
        self.config, self.codec = config, config.codec()
        self._states, self._actions = config.state_statistics.normaliser(), config.action_statistics.normaliser()
        # Widths stand behind all that is relative, then suction and the base (ActionEncoding).
        first = self.codec.size - len(config.action.absolute_channels)
        self._widths = slice(first, first + len(config.action.grippers))
        self._width_max = np.array([robot.gripper(name).width_max for name in config.action.grippers])
        self.reset()

    def reset(self) -> None:
        """Begin the noise anew: an episode depends on the seed and its observations alone."""
        self._random = np.random.default_rng(self._seed)
        self._sequence = 0
        self._status = TaskStatus.ONGOING
        self.features: np.ndarray | None = None  # (X,)
        self._reader.reset()

    def seed(self, seed: int) -> None:
        """Draw other noise from the next `reset` on."""
        self._seed = seed

    @property
    def explanation(self) -> str:
        """Return why the last chunk was invalid, empty where it was not."""
        return NOT_THERE if self._status is TaskStatus.INVALID else ""

    def infer(self, observation: Observation) -> ActionChunk:
        """Read once, then sample a chunk."""
        started = time.perf_counter()
        condition = self.prepare(observation)
        noise = self._random.standard_normal(self.action_shape)
        actions = integrate_flow(lambda x, tau: self.velocity(condition, x, tau), noise, STEPS)
        self._sequence += 1
        return self._chunk(observation, actions, self._sequence, time.perf_counter() - started)

    # -- the flow, in NumPy terms (vla_ros/policies/capabilities/flow_policy.py) ---------------------------------------
    @property
    def action_shape(self) -> tuple[int, int]:
        """Return (H, D)."""
        return self.codec.horizon, self.config.action_size

    @property
    def period(self) -> float:
        """Return the time [s] between actions."""
        return self.codec.period

    def prepare(self, observation: Observation) -> Condition:
        """Return what pictures, words and state condition."""
        values = state_values(observation.state, self.config.state)[None]
        state = self._states.normalise(state_numbers(values, self.config.state))
        # Not inference_mode: guidance differentiates the transformer, which reads what is made here.
        with torch.inference_mode(False), torch.no_grad():
            reading = self._reader.read(observation)
            return Condition(reading.prefix, self._tensor(np.concatenate([state, reading.beside[None]], axis=1)))

    def velocity(self, condition: Condition, x: np.ndarray, tau: float) -> np.ndarray:
        """Return v(x, τ) (H, D)."""
        with torch.no_grad():
            return self._forward(condition, self._tensor(x), tau).double().cpu().numpy()

    def vjp(self, condition: Condition, x: np.ndarray, tau: float) -> tuple[np.ndarray, Pullback]:
        """Return v(x, τ) (H, D) and the map from a cotangent c (H, D) to cᵀ ∂v/∂x (H, D)."""
        # Never under inference_mode: its tensors take no part in a graph, whatever enable_grad says.
        with torch.inference_mode(False), torch.enable_grad():
            at = self._tensor(x).clone().requires_grad_()
            v = self._forward(condition, at, tau)

        def pullback(cotangent: np.ndarray) -> np.ndarray:
            (gradient,) = torch.autograd.grad(v, at, self._tensor(cotangent), retain_graph=True)
            return gradient.double().cpu().numpy()

        return v.detach().double().cpu().numpy(), pullback

    def decode(self, observation: Observation, actions: np.ndarray) -> ActionChunk:
        """Return normalised actions (H, D), the task status last, as a chunk."""
        return self._chunk(observation, actions)

    def encode(self, observation: Observation, chunk: ActionChunk) -> np.ndarray:
        """Return the normalised actions (K, D) that lead through the chunk, the task status last."""
        actions = self._actions.normalise(self.codec.rows(chunk, self.codec.anchor(observation)))
        if not self.config.transformer.status:
            return actions
        return np.column_stack([actions, chunk.values[:, chunk.layout.columns[STATUS_CHANNEL]]])

    # -- inputs and outputs --------------------------------------------------------------------------------------------
    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self._device)

    def _forward(self, condition: Condition, x: Tensor, tau: float) -> Tensor:
        at = torch.full((1, 1), tau, device=self._device)
        hidden = self._transformer.hidden(x[None, None], at, condition.state, condition.prefix)
        self.features = hidden.detach()[0, 0].float().mean(dim=0).cpu().numpy()
        return self._transformer.velocities(hidden)[0, 0]

    def _chunk(
        self, observation: Observation, actions: np.ndarray, sequence: int = 0, spent: float = 0.0
    ) -> ActionChunk:
        size = self.codec.size
        self._status = chunk_status(actions[:, size]) if self.config.transformer.status else TaskStatus.ONGOING
        rows = self._actions.restore(actions[:, :size])
        rows[:, self._widths] = np.clip(rows[:, self._widths], 0.0, self._width_max)
        return self.codec.chunk(observation, rows, self._status, sequence, spent)
