# SPDX-License-Identifier: Apache-2.0
"""What the small GEAR-VLA sees of an observation, the latent actions that it says, and their keys and values."""

from __future__ import annotations

import numpy as np
import torch

from vla_ros.policies.action_transformer.config import ActingConfig
from vla_ros.policies.action_transformer.policy import Reading
from vla_ros.policies.action_transformer.state_numbers import state_numbers
from vla_ros.policies.actions.codec import state_values
from vla_ros.policies.backbone.proposals import small_pictures
from vla_ros.policies.backbone.said_words import SaidWords
from vla_ros.policies.gear_vla.network import GearVlaNetwork, look
from vla_ros.policies.observation import Observation


class GearVlaReader:
    """Look, say latent actions, and hand over what was thought while saying them: once a chunk."""

    def __init__(self, network: GearVlaNetwork, config: ActingConfig) -> None:
        self._network, self._config = network.eval().requires_grad_(False), config
        self._states = config.state_statistics.normaliser()
        self.reset()

    def reset(self) -> None:
        """Forget the words."""
        self._said = SaidWords()
        self.latent_actions: np.ndarray | None = None  # (L,) of the last chunk

    def read(self, observation: Observation) -> Reading:
        """Return what the action transformer reads."""
        config, network = self._config, self._network
        pictures = small_pictures([observation.cameras[name].color for name in config.cameras])
        values = state_values(observation.state, config.state)[None]
        state = torch.from_numpy(self._states.normalise(state_numbers(values, config.state))).float()
        cells = look(network.eye, network.geometry, torch.from_numpy(pictures)[None])
        memory = network.remember(cells, self._said.tokens(observation.instruction), state)
        said, pairs = network.decoder.say(memory)
        self.latent_actions = said[0].numpy()
        return Reading(network.prefix(memory, pairs))
