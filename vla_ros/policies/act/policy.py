# SPDX-License-Identifier: Apache-2.0
"""ACT as a policy: one forward pass a chunk, at latent 0. The same observation gives the same chunk."""

from __future__ import annotations

import time

import numpy as np
import torch

from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.act.config import ActConfig
from vla_ros.policies.act.network import ActNetwork
from vla_ros.policies.actions.codec import state_values
from vla_ros.policies.backbone.proposals import small_pictures
from vla_ros.policies.backbone.said_words import SaidWords
from vla_ros.policies.observation import Observation
from vla_ros.robots.embodiment import Embodiment


class ActPolicy:
    """Act on what is seen, said and felt at once. It has no memory, and never says that nothing fits the words."""

    def __init__(self, network: ActNetwork, config: ActConfig, robot: Embodiment) -> None:
        """Freeze the network; the robot says how far its grippers open."""
        self._network = network.eval().requires_grad_(False)
        self._cameras, self._state = config.cameras, config.state
        self._states, self._actions = config.state_statistics.normaliser(), config.action_statistics.normaliser()
        self.codec = config.codec()
        # Widths stand behind all that is relative, then suction and the base (ActionEncoding).
        first = self.codec.size - len(config.action.absolute_channels)
        self._widths = slice(first, first + len(config.action.grippers))
        self._width_max = np.array([robot.gripper(name).width_max for name in config.action.grippers])
        self.reset()

    def reset(self) -> None:
        """Forget the episode: count from the start."""
        self._sequence = 0
        self._said = SaidWords()
        self.features: np.ndarray | None = None  # (D,) of the last chunk (FeatureProvider)

    @torch.inference_mode()
    def infer(self, observation: Observation) -> ActionChunk:
        """Return the chunk."""
        started = time.perf_counter()
        pictures = small_pictures([observation.cameras[name].color for name in self._cameras])
        state = self._states.normalise(state_values(observation.state, self._state))
        felt = torch.from_numpy(state)[None].float()
        hidden = self._network.hidden(
            torch.from_numpy(pictures)[None], self._said.tokens(observation.instruction), felt
        )
        self.features = hidden[0].mean(dim=0).numpy()
        made = self._network.actions(hidden)
        actions = self._actions.restore(made[0].double().numpy())
        actions[:, self._widths] = np.clip(actions[:, self._widths], 0.0, self._width_max)
        self._sequence += 1
        spent = time.perf_counter() - started
        return self.codec.chunk(observation, actions, sequence=self._sequence, inference_s=spent)
