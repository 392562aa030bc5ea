# SPDX-License-Identifier: Apache-2.0
"""The full GraspVLA as a policy: one chunk of delta end-effector actions an observation.

Tested with tiny random configurations and no more than that: no weights of this size were trained or run here. It never
says that an instruction names nothing in view; the model has no token for it.

Shape legend: V views, H actions, D = 7 numbers an action, M = 2 states, N box tokens, P grasp tokens.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from torch import Tensor

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ConfigError, unknown_name
from vla_ros.policies.actions.single_arm import SingleArmObservation, SingleArmState
from vla_ros.policies.capabilities.flow_policy import Pullback, integrate_flow
from vla_ros.policies.capabilities.reasoning import Reasoning
from vla_ros.policies.graspvla.full.checkpoint import Checkpoint
from vla_ros.policies.graspvla.full.decoding import Chain
from vla_ros.policies.graspvla.full.forms import reading_of
from vla_ros.policies.graspvla.stage_clock import StageClock
from vla_ros.policies.kv_cache.prefix import Prefix
from vla_ros.policies.observation import Observation


class GraspVlaFullPolicy:
    """Views, words and two states in; a chunk out. Also a differentiable flow policy, for real-time chunking.

    `features` are of the last evaluation of its field, the mean over the expert's tokens (FeatureProvider).
    """

    def __init__(self, checkpoint: Checkpoint, device: str = "cpu", seed: int = 0) -> None:
        self._network = checkpoint.network.to(device).eval().requires_grad_(False)
        self._words, self._device, self._seed = checkpoint.words, torch.device(device), seed
        self.config = checkpoint.network.config
        self.codec = self.config.codec()
        self._reading = reading_of(self._network)
        self.reset()

    def reset(self) -> None:
        """Begin the noise anew: an episode depends on the seed and its observations alone."""
        self._random = np.random.default_rng(self._seed)
        self._sequence = 0
        self.reasoning: Reasoning | None = None
        self.features: np.ndarray | None = None  # (X,)

    def seed(self, seed: int) -> None:
        """Draw other noise from the next `reset` on."""
        self._seed = seed

    def infer(self, observation: Observation) -> ActionChunk:
        """Reason once, then carry noise to actions over the cached keys and values."""
        clock = StageClock(self._device)
        seen = self.codec.view(observation)
        chain = self._reason(seen, clock)
        noise = self._random.standard_normal(self.action_shape)
        with clock.stage("flow"):
            actions = integrate_flow(partial(self.velocity, chain.prefix), noise, self.config.flow_steps)
        self.reasoning = self._explain(seen, chain, clock)
        self._sequence += 1
        spent = sum(clock.seconds.values())
        return self._chunk(observation, actions, self._sequence, spent)

    # -- the flow, in NumPy terms (vla_ros/policies/capabilities/flow_policy.py) ---------------------------------------
    @property
    def action_shape(self) -> tuple[int, int]:
        """Return (H, D)."""
        return self.codec.horizon, self.codec.size

    @property
    def period(self) -> float:
        """Return the time [s] between actions."""
        return self.codec.period

    def prepare(self, observation: Observation) -> Prefix:
        """Return keys and values of everything before the actions."""
        clock = StageClock(self._device)
        seen = self.codec.view(observation)
        chain = self._reason(seen, clock)
        self.reasoning = self._explain(seen, chain, clock)
        return chain.prefix

    def velocity(self, condition: Prefix, x: np.ndarray, tau: float) -> np.ndarray:
        """Return v(x, τ) (H, D)."""
        with torch.no_grad():
            return self._forward(condition, self._tensor(x), tau).double().cpu().numpy()

    def vjp(self, condition: Prefix, x: np.ndarray, tau: float) -> tuple[np.ndarray, Pullback]:
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
        """Compose normalised delta actions (H, D) onto the observation's anchor."""
        return self._chunk(observation, actions)

    def encode(self, observation: Observation, chunk: ActionChunk) -> np.ndarray:
        """Return the normalised delta actions (K, D) that lead from the observation's anchor through the chunk."""
        return self._reading.actions(chunk, observation)

    # -- inputs and outputs -----------------------------------------------------------------------------------------
    def _reason(self, observation: SingleArmObservation, clock: StageClock) -> Chain:
        for camera in self.config.cameras:
            if camera not in observation.cameras:
                raise ConfigError(unknown_name("camera", camera, observation.cameras))
        # Not inference_mode: guidance differentiates the expert, which reads what is made here.
        with torch.inference_mode(False), torch.no_grad():
            squares = [self._reading.picture(observation.cameras[name].color) for name in self.config.cameras]
            words, mask = self._words([observation.instruction])
            images, words, mask, states = (
                each.to(self._device)
                for each in (torch.stack(squares)[None], words, mask, self._state_tensor(observation))
            )
            return self._reading.reason(images, words, mask, states, clock)

    def _state_tensor(self, observation: SingleArmObservation) -> Tensor:
        then = observation.stamp - self.config.history_s

        def distance(state: SingleArmState) -> float:
            return abs(state.stamp - then)

        # An episode's first moments have no past: then the present stands for it.
        earlier = min((*observation.history, observation.state), key=distance)
        rows = self._reading.states((earlier, observation.state), observation)
        return torch.as_tensor(rows, dtype=torch.float64)[None]  # (1, M, 7)

    def _explain(self, observation: SingleArmObservation, chain: Chain, clock: StageClock) -> Reasoning:
        return Reasoning(
            boxes=self._reading.boxes(chain, observation),
            candidates={},
            T_base_grasp=self._reading.T_base_grasp(chain),
            opening=observation.state.gripper_width,  # the tokens are a pose and no more
            stages_s=dict(clock.seconds),
        )

    def _tensor(self, values: np.ndarray) -> Tensor:
        return torch.as_tensor(values, dtype=torch.float32, device=self._device)

    def _forward(self, condition: Prefix, x: Tensor, tau: float) -> Tensor:
        expert = self._network.expert
        hidden = expert.hidden(x[None], torch.full((1,), tau, device=self._device), condition)
        self.features = hidden.detach()[0].float().mean(dim=0).cpu().numpy()
        return expert.velocities(hidden)[0]

    def _chunk(
        self, observation: Observation, actions: np.ndarray, sequence: int = 0, spent: float = 0.0
    ) -> ActionChunk:
        targets = self._reading.targets(actions, observation)
        return self.codec.chunk_of_targets(observation, targets, sequence=sequence, inference_s=spent)
